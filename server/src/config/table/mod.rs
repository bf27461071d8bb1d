//! Every option that Braid knows. Parsing, `--help`, environment variables, the configuration file
//! and `docs/flags.md` all follow this table, so none of them can know an option that another does
//! not.

mod clustering;
mod features;
mod member;
mod observability;
mod own;
mod removed;
mod security;

use super::option::{OptionSpec, Treatment};

/// Options that belong together in the documentation.
#[derive(Debug)]
pub struct Group {
    /// The heading.
    pub title: &'static str,
    /// The options in the order of the documentation.
    pub options: &'static [OptionSpec],
}

/// All groups in the order of the documentation.
pub const GROUPS: &[Group] = &[
    Group { title: "Braid", options: own::OPTIONS },
    Group { title: "Member", options: member::OPTIONS },
    Group { title: "Clustering", options: clustering::OPTIONS },
    Group { title: "Security", options: security::OPTIONS },
    Group { title: "Auth", options: security::AUTH_OPTIONS },
    Group { title: "Monitoring", options: observability::MONITORING_OPTIONS },
    Group { title: "Logging", options: observability::LOGGING_OPTIONS },
    Group { title: "Distributed tracing", options: observability::TRACING_OPTIONS },
    Group { title: "Features", options: features::OPTIONS },
    Group { title: "Unsafe", options: features::UNSAFE_OPTIONS },
    Group { title: "Removed from etcd", options: removed::OPTIONS },
];

/// All options.
pub fn all() -> impl Iterator<Item = &'static OptionSpec> {
    GROUPS.iter().flat_map(|group| group.options)
}

/// The option of this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static OptionSpec> {
    all().find(|option| option.name == name)
}

/// The option that `option` sets: itself, or the new name of an old one.
///
/// # Panics
/// When a new name is missing from the table.
#[must_use]
pub fn target(option: &'static OptionSpec) -> &'static OptionSpec {
    match option.treatment {
        Treatment::Renamed(new) => find(new).expect("the table holds every new name"),
        _ => option,
    }
}

/// Whether the option is Braid's own: its environment variable then begins with `BRAID_`.
#[must_use]
pub fn is_own(name: &str) -> bool {
    own::OPTIONS.iter().any(|option| option.name == name)
}
