//! What was found, as text for people.

use std::fmt::Write;

use super::advise::Advice;
use super::choose::Choice;
use super::describe::{self, UNKNOWN};
use super::facts::Facts;
use super::units::{bytes, rate, time};
use crate::disk::{Report, Times};
use crate::profile::VERSION;

/// Bytes of one sequential write or read that was timed.
const CHUNK_BYTES: f64 = 1_048_576.0;

/// Everything that was measured.
#[must_use]
pub fn measured(facts: &Facts) -> String {
    let mut text = "Machine\n".to_owned();
    for (name, value) in describe::machine(facts) {
        line(&mut text, format_args!("  {name:<16}{value}"));
    }
    let head = "Durable writes";
    line(&mut text, format_args!("\n{head:<56}{:>9}{:>10}{:>10}", "p50", "p99", "rate"));
    for (step, times) in &facts.disk.durable {
        line(&mut text, format_args!("  {:<54}{}", step.describe(), figures(times)));
    }
    line(&mut text, format_args!("\nOther writes and reads"));
    for (name, value) in throughput(&facts.disk) {
        line(&mut text, format_args!("  {name:<54}{value:>31}"));
    }
    if facts.disk.is_cut_short {
        line(&mut text, format_args!("\nThe disk is slow, and there was no time for the rest."));
    }
    text
}

/// The profile's choices, for people.
#[must_use]
pub fn chosen(choices: &[Choice]) -> String {
    let mut text = "Chosen\n".to_owned();
    for Choice { key, value, why } in choices {
        line(&mut text, format_args!("  {:<32}{why}", format!("{key} = {value}")));
    }
    text
}

/// What could be better on the host.
#[must_use]
pub fn advice(advice: &[Advice]) -> String {
    let mut text = "On this host (marked *: what --apply does)\n".to_owned();
    if advice.is_empty() {
        text += "  nothing to change\n";
    }
    for Advice { text: what, command, safe } in advice {
        let mark = if safe.is_empty() { ' ' } else { '*' };
        line(&mut text, format_args!("{mark} {what}\n      {command}"));
    }
    text
}

/// The profile's text.
#[must_use]
pub fn profile(facts: &Facts, choices: &[Choice]) -> String {
    let model = facts.machine.processors.model.as_deref().unwrap_or("an unknown processor");
    let disk = facts.machine.device.as_ref().map_or(UNKNOWN, |device| &device.name);
    let mut text = format!(
        "# Written by `braid tune` for {} CPUs ({model}), {} of memory, disk {disk} ({}).\n\
         # docs/operations/profiles.md has every key.\nversion = {VERSION}\n",
        facts.host.cpus_allowed,
        bytes(facts.host.memory_bytes),
        facts.filesystem
    );
    for Choice { key, value, why } in choices {
        line(&mut text, format_args!("\n# {why}\n{key} = {value}"));
    }
    text
}

fn throughput(disk: &Report) -> [(&'static str, String); 4] {
    let speed = |times: &Times| {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a rate is positive, and shown rounded"
        )]
        let found = (times.rate() * CHUNK_BYTES) as u64;
        if found == 0 { "not measured".to_owned() } else { format!("{}/s", bytes(found)) }
    };
    let count = |times: &Times| {
        if times.count() == 0 { "not measured".to_owned() } else { rate(times.rate()) }
    };
    [
        ("sequential writes, 1 MiB, files 4", speed(&disk.sequential_writes)),
        ("sequential reads, 1 MiB, files 4", speed(&disk.sequential_reads)),
        ("random writes, 4 KiB, in flight 32, not durable", count(&disk.random_writes)),
        ("random reads, 4 KiB, in flight 32", count(&disk.random_reads)),
    ]
}

fn figures(times: &Times) -> String {
    format!(
        "{:>11}{:>10}{:>10}",
        time(times.median()),
        time(times.percentile(99)),
        rate(times.rate())
    )
}

fn line(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = text.write_fmt(arguments);
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::super::choose::choose;
    use super::super::facts::example;
    use super::*;
    use crate::fit::fit;
    use crate::profile::Profile;

    #[test]
    fn the_profile_is_one_and_fits_the_machine_it_was_made_for() {
        let facts = example();
        let text = profile(&facts, &choose(&facts));
        let profile = Profile::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        let (tuned, misfits) = fit(&profile, &facts.host, None);
        assert_eq!(misfits, Vec::<String>::new());
        assert_eq!((tuned.cores, tuned.memory_bytes), (4, 2 << 30));
        // A key that is left out would be decided anew on the next machine.
        let error = Profile::parse("version = 1\nno-such-key = 1").unwrap_err().message;
        for key in error.split('`').skip(3).step_by(2) {
            assert!(text.contains(&format!("\n{key} = ")), "{key}\n{text}");
        }
    }

    #[test]
    fn what_is_unknown_is_called_so() {
        let facts = example();
        let text = measured(&facts);
        for line in ["  caches          unknown", "  disk            unknown"] {
            assert!(text.contains(line), "{text}");
        }
        assert!(text.contains("not measured"), "{text}");
        assert!(text.lines().all(|line| line.trim_end() == line), "{text}");
        assert!(advice(&[]).contains("nothing to change"));
    }
}
