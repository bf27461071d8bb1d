//! Whether syncs and `O_DIRECT` work: tried out with a file, since file systems accept the flag at
//! `open` and fail at the first write, or the other way round.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

use braid_runtime::files::Access;

/// Name of the file, for a moment.
const FILE: &str = ".probe";

/// Size and alignment that every disk's blocks divide, in bytes.
const BLOCK: usize = 4096;

/// How files in `directory` can be written and read such that a sync makes them durable.
///
/// # Errors
/// Not even buffered writing and syncing works, new names in the directory cannot be synced, or
/// what is read is not what was written.
pub fn access(directory: &Path) -> io::Result<Access> {
    let path = directory.join(FILE);
    let direct = i32::try_from(rustix::fs::OFlags::DIRECT.bits()).unwrap_or(0);
    let access = match round_trip(&path, direct) {
        Ok(()) => Access::Direct,
        Err(error) if error.kind() == io::ErrorKind::InvalidData => return Err(error),
        Err(_) => round_trip(&path, 0).map(|()| Access::Buffered)?,
    };
    File::open(directory)?.sync_all()?;
    Ok(access)
}

/// Writes a block, syncs it and reads it back. The file loses its name at once, so that it is gone
/// however the process ends.
fn round_trip(path: &Path, flags: i32) -> io::Result<()> {
    let file = open(path, flags);
    // A file system may take the flag for a reason to fail once the file is there.
    let removed = std::fs::remove_file(path);
    let file = file?;
    removed?;
    let mut buffer = vec![0; 2 * BLOCK];
    let start = buffer.as_ptr().align_offset(BLOCK);
    let block = buffer.get_mut(start..start + BLOCK).ok_or(io::ErrorKind::Unsupported)?;
    fill(block);
    file.write_all_at(block, 0)?;
    file.sync_data()?;
    block.fill(0);
    file.read_exact_at(block, 0)?;
    if is_filled(block) { Ok(()) } else { Err(io::ErrorKind::InvalidData.into()) }
}

fn open(path: &Path, flags: i32) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .custom_flags(flags)
        .open(path)
}

/// A pattern without two equal neighbours, so that no shifted or repeated part passes for it.
fn pattern(index: usize) -> u8 {
    u8::try_from(index % 251).unwrap_or(0)
}

fn fill(block: &mut [u8]) {
    for (index, byte) in block.iter_mut().enumerate() {
        *byte = pattern(index);
    }
}

fn is_filled(block: &[u8]) -> bool {
    block.iter().enumerate().all(|(index, byte)| *byte == pattern(index))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_nothing_behind() {
        let directory = tempfile::tempdir().unwrap();
        access(directory.path()).unwrap();
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_directory_that_cannot_be_written_is_an_error() {
        assert!(access(Path::new("/proc")).is_err());
    }
}
