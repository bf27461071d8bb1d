//! `judge FILE`: reads a history and says whether etcd's promises were kept.

use std::fs::File;
use std::io::{BufReader, stdin};
use std::process::ExitCode;

use braid_judge::malformed::Malformed;
use braid_judge::order::SEARCH_STEPS_MAX;
use braid_judge::reader::{Limits, read};
use braid_judge::{history::History, judge};

const USAGE: &str = "usage: judge FILE   (- for standard input)

Reads a history (docs/history-format.md) and prints which promises of etcd were put to the test,
which were broken, and what was left unchecked.

exit status: 0 nothing is broken, 1 something is, 2 the history cannot be judged,
             3 undecided within the judge's bounds";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file] = &arguments[..] else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match history(file) {
        Ok(history) => say(&history),
        Err(why) => {
            eprintln!("judge: {file}: {why}");
            ExitCode::from(2)
        }
    }
}

fn history(file: &str) -> Result<History, Malformed> {
    let limits = Limits::default();
    if file == "-" {
        return read(stdin().lock(), limits);
    }
    let source = File::open(file).map_err(|why| Malformed { line: 0, why: why.into() })?;
    read(BufReader::new(source), limits)
}

fn say(history: &History) -> ExitCode {
    let verdict = judge(history, SEARCH_STEPS_MAX);
    println!(
        "{} lines, {} calls, {} watchers",
        history.lines,
        history.operations.len(),
        history.watchers.len()
    );
    println!("{verdict}");
    match () {
        () if verdict.is_good() => ExitCode::SUCCESS,
        () if verdict.violations().is_empty() => ExitCode::from(3),
        () => ExitCode::FAILURE,
    }
}
