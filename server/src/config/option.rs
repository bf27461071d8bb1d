//! What the table says about one option.

/// One option: a flag, its environment variable and its key in the configuration file.
#[derive(Debug)]
pub struct OptionSpec {
    /// The name without dashes in front.
    pub name: &'static str,
    /// What its value looks like.
    pub kind: Kind,
    /// The default as a value of that kind.
    pub default: &'static str,
    /// What it is for, in one or two sentences.
    pub help: &'static str,
    /// What Braid does with it.
    pub treatment: Treatment,
}

/// What an option's value looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `true` or `false`; on the command line the name alone means true.
    Bool,
    /// A whole number.
    Int,
    /// A whole number from 0.
    Uint,
    /// A whole number from 0 that fits 32 bits.
    Uint32,
    /// Bytes: a whole number with or without a binary unit (`64MiB`).
    Size,
    /// A Go duration (`1h30m`); whole nanoseconds in the configuration file.
    Duration,
    /// Any text.
    Text,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// Texts separated by commas; in the configuration file also a list.
    Strings,
    /// URLs separated by commas.
    Urls,
}

/// What Braid does with an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Treatment {
    /// It does what it says.
    Used,
    /// It switches nothing here, for the reason given: any value is taken, with a warning when it
    /// is not the default.
    Harmless(&'static str),
    /// Ignoring it would be unsafe, for the reason given: only its default is taken.
    Refused(&'static str),
    /// The old name of another option, which it sets, with a warning.
    Renamed(&'static str),
}

impl OptionSpec {
    const fn new(
        name: &'static str,
        kind: Kind,
        default: &'static str,
        help: &'static str,
        treatment: Treatment,
    ) -> Self {
        Self { name, kind, default, help, treatment }
    }

    /// The environment variable that sets it.
    #[must_use]
    pub fn variable(&self) -> String {
        let prefix = if super::table::is_own(self.name) { "BRAID" } else { "ETCD" };
        format!("{prefix}_{}", self.name.to_ascii_uppercase().replace('-', "_"))
    }
}

/// An option that works.
pub(super) const fn used(
    name: &'static str,
    kind: Kind,
    default: &'static str,
    help: &'static str,
) -> OptionSpec {
    OptionSpec::new(name, kind, default, help, Treatment::Used)
}

/// An option that switches nothing here; `why` follows "no effect: ".
pub(super) const fn harmless(
    name: &'static str,
    kind: Kind,
    default: &'static str,
    help: &'static str,
    why: &'static str,
) -> OptionSpec {
    OptionSpec::new(name, kind, default, help, Treatment::Harmless(why))
}

/// An option that must not be ignored; `why` follows "cannot be honoured: ".
pub(super) const fn refused(
    name: &'static str,
    kind: Kind,
    default: &'static str,
    help: &'static str,
    why: &'static str,
) -> OptionSpec {
    OptionSpec::new(name, kind, default, help, Treatment::Refused(why))
}

/// An old name.
pub(super) const fn renamed(name: &'static str, kind: Kind, new: &'static str) -> OptionSpec {
    OptionSpec::new(name, kind, "", "", Treatment::Renamed(new))
}
