//! What a disk can do, timed on files without a name in the directory that the server will use, by
//! the very path that the server's log takes.
//!
//! Nothing is ever written to a device, and no file has a name: however the process ends, nothing is
//! left.

mod bench;
mod lanes;
mod load;
mod plan;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use braid_runtime::clock::Clock;
use braid_runtime::cpus;
use braid_runtime::executors::{self, Options, StartError, spawn};
use braid_runtime::files::{Access, FileError, Scratch};
use braid_storage::ids::CoreId;

use bench::Bench;
pub use lanes::Times;
#[cfg(test)]
pub(crate) use lanes::times_ms;
use load::Load;
pub use plan::{BLOCK_BYTES, FILES_MAX, Step};

/// Bytes of each file.
const FILE_BYTES: u64 = 32 << 20;
/// What the directory's file system must have free, in bytes: the files, and as much again for others.
pub const FREE_BYTES_MIN: u64 = 2 * FILES_MAX as u64 * FILE_BYTES;

/// What a disk can do.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Durable writes, in every way that there was time for.
    pub durable: Vec<(Step, Times)>,
    /// Writes of 1 MiB, one after the other, to each of four files.
    pub sequential_writes: Times,
    /// Reads of 1 MiB, one after the other, from each of four files.
    pub sequential_reads: Times,
    /// Writes of 4 KiB anywhere, 32 at a time; not durable.
    pub random_writes: Times,
    /// Reads of 4 KiB anywhere, 32 at a time.
    pub random_reads: Times,
    /// Whether the time was over before everything was measured.
    pub is_cut_short: bool,
}

impl Report {
    /// The times of one way to write durably, if there was time for it.
    #[must_use]
    pub fn times(&self, step: &Step) -> Option<&Times> {
        self.durable.iter().find(|(known, _)| known == step).map(|(_, times)| times)
    }
}

/// Why a disk cannot be measured.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum DiskError {
    #[error(
        "{path}: {free} bytes are free, measuring needs {FREE_BYTES_MIN}; make room, or give another directory"
    )]
    NoSpace { path: PathBuf, free: u64 },
    #[error("{path}: {error}; give a directory that is there and that this user may write")]
    Directory { path: PathBuf, error: io::Error },
    #[error(
        "{0}; check the directory's permissions, its disk, and the limit on open files (ulimit -n)"
    )]
    File(#[from] FileError),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error("the measurement ended without a result")]
    NoResult,
}

/// Measures the disk under `directory` with files of that `access`, in about `time`: a step that has
/// begun is finished, and the rest left out. `tell` hears what comes next. Blocks.
///
/// # Errors
/// The directory cannot be used, or the disk fails.
pub fn measure(
    directory: &Path,
    access: Access,
    logical_block_bytes: Option<u64>,
    time: Duration,
    tell: fn(&str),
) -> Result<Report, DiskError> {
    check_space(directory)?;
    let files =
        (0..FILES_MAX).map(|_| Scratch::create(directory)).collect::<Result<Vec<_>, _>>()?;
    let cores = cpus::allowed().map_err(StartError::from)?.len();
    let (report, reports) = mpsc::channel();
    let load = Load::default();
    let clock = Clock::start();
    let main = move |core: CoreId, files: Vec<Scratch>| async move {
        if core != CoreId(0) {
            return load.run(clock).await;
        }
        spawn(load.clone().run(clock));
        let bench = Bench { clock, load: load.clone(), time, tell };
        // Nobody listens any more only when the caller is gone.
        let _ = report.send(bench.run(&files, access, logical_block_bytes).await);
        load.end();
    };
    let mut states = vec![files];
    states.resize_with(cores, Vec::new);
    executors::start(&Options::for_cores(cores), states, main)?.join();
    Ok(reports.recv().map_err(|_| DiskError::NoResult)??)
}

fn check_space(directory: &Path) -> Result<(), DiskError> {
    let stat = rustix::fs::statvfs(directory).map_err(|error| DiskError::Directory {
        path: directory.to_owned(),
        error: error.into(),
    })?;
    let free = stat.f_bavail.saturating_mul(stat.f_frsize);
    if free < FREE_BYTES_MIN {
        return Err(DiskError::NoSpace { path: directory.to_owned(), free });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_named_with_what_is_needed() {
        let measured =
            measure(Path::new("/proc"), Access::Direct, None, Duration::from_secs(1), |_| ());
        let error = measured.unwrap_err();
        assert!(matches!(error, DiskError::NoSpace { free: 0, .. }), "{error}");
        assert!(error.to_string().contains("measuring needs 268435456"), "{error}");
    }

    #[test]
    fn a_directory_that_is_not_there_is_named() {
        let error = measure(
            Path::new("/nowhere/at/all"),
            Access::Direct,
            None,
            Duration::from_secs(1),
            |_| (),
        )
        .unwrap_err();
        assert!(error.to_string().starts_with("/nowhere/at/all: "), "{error}");
    }
}
