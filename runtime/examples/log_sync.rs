//! What a durable write costs by each method, alone on a pinned core:
//! `log_sync <folder> [bytes]`. The processor time is this process's, kernel work on its behalf by
//! io_uring's workers included; a kernel worker that finishes an O_DSYNC write is not.

use std::alloc::{Layout, alloc_zeroed};
use std::fs::{File, OpenOptions};
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use braid_runtime::cpus::processor_time;
use braid_runtime::executors::{Options, start};
use braid_runtime::files::{Access, LogDir, LogWriter, Pace, SyncMethod};
use braid_storage::ids::SegmentId;
use io_uring::squeue::{Entry, Flags};
use io_uring::{IoUring, opcode, types};

const WRITES: u64 = 2000;
const SEGMENT: SegmentId = SegmentId(1);
const SEGMENT_BYTES: u64 = 64 << 20;

fn main() {
    let folder = PathBuf::from(std::env::args().nth(1).expect("a folder on the disk to measure"));
    let len = std::env::args().nth(2).map_or(4096, |text| text.parse().expect("bytes"));
    let main = move |_, ()| async move {
        let dir = LogDir::open(&folder, Access::Direct).expect("a folder");
        dir.create(SEGMENT, SEGMENT_BYTES, &[], Pace::Full).await.expect("a segment");
        for method in [SyncMethod::Dsync, SyncMethod::Fdatasync] {
            through_the_writer(&dir, method, len).await;
        }
        through_a_raw_ring(&dir.file(SEGMENT), len);
        std::fs::remove_file(dir.file(SEGMENT)).expect("removed");
    };
    start(&Options::for_cores(1), vec![()], main).expect("an executor").join();
}

fn offset(number: u64, len: usize) -> u64 {
    number * len as u64 % (SEGMENT_BYTES - len as u64) / 4096 * 4096
}

async fn through_the_writer(dir: &LogDir, method: SyncMethod, len: usize) {
    let writer = LogWriter::new(dir.clone(), method, None).expect("a ring");
    let mut figures = Figures::new(format!("writer, {method:?}"));
    for number in 0..WRITES {
        let began = Instant::now();
        writer.write(SEGMENT, offset(number, len), len, |bytes| bytes.fill(number as u8)).await;
        figures.add(began.elapsed());
    }
    figures.report();
}

fn through_a_raw_ring(path: &Path, len: usize) {
    let mut ring = IoUring::new(8).expect("a ring");
    // SAFETY: the size is not zero; the memory lives until the process ends.
    let buffer = unsafe { alloc_zeroed(Layout::from_size_align(len, 4096).expect("a layout")) };
    let linked = open(path, 0);
    let fd = types::Fd(linked.as_raw_fd());
    let sync = opcode::Fsync::new(fd).flags(types::FsyncFlags::DATASYNC).build();
    measure("raw ring, write linked to fdatasync", &mut ring, |number| {
        let write = opcode::Write::new(fd, buffer, len as u32).offset(offset(number, len)).build();
        vec![write.flags(Flags::IO_LINK), sync.clone()]
    });
    let durable = open(path, libc::O_DSYNC);
    let fd = types::Fd(durable.as_raw_fd());
    measure("raw ring, O_DSYNC", &mut ring, |number| {
        vec![opcode::Write::new(fd, buffer, len as u32).offset(offset(number, len)).build()]
    });
}

fn open(path: &Path, flags: i32) -> File {
    let mut options = OpenOptions::new();
    options.read(true).write(true).custom_flags(libc::O_DIRECT | flags);
    options.open(path).expect("the segment")
}

fn measure(name: &str, ring: &mut IoUring, entries: impl Fn(u64) -> Vec<Entry>) {
    let mut figures = Figures::new(name.into());
    for number in 0..WRITES {
        let entries = entries(number);
        let began = Instant::now();
        // SAFETY: file and buffer outlive the completions, which are awaited below.
        unsafe { ring.submission().push_multiple(&entries).expect("room") };
        ring.submit_and_wait(entries.len()).expect("completions");
        figures.add(began.elapsed());
        assert!(ring.completion().all(|completion| completion.result() >= 0));
    }
    figures.report();
}

struct Figures {
    name: String,
    times: Vec<Duration>,
    before: Duration,
}

impl Figures {
    fn new(name: String) -> Self {
        Self { name, times: Vec::new(), before: processor_time().expect("getrusage") }
    }

    fn add(&mut self, time: Duration) {
        self.times.push(time);
    }

    fn report(mut self) {
        let spent = (processor_time().expect("getrusage") - self.before) / self.times.len() as u32;
        self.times.sort_unstable();
        let at = |share: usize| self.times[self.times.len() * share / 100];
        let (p50, p99) = (at(50), at(99));
        println!("{:<36} p50 {p50:>10.1?} p99 {p99:>10.1?} processor {spent:>9.1?}", self.name);
    }
}
