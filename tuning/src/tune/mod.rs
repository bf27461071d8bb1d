//! `braid tune`: measures, chooses, says why, writes a profile, and changes the host if it is told to.

mod advise;
mod apply;
mod choose;
mod describe;
mod facts;
mod new_file;
mod report;
mod settings;
mod units;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use braid_runtime::files::Access;
use rustix::fs::{major, minor, stat, statvfs};

pub use advise::{Advice, advise};
pub use apply::{ApplyError, UNDO_FILE};
pub use choose::{Choice, choose};
pub use facts::Facts;
pub use settings::Setting;

use crate::disk::{self, DiskError};
use crate::host::Host;
use crate::machine::{DeviceId, Machine};

/// What is to be done.
#[derive(Clone, Debug)]
pub struct Order {
    /// The directory whose disk is measured.
    pub directory: PathBuf,
    /// Its file system's name.
    pub filesystem: &'static str,
    /// How files can be written there.
    pub access: Access,
    /// Where the profile goes; none for standard output.
    pub output: Option<PathBuf>,
    /// Whether the safe part of the advice is followed.
    pub apply: bool,
    /// About how long measuring may take.
    pub time: Duration,
}

/// Why tuning ended early.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum TuneError {
    #[error("{0}: is there already; remove it, or give another --output")]
    OutputExists(PathBuf),
    #[error("{path}: cannot be written: {error}; give another --output")]
    Output { path: PathBuf, error: io::Error },
    #[error("{path}: {error}; give a directory that is there")]
    Directory { path: PathBuf, error: io::Error },
    #[error(transparent)]
    Disk(#[from] DiskError),
    #[error(transparent)]
    Apply(#[from] ApplyError),
    #[error("standard output cannot be written: {0}")]
    Print(#[from] io::Error),
}

/// Measures, chooses, and reports on `out`; progress goes line by line to `tell`. Blocks.
///
/// # Errors
/// What is wrong, and what to do.
pub fn run(order: &Order, out: &mut dyn Write, tell: fn(&str)) -> Result<(), TuneError> {
    if let Some(path) = &order.output {
        new_file::can_be_made(path).map_err(|error| output_error(path, error))?;
    }
    let facts = gather(order, tell)?;
    let (choices, advice) = (choose(&facts), advise(&facts));
    writeln!(out, "{}", report::measured(&facts))?;
    writeln!(out, "{}", report::chosen(&choices))?;
    writeln!(out, "{}", report::advice(&advice))?;
    write_profile(order.output.as_deref(), &report::profile(&facts, &choices), out)?;
    if order.apply {
        let safe: Vec<_> = advice.into_iter().flat_map(|advice| advice.safe).collect();
        print_lines(out, |tell| apply::apply(Path::new("/"), &order.directory, &safe, tell))?;
    }
    Ok(())
}

/// Puts back what was changed for `directory`; says so on `out`.
///
/// # Errors
/// Nothing was changed, or it cannot be put back.
pub fn undo(directory: &Path, out: &mut dyn Write) -> Result<(), TuneError> {
    print_lines(out, |tell| apply::undo(Path::new("/"), directory, tell))
}

fn gather(order: &Order, tell: fn(&str)) -> Result<Facts, TuneError> {
    let directory = &order.directory;
    let failed = |error: rustix::io::Errno| TuneError::Directory {
        path: directory.clone(),
        error: error.into(),
    };
    let device = stat(directory).map_err(failed)?.st_dev;
    let space = statvfs(directory).map_err(failed)?;
    tell("looking at the machine");
    let device = DeviceId { major: major(device), minor: minor(device) };
    let machine = Machine::read(Path::new("/"), Some(device));
    let block = machine.device.as_ref().and_then(|device| device.logical_block_bytes);
    let disk = disk::measure(directory, order.access, block, order.time, tell)?;
    Ok(Facts {
        host: Host::read(),
        machine,
        directory: directory.clone(),
        filesystem: order.filesystem,
        access: order.access,
        free_bytes: space.f_bavail.saturating_mul(space.f_frsize),
        disk,
    })
}

fn write_profile(path: Option<&Path>, text: &str, out: &mut dyn Write) -> Result<(), TuneError> {
    let Some(path) = path else {
        write!(out, "Profile (--output FILE writes it)\n\n{text}")?;
        return Ok(());
    };
    new_file::write_new(path, text).map_err(|error| output_error(path, error))?;
    writeln!(out, "The profile is in {0}: start the server with --profile={0}", path.display())?;
    Ok(())
}

fn output_error(path: &Path, error: io::Error) -> TuneError {
    match error.kind() {
        io::ErrorKind::AlreadyExists => TuneError::OutputExists(path.to_owned()),
        _ => TuneError::Output { path: path.to_owned(), error },
    }
}

/// Runs what tells line by line, and prints the lines, whatever came of it.
fn print_lines(
    out: &mut dyn Write,
    action: impl FnOnce(&mut dyn FnMut(String)) -> Result<(), ApplyError>,
) -> Result<(), TuneError> {
    let mut lines = Vec::new();
    let result = action(&mut |line| lines.push(line));
    for line in lines {
        writeln!(out, "{line}")?;
    }
    Ok(result?)
}
