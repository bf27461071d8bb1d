//! What this machine can do at best, measured beside the figures.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::OFlags;

use super::{Cpus, pin};

/// Blocks of the device: what a direct write is a multiple of.
const BLOCK_BYTES: usize = 4096;

/// How often each limit is measured.
const SYNCS: u64 = 500;
const ROUND_TRIPS: usize = 2000;

/// What one block costs to be made durable, in nanoseconds: the middle of direct writes over a file
/// that is written already.
#[derive(Clone, Copy, Debug)]
pub struct SyncTimes {
    /// As one operation.
    pub dsync_ns: f64,
    /// As a write and an `fdatasync`.
    pub fdatasync_ns: f64,
}

impl SyncTimes {
    /// The device's latency: what the better of the two ways takes.
    pub fn best_ns(&self) -> f64 {
        self.dsync_ns.min(self.fdatasync_ns)
    }
}

/// Measures both ways on the device of a folder; fewer times when it is interrupted.
pub fn device_sync(folder: &Path, interrupt: &AtomicBool) -> io::Result<SyncTimes> {
    let path = folder.join(format!("sync-{}", std::process::id()));
    let measured = measure_syncs(&path, interrupt);
    std::fs::remove_file(&path).ok();
    measured
}

fn measure_syncs(path: &Path, interrupt: &AtomicBool) -> io::Result<SyncTimes> {
    std::fs::write(path, vec![1; BLOCK_BYTES * SYNCS as usize])?;
    std::fs::File::open(path)?.sync_all()?;
    Ok(SyncTimes {
        dsync_ns: measure_sync(path, OFlags::DSYNC, interrupt, |_| Ok(()))?,
        fdatasync_ns: measure_sync(path, OFlags::empty(), interrupt, File::sync_data)?,
    })
}

fn measure_sync(
    path: &Path,
    more: OFlags,
    interrupt: &AtomicBool,
    sync: impl Fn(&File) -> io::Result<()>,
) -> io::Result<f64> {
    let flags = (OFlags::DIRECT | more).bits() as i32;
    let file = OpenOptions::new().write(true).custom_flags(flags).open(path)?;
    let memory = vec![2; 2 * BLOCK_BYTES];
    let begin = memory.as_ptr().align_offset(BLOCK_BYTES);
    let block = &memory[begin..begin + BLOCK_BYTES];
    let numbers = (0..SYNCS).take_while(|_| !interrupt.load(Ordering::Relaxed));
    let times = numbers.map(|number| {
        let began = Instant::now();
        file.write_all_at(block, number * BLOCK_BYTES as u64)?;
        sync(&file)?;
        Ok(began.elapsed())
    });
    Ok(middle(times.collect::<io::Result<Vec<_>>>()?))
}

/// A byte there and back over loopback, between these processors, in nanoseconds.
pub fn loopback_ns(server: &Cpus) -> io::Result<f64> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    let cpus = server.clone();
    let echo = thread::spawn(move || pin(&cpus).and_then(|()| echo(&listener)));
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    let mut times = Vec::with_capacity(ROUND_TRIPS);
    for _ in 0..ROUND_TRIPS {
        let began = Instant::now();
        stream.write_all(&[1])?;
        stream.read_exact(&mut [0])?;
        times.push(began.elapsed());
    }
    drop(stream);
    echo.join().unwrap_or_else(|_| Err(io::Error::other("the echo panicked")))?;
    Ok(middle(times))
}

fn echo(listener: &TcpListener) -> io::Result<()> {
    let (mut stream, _) = listener.accept()?;
    stream.set_nodelay(true)?;
    let mut byte = [0];
    while stream.read(&mut byte)? > 0 {
        stream.write_all(&byte)?;
    }
    Ok(())
}

fn middle(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times.get(times.len() / 2).map_or(0.0, |time| time.as_nanos() as f64)
}
