//! `braid tune`: its command line, and what it may do in the directory that it is given.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use braid_runtime::fatal;
use braid_tuning::tune::{self, Order, TuneError};

use crate::probe::{self, StorageError, io_uring};

/// The subcommand.
pub const WORD: &str = "tune";

const HELP: &str = "\
Measures this machine and the disk under a directory, and writes a tuning profile for them.

Usage:
  braid tune [flags]           measure, and print what was found and chosen, and why
  braid tune --undo            put back what --apply changed

  --data-dir DIR   the directory that the server will use, or another one on the same disk; default .
                   Only files without a name are written there, 128 MiB, and removed however this ends.
  --output FILE    write the profile there, for braid --profile=FILE; default: print it
  --apply          change settings of this host where that is safe, and note how they were in DIR
  --time SECONDS   about how long measuring may take, 1 to 600; default 20
";

/// Flags that stand alone: `--apply=false` must not change the host.
const SWITCHES: [&str; 4] = ["-h", "--help", "--apply", "--undo"];

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
struct Arguments {
    directory: PathBuf,
    output: Option<PathBuf>,
    apply: bool,
    undo: bool,
    time: Duration,
}

/// Why it ended early.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("{0}\nTry 'braid tune --help'.")]
    Usage(String),
    #[error("--data-dir {0}: is no directory; give one on the disk that the server will use")]
    NoDirectory(PathBuf),
    #[error("{0}")]
    IoUring(String),
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Tune(#[from] TuneError),
}

/// Runs the subcommand; `words` are what follows it. Exit codes are the server's: 2 for a wrong
/// command line, 1 for everything else.
pub fn main(words: impl Iterator<Item = OsString>) -> ExitCode {
    let done = match parse(words) {
        Ok(None) => io::Write::write_all(&mut io::stdout(), HELP.as_bytes())
            .map_err(|error| TuneError::Print(error).into()),
        Ok(Some(arguments)) => run(arguments),
        Err(error) => Err(error),
    };
    let Err(error) = done else { return ExitCode::SUCCESS };
    eprintln!("braid tune: {error}");
    ExitCode::from(if matches!(error, Error::Usage(_)) { 2 } else { 1 })
}

/// Reads the command line; none when it asks for help.
fn parse(mut words: impl Iterator<Item = OsString>) -> Result<Option<Arguments>, Error> {
    let mut found = Arguments {
        directory: PathBuf::from("."),
        output: None,
        apply: false,
        undo: false,
        time: Duration::from_secs(20),
    };
    while let Some(word) = words.next() {
        let word = text(word)?;
        let (name, value) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (word.as_str(), None),
        };
        if value.is_some() && SWITCHES.contains(&name) {
            return Err(Error::Usage(format!("flag takes no argument: {word}")));
        }
        let mut value = || value.clone().map_or_else(|| following(name, &mut words), Ok);
        match name {
            "-h" | "--help" => return Ok(None),
            "--data-dir" => found.directory = value()?.into(),
            "--output" => found.output = Some(value()?.into()),
            "--time" => found.time = seconds(&value()?)?,
            "--apply" => found.apply = true,
            "--undo" => found.undo = true,
            _ => return Err(Error::Usage(format!("flag provided but not defined: {name}"))),
        }
    }
    if found.undo && (found.apply || found.output.is_some()) {
        return Err(Error::Usage("--undo goes with --data-dir only".to_owned()));
    }
    Ok(Some(found))
}

fn following(name: &str, words: &mut impl Iterator<Item = OsString>) -> Result<String, Error> {
    let missing = || Error::Usage(format!("flag needs an argument: {name}"));
    words.next().ok_or_else(missing).and_then(text)
}

fn text(word: OsString) -> Result<String, Error> {
    word.into_string().map_err(|raw| Error::Usage(format!("{raw:?} is not valid UTF-8")))
}

fn seconds(text: &str) -> Result<Duration, Error> {
    match text.parse() {
        Ok(seconds @ 1..=600) => Ok(Duration::from_secs(seconds)),
        _ => Err(Error::Usage(format!("--time={text}: give seconds, 1 to 600"))),
    }
}

fn run(arguments: Arguments) -> Result<(), Error> {
    let mut out = io::stdout().lock();
    if arguments.undo {
        return Ok(tune::undo(&arguments.directory, &mut out)?);
    }
    let order = order(arguments)?;
    fatal::exit_on_panic();
    eprintln!("measuring {} for about {} s", order.directory.display(), order.time.as_secs());
    Ok(tune::run(&order, &mut out, |line| eprintln!("  {line}"))?)
}

/// Looks at the directory as the server does when it starts.
fn order(arguments: Arguments) -> Result<Order, Error> {
    let Arguments { directory, output, apply, time, .. } = arguments;
    if !directory.is_dir() {
        return Err(Error::NoDirectory(directory));
    }
    io_uring::check().map_err(Error::IoUring)?;
    let storage = probe::storage(Path::new(&directory))?;
    for notice in &storage.notices {
        eprintln!("{}", notice.message);
    }
    let filesystem = storage.filesystem.name;
    Ok(Order { directory, filesystem, access: storage.access, output, apply, time })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(words: &[&str]) -> Result<Option<Arguments>, String> {
        parse(words.iter().map(OsString::from)).map_err(|error| error.to_string())
    }

    #[test]
    fn flags_are_read_in_both_forms() {
        let found = parsed(&["--data-dir", "/a", "--output=b=c", "--apply", "--time=3"]);
        let found = found.unwrap().unwrap();
        assert_eq!((found.directory.to_str(), found.apply, found.undo), (Some("/a"), true, false));
        assert_eq!(found.output, Some("b=c".into()));
        assert_eq!(found.time, Duration::from_secs(3));
        assert_eq!(parsed(&["--help"]), Ok(None));
        assert_eq!(parsed(&[]).unwrap().unwrap().directory, Path::new("."));
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (words, text) in [
            (&["--bogus"][..], "flag provided but not defined: --bogus"),
            (&["--output"], "flag needs an argument: --output"),
            (&["--time=0"], "--time=0: give seconds, 1 to 600"),
            (&["--undo", "--apply"], "--undo goes with --data-dir only"),
            (&["--apply=false"], "flag takes no argument: --apply=false"),
        ] {
            assert!(parsed(words).unwrap_err().starts_with(text), "{words:?}");
        }
    }
}
