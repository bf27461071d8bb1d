//! What was found, as text for people.

use std::fmt::Write;

use super::advise::Advice;
use super::choose::Choice;
use super::describe::{self, UNKNOWN};
use super::facts::Facts;
use super::units::{bytes, rate, time};
use crate::disk::{FILES_MAX, Report, Step, Times};
use crate::machine::Machine;
use crate::profile::{Sync, VERSION};

/// Bytes of one sequential write or read that was timed.
const CHUNK_BYTES: f64 = 1_048_576.0;
/// A median that is larger by less than this factor is not known to be larger.
const NOISE: f64 = 1.25;

/// Everything that was measured.
#[must_use]
pub fn measured(facts: &Facts) -> String {
    let mut text = "Machine\n".to_owned();
    for (name, value) in describe::machine(facts) {
        line(&mut text, format_args!("  {name:<16}{value}"));
    }
    if others_run(&facts.machine) {
        text += "  Other programs keep the processors busy: measure again when they do not.\n";
    }
    let head = "Durable writes";
    line(&mut text, format_args!("\n{head:<56}{:>9}{:>10}{:>10}", "p50", "p99", "rate"));
    for (step, times) in &facts.disk.durable {
        line(&mut text, format_args!("  {:<54}{}", step.describe(), figures(times)));
    }
    let (blocks, files) = (real_blocks(&facts.disk), scaling(&facts.disk));
    for conclusion in [blocks, files.as_deref()].into_iter().flatten() {
        line(&mut text, format_args!("  {conclusion}"));
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

/// Whether more threads wanted to run during the last minute than there are processors.
fn others_run(machine: &Machine) -> bool {
    let load = machine.kernel.load.as_ref().and_then(|load| load.parse::<f64>().ok());
    load.is_some_and(|load| load > machine.processors.online.len() as f64)
}

/// What small writes say of the disk's blocks.
fn real_blocks(disk: &Report) -> Option<&'static str> {
    let block = Step::alone(Sync::Fdatasync);
    let (small, whole) = (disk.times(&block.bytes(512))?, disk.times(&block)?);
    Some(match small.median() > whole.median().mul_f64(NOISE) {
        true => {
            "a write of 512 B takes longer than one of 4 KiB: the disk's real blocks are larger"
        }
        false => "a write of 512 B takes no longer than one of 4 KiB",
    })
}

/// How much more is done over several files than in one, by both methods.
fn scaling(disk: &Report) -> Option<String> {
    let factor = |method| {
        let one = Step::alone(method);
        let (one, several) = (disk.times(&one)?.rate(), disk.times(&one.files(FILES_MAX))?.rate());
        (one > 0.0).then_some(several / one)
    };
    let (flushed, forced) = (factor(Sync::Fdatasync)?, factor(Sync::Dsync)?);
    Some(format!(
        "over {FILES_MAX} files: {flushed:.1} times the rate with write + fdatasync, {forced:.1} times with O_DSYNC"
    ))
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
    use crate::disk::times_ms;
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
    fn a_crowded_machine_is_told() {
        let mut facts = example();
        facts.machine.processors.online = vec![0, 1];
        for (load, is_crowded) in [("1.99", false), ("2.01", true), ("much", false)] {
            facts.machine.kernel.load = Some(load.to_owned());
            assert_eq!(measured(&facts).contains("Other programs"), is_crowded, "{load}");
        }
    }

    #[test]
    fn blocks_and_scaling_are_concluded() {
        let mut disk = example().disk;
        assert_eq!((real_blocks(&disk), scaling(&disk)), (None, None));
        let (flushed, forced) = (Step::alone(Sync::Fdatasync), Step::alone(Sync::Dsync));
        disk.durable.push((flushed.bytes(512), times_ms(&[2; 9])));
        assert!(real_blocks(&disk).unwrap().contains("no longer"));
        disk.durable.last_mut().unwrap().1 = times_ms(&[3; 9]);
        assert!(real_blocks(&disk).unwrap().contains("real blocks are larger"));
        disk.durable.push((flushed.files(FILES_MAX), times_ms(&[1; 9])));
        disk.durable.push((forced.files(FILES_MAX), times_ms(&[2; 9])));
        let text = scaling(&disk).unwrap();
        assert!(text.contains("2.0 times the rate with write + fdatasync, 1.0 times"), "{text}");
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
