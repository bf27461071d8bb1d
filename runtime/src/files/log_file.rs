//! One file of the log, on either kind of file system: with O_DIRECT or without.

use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::path::Path;

use glommio::io::{BufferedFile, DmaFile, OpenOptions};

use super::{FileError, failed};

/// How the files of the log are accessed. Both write the same aligned blocks, and neither takes a
/// write for durable before a sync said so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// O_DIRECT: past the kernel's cache.
    Direct,
    /// Through the kernel's cache, for file systems without O_DIRECT. It costs a copy and memory
    /// for pages that are hardly read again; a sync waits until they are written out.
    Buffered,
}

/// An open file.
#[derive(Debug)]
pub(super) enum LogFile {
    Direct(DmaFile),
    Buffered(BufferedFile),
}

impl LogFile {
    pub(super) async fn open(
        path: &Path,
        access: Access,
        options: &OpenOptions,
    ) -> Result<Self, FileError> {
        let file = match access {
            Access::Direct => options.dma_open(path).await.map(Self::Direct),
            Access::Buffered => options.buffered_open(path).await.map(Self::Buffered),
        };
        file.map_err(failed("open", path))
    }

    /// Writes the `len` bytes that `fill` puts into a buffer whose first content is arbitrary. With
    /// O_DIRECT `offset` and `len` are multiples of the disk's block size.
    pub(super) async fn write(
        &self,
        offset: u64,
        len: usize,
        fill: impl FnOnce(&mut [u8]),
    ) -> io::Result<()> {
        let written = match self {
            Self::Direct(file) => {
                let mut buffer = file.alloc_dma_buffer(len);
                fill(buffer.as_bytes_mut());
                file.write_at(buffer, offset).await?
            }
            Self::Buffered(file) => {
                let mut buffer = vec![0; len];
                fill(&mut buffer);
                file.write_at(buffer, offset).await?
            }
        };
        super::whole(written, len)
    }

    /// Exactly `len` bytes from `offset` on; neither needs to be aligned.
    pub(super) async fn read(&self, offset: u64, len: usize) -> io::Result<Vec<u8>> {
        match self {
            Self::Direct(file) => read_blocks(file, offset, len).await,
            Self::Buffered(file) => {
                let bytes = file.read_at(offset, len).await?;
                Ok(bytes.get(..len).ok_or(io::ErrorKind::UnexpectedEof)?.to_vec())
            }
        }
    }

    pub(super) async fn fdatasync(&self) -> io::Result<()> {
        match self {
            Self::Direct(file) => Ok(file.fdatasync().await?),
            Self::Buffered(file) => Ok(file.fdatasync().await?),
        }
    }

    /// Reserves `len` bytes in one piece, where the file system can do that.
    pub(super) async fn reserve(&self, len: u64) -> io::Result<()> {
        let reserved = match self {
            Self::Direct(file) => file.pre_allocate(len, false).await,
            Self::Buffered(file) => file.pre_allocate(len, false).await,
        };
        match reserved.map_err(io::Error::from) {
            Err(error) if error.kind() == io::ErrorKind::Unsupported => Ok(()),
            other => other,
        }
    }

    pub(super) async fn close(self) -> io::Result<()> {
        match self {
            Self::Direct(file) => Ok(file.close().await?),
            Self::Buffered(file) => Ok(file.close().await?),
        }
    }
}

impl AsRawFd for LogFile {
    fn as_raw_fd(&self) -> RawFd {
        match self {
            Self::Direct(file) => file.as_raw_fd(),
            Self::Buffered(file) => file.as_raw_fd(),
        }
    }
}

/// Reads the blocks around the wanted bytes. `DmaFile::read_at` would do, but beyond the file's end
/// it hands out what happens to be in its buffer.
async fn read_blocks(file: &DmaFile, offset: u64, len: usize) -> io::Result<Vec<u8>> {
    let start = file.align_down(offset);
    let before = usize::try_from(offset - start).map_err(io::Error::other)?;
    let size = usize::try_from(file.align_up((before + len) as u64)).map_err(io::Error::other)?;
    let blocks = file.read_at_aligned(start, size).await?;
    let wanted = blocks.get(before..before + len).ok_or(io::ErrorKind::UnexpectedEof)?;
    Ok(wanted.to_vec())
}
