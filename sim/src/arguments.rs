//! The command line of the simulator.

use std::path::PathBuf;
use std::time::Duration;

pub const USAGE: &str = "\
Runs the engine in a simulated machine, seed after seed, and judges everything that clients saw.

  --seed S       only this one
  --seeds A..B   these, without the last
  --hours H      fresh seeds for so many hours (fractions are allowed)
  --jobs N       threads; 1 unless given
  --history FILE what clients saw in the shortest run that fails; `judge FILE` reads it
  --scaling      no seeds: what an operation costs on 1 to 64 cores

Without any of them: fresh seeds for one minute.";

/// What the simulator is to do.
#[derive(Debug)]
pub struct Arguments {
    pub seeds: Seeds,
    /// When to end, however many seeds are left.
    pub limit: Option<Duration>,
    pub jobs: usize,
    /// Where the history of a run that fails is written.
    pub history: Option<PathBuf>,
    /// Print the table of costs instead.
    pub scaling: bool,
}

/// Which seeds to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seeds {
    pub first: u64,
    /// Behind the last.
    pub end: u64,
}

impl Arguments {
    /// Reads the arguments behind the program's name.
    pub fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut seeds = None;
        let (mut limit, mut jobs) = (None, 1);
        let (mut history, mut scaling) = (None, false);
        while let Some(word) = words.next() {
            if word == "--scaling" {
                scaling = true;
                continue;
            }
            let value = words.next().ok_or(format!("{word} needs a value"))?;
            match &word[..] {
                "--seed" => {
                    let first = number(&word, &value)?;
                    seeds = Some(Seeds { first, end: first.saturating_add(1) });
                }
                "--seeds" => seeds = Some(range(&value)?),
                "--hours" => limit = Some(hours(&value)?),
                "--jobs" => jobs = number(&word, &value)?.max(1) as usize,
                "--history" => history = Some(value.into()),
                _ => return Err(format!("unknown argument {word}")),
            }
        }
        if seeds.is_none() {
            limit = limit.or(Some(Duration::from_secs(60)));
        }
        Ok(Self { seeds: seeds.unwrap_or_else(fresh), limit, jobs, history, scaling })
    }
}

#[expect(clippy::disallowed_methods, reason = "fresh seeds come from the clock")]
fn fresh() -> Seeds {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Seeds { first: since.map_or(0, |since| since.as_nanos() as u64), end: u64::MAX }
}

fn number(word: &str, value: &str) -> Result<u64, String> {
    value.parse().map_err(|_| format!("{word} {value}: not a number"))
}

fn range(value: &str) -> Result<Seeds, String> {
    let error = || format!("--seeds {value}: give two numbers as in 0..1000");
    let (first, end) = value.split_once("..").ok_or_else(error)?;
    let parse = |text: &str| text.parse::<u64>().map_err(|_| error());
    Ok(Seeds { first: parse(first)?, end: parse(end)? })
}

fn hours(value: &str) -> Result<Duration, String> {
    let error = || format!("--hours {value}: give a number of hours");
    let hours: f64 = value.parse().map_err(|_| error())?;
    Duration::try_from_secs_f64(hours * 3600.0).map_err(|_| error())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Arguments, String> {
        Arguments::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn it_reads_what_the_usage_says() {
        let one = parse("--seed 7 --jobs 2").unwrap();
        assert_eq!((one.seeds, one.jobs), (Seeds { first: 7, end: 8 }, 2));
        assert_eq!(parse("--history h").unwrap().history, Some("h".into()));
        assert_eq!(parse("--seeds 3..9").unwrap().seeds, Seeds { first: 3, end: 9 });
        assert_eq!(parse("--hours 0.5").unwrap().limit, Some(Duration::from_secs(1800)));
        assert!(parse("--scaling").unwrap().scaling && !one.scaling);
        for wrong in ["--seed", "--seed x", "--seeds 3", "--hours -1", "--help me"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
