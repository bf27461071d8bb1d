//! `--help` and `docs/flags.md`, both written from the table.

use std::fmt::Write;

use super::option::{Kind, OptionSpec, Treatment};
use super::table;

const USAGE: &str = "\
Braid is an etcd v3 server. Without arguments it serves on http://localhost:2379 and keeps its data
in default.braid.

Usage:
  braid [flags]                start the server
  braid --config-file PATH     take everything from a YAML or JSON file with the flags' names as keys
  braid tune                   measure this machine and write a profile: braid tune --help
  braid --version              show the version
  braid --help                 show this text

Every flag --some-flag can be given as the environment variable ETCD_SOME_FLAG instead (Braid's own
flags as BRAID_…). etcd's other flags are known too; docs/flags.md says what becomes of each.
";

/// The text of `--help`: the options that do something.
#[must_use]
pub fn text() -> String {
    let mut text = USAGE.to_owned();
    for group in table::GROUPS {
        let mut used =
            group.options.iter().filter(|option| option.treatment == Treatment::Used).peekable();
        if used.peek().is_some() {
            push(&mut text, format_args!("\n{}:\n", group.title));
        }
        for option in used {
            push(
                &mut text,
                format_args!("  --{} '{}'\n      {}\n", option.name, option.default, option.help),
            );
        }
    }
    text
}

const PAGE_HEAD: &str = "\
# Flags

Written by the test `flags_page_is_in_step` from the table in `server/src/config/table/mod.rs`; with
`BLESS=1` in its environment it writes this file anew.

Braid takes etcd's flags, with one dash or two, as `--flag value` or `--flag=value`; a switch alone
means true. `--some-flag` can also be given as the environment variable `ETCD_SOME_FLAG` (Braid's own
flags as `BRAID_…`): both at once is an error, and an empty variable counts as not set. With
`--config-file` (or `ETCD_CONFIG_FILE`) everything comes from that YAML or JSON file, whose keys are
the flags' names, and other flags and variables are ignored; durations are whole nanoseconds there,
and etcd's sections `client-transport-security`, `peer-transport-security`, `socket-options` and
`discovery-config` are understood.

What becomes of a flag:

- **used**: it does what it says.
- **no effect**: any value is taken; one that is not the default is warned about.
- **refused**: only the default is taken; ignoring another value would be unsafe.
- **old name**: it sets the flag named there, with a warning.
";

/// The text of `docs/flags.md`.
#[must_use]
pub fn page() -> String {
    let mut page = PAGE_HEAD.to_owned();
    for group in table::GROUPS {
        push(&mut page, format_args!("\n## {}\n\n", group.title));
        page.push_str("| flag | takes | default | what becomes of it |\n|---|---|---|---|\n");
        for option in group.options {
            page.push_str(&row(option));
        }
    }
    page
}

fn row(option: &OptionSpec) -> String {
    let default = table_default(option);
    format!("| `{}` | {} | {default} | {} |\n", option.name, takes(option.kind), effect(option))
}

fn table_default(option: &OptionSpec) -> String {
    match option.default {
        "" => String::new(),
        default => format!("`{default}`"),
    }
}

fn effect(option: &OptionSpec) -> String {
    let help = option.help;
    let space = if help.is_empty() { "" } else { " " };
    match option.treatment {
        Treatment::Used => format!("**used**. {help}"),
        Treatment::Harmless(why) => format!("{help}{space}**No effect**: {why}."),
        Treatment::Refused(why) => format!("{help}{space}**Refused**: {why}."),
        Treatment::Renamed(new) => format!("**Old name** of `{new}`."),
    }
}

fn takes(kind: Kind) -> String {
    match kind {
        Kind::Bool => "switch".to_owned(),
        Kind::Int | Kind::Uint | Kind::Uint32 => "number".to_owned(),
        Kind::Size => "size".to_owned(),
        Kind::Duration => "duration".to_owned(),
        Kind::Text => "text".to_owned(),
        Kind::Choice(words) => words.join(" or "),
        Kind::Strings => "list".to_owned(),
        Kind::Urls => "URLs".to_owned(),
    }
}

fn push(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = text.write_fmt(arguments);
}
