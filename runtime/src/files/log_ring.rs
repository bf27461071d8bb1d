//! A ring for one durable write at a time: the write and the sync after it are one submission.
//!
//! The executor's rings cannot link operations, so there the core had to wake up between the two,
//! which took a lone client a tenth of its time (`runtime/examples/log_sync.rs`). They only wait
//! for this ring's descriptor.

use std::future::poll_fn;
use std::io;
use std::mem;
use std::os::fd::AsRawFd;
use std::task::{Context, Poll, ready};

use glommio::io::PollableFd;
use io_uring::squeue::{Entry, Flags};
use io_uring::{IoUring, opcode, types};

use crate::readiness::Readiness;

/// A write and its sync.
const ENTRIES: u32 = 2;
const WRITE: u64 = 0;
const SYNC: u64 = 1;

/// What O_DIRECT wants memory to be aligned to, on any device of today.
#[derive(Clone, Copy)]
#[repr(C, align(4096))]
struct Block([u8; 4096]);

/// The ring, and the memory that its write is made from.
pub(super) struct LogRing {
    ring: PollableFd<IoUring>,
    readable: Readiness,
    /// As large as the largest write so far.
    buffer: Vec<Block>,
    /// Completions that the kernel still owes; it reads the buffer until then.
    owed: usize,
    /// How many bytes the write has to write.
    expected: usize,
    /// What went wrong first.
    error: Option<io::Error>,
}

impl LogRing {
    /// A ring, on the executor that will wait for it.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            ring: PollableFd::new(IoUring::new(ENTRIES)?)?,
            readable: Readiness::new(),
            buffer: Vec::new(),
            owed: 0,
            expected: 0,
            error: None,
        })
    }

    /// Writes the `len` bytes that `fill` puts into a buffer whose first content is arbitrary, and
    /// lets an `fdatasync` follow if `sync` says so. With O_DIRECT `offset` and `len` are multiples
    /// of the disk's block size.
    ///
    /// # Errors
    /// The system's. The kernel writes less than it was given when the disk is full, and else
    /// hardly ever; what is missing is not tried again, so that the next error is the caller's.
    pub(super) async fn write(
        &mut self,
        file: &impl AsRawFd,
        offset: u64,
        len: usize,
        sync: bool,
        fill: impl FnOnce(&mut [u8]),
    ) -> io::Result<()> {
        fill(self.room(len));
        self.submit(types::Fd(file.as_raw_fd()), offset, len, sync)?;
        poll_fn(|context| self.poll_done(context)).await
    }

    fn room(&mut self, len: usize) -> &mut [u8] {
        let blocks = len.div_ceil(size_of::<Block>());
        if self.buffer.len() < blocks {
            self.buffer.resize(blocks, Block([0; 4096]));
        }
        let bytes = self.buffer.as_mut_ptr().cast();
        // SAFETY: the blocks are at least `len` bytes without gaps, and borrowed as long as these.
        unsafe { std::slice::from_raw_parts_mut(bytes, len) }
    }

    fn submit(&mut self, file: types::Fd, offset: u64, len: usize, sync: bool) -> io::Result<()> {
        let size = u32::try_from(len).map_err(io::Error::other)?;
        let write = opcode::Write::new(file, self.buffer.as_ptr().cast(), size);
        let write = write.offset(offset).build().user_data(WRITE);
        let fdatasync = opcode::Fsync::new(file).flags(types::FsyncFlags::DATASYNC);
        let entries = [write, fdatasync.build().user_data(SYNC)];
        self.expected = len;
        // Where the kernel can, it only tells of a write that failed, and then not of its sync.
        // Counted before: also what is submitted in part is owed.
        self.owed = if sync && !self.tells_failures_only() { 2 } else { 1 };
        if sync { self.push(&self.linked(entries)) } else { self.push(&entries[..1]) }
    }

    fn linked(&self, [write, sync]: [Entry; 2]) -> [Entry; 2] {
        let quiet = if self.tells_failures_only() { Flags::SKIP_SUCCESS } else { Flags::empty() };
        [write.flags(Flags::IO_LINK | quiet), sync]
    }

    fn tells_failures_only(&self) -> bool {
        self.ring.get_ref().params().is_feature_skip_cqe_on_success()
    }

    fn push(&mut self, entries: &[Entry]) -> io::Result<()> {
        let ring = self.ring.get_mut();
        // SAFETY: the buffer stays as it is until all completions have come (`owed`), and the file
        // is open at least until `write` has waited for them.
        unsafe { ring.submission().push_multiple(entries) }.map_err(io::Error::other)?;
        let submitted = again_if_interrupted(|| ring.submit())?;
        if submitted == entries.len() { Ok(()) } else { Err(io::ErrorKind::WriteZero.into()) }
    }

    fn poll_done(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            self.reap();
            if self.owed == 0 {
                return Poll::Ready(self.error.take().map_or(Ok(()), Err));
            }
            ready!(self.readable.poll(&self.ring, context))?;
        }
    }

    fn reap(&mut self) {
        while let Some(completion) = self.ring.get_mut().completion().next() {
            self.owed -= 1;
            let expected = if completion.user_data() == WRITE { self.expected } else { 0 };
            // A sync is cancelled when its write has failed: only the first error says why.
            self.error = self.error.take().or(check(completion.result(), expected).err());
        }
    }
}

impl Drop for LogRing {
    fn drop(&mut self) {
        while self.owed > 0 {
            let ring = self.ring.get_ref();
            if again_if_interrupted(|| ring.submit_and_wait(1)).is_err() {
                // The kernel may go on reading it.
                mem::forget(mem::take(&mut self.buffer));
                return;
            }
            self.reap();
        }
    }
}

fn again_if_interrupted(mut call: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// What an operation's result means.
fn check(result: i32, expected: usize) -> io::Result<()> {
    let count = usize::try_from(result).map_err(|_| io::Error::from_raw_os_error(-result))?;
    super::whole(count, expected)
}

#[cfg(test)]
mod tests {
    use super::super::testing::on_executor;
    use super::*;
    use std::fs::File;
    use std::io::{PipeReader, PipeWriter, Read, pipe};

    const BLOCK: usize = size_of::<Block>();

    async fn write(ring: &mut LogRing, file: &impl AsRawFd, len: usize) -> io::Result<()> {
        ring.write(file, 0, len, true, |buffer| buffer.fill(7)).await
    }

    /// A pipe takes no more at once than its capacity, and cannot be synced.
    fn narrow_pipe() -> (PipeReader, PipeWriter) {
        let (reader, writer) = pipe().unwrap();
        // SAFETY: plain calls on a descriptor that is ours.
        unsafe {
            assert_eq!(libc::fcntl(writer.as_raw_fd(), libc::F_SETPIPE_SZ, BLOCK), BLOCK as i32);
            assert_eq!(libc::fcntl(writer.as_raw_fd(), libc::F_SETFL, libc::O_NONBLOCK), 0);
        }
        (reader, writer)
    }

    #[test]
    fn a_failed_write_a_short_one_and_a_failed_sync_are_told_apart() {
        on_executor(async {
            let mut ring = LogRing::new().unwrap();
            let (mut reader, writer) = narrow_pipe();
            let short = write(&mut ring, &writer, 2 * BLOCK).await.unwrap_err();
            assert_eq!(short.to_string(), "only 4096 of 8192 bytes were written");
            let full = File::options().write(true).open("/dev/full").unwrap();
            let full = write(&mut ring, &full, BLOCK).await.unwrap_err();
            assert_eq!(full.kind(), io::ErrorKind::StorageFull);
            reader.read_exact(&mut [0; BLOCK]).unwrap();
            let unsynced = write(&mut ring, &writer, BLOCK).await.unwrap_err();
            assert_eq!(unsynced.raw_os_error(), Some(libc::EINVAL));
            reader.read_exact(&mut [0; BLOCK]).unwrap();
            ring.write(&writer, 0, BLOCK, false, |_| ()).await.unwrap();
            assert_eq!(ring.owed, 0);
        });
    }

    #[test]
    fn a_ring_that_goes_waits_for_its_write() {
        on_executor(async {
            let mut ring = LogRing::new().unwrap();
            let (mut reader, writer) = pipe().unwrap();
            let file = types::Fd(writer.as_raw_fd());
            ring.room(BLOCK).fill(9);
            ring.submit(file, 0, BLOCK, false).unwrap();
            drop(ring);
            let mut read = [0; BLOCK];
            reader.read_exact(&mut read).unwrap();
            assert_eq!(read, [9; BLOCK]);
        });
    }
}
