//! What a process uses, as the kernel counts it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::Serialize;

/// A running process.
#[derive(Clone, Debug)]
pub struct Process {
    pid: u32,
    zeroed: Option<PathBuf>,
}

/// What a process used; of two readings, the difference.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Usage {
    /// Processor time in user and kernel mode, in microseconds.
    pub cpu_us: f64,
    /// Time that its threads waited for a processor which others had, in microseconds.
    pub waited_us: f64,
    /// Memory that is resident now, in bytes.
    pub resident: u64,
    /// The most that was resident since the process began or its mark was reset, in bytes.
    pub resident_peak: u64,
    /// How far the peak rose above what was resident at the earlier reading, in bytes.
    pub grown: u64,
    /// Bytes that the process caused to be written to a device.
    pub written: u64,
    /// How many of them made files larger that the process fills with zeros before it uses them.
    pub first_use: u64,
    /// Times that a thread gave up its processor.
    pub switches_voluntary: u64,
    /// Times that one lost it.
    pub switches_involuntary: u64,
    /// When it was read, or how long the difference took.
    #[serde(skip)]
    read: Instant,
    /// Seconds between the two readings.
    pub seconds: f64,
}

impl Process {
    /// The process with an id.
    pub fn new(pid: u32) -> Self {
        Self { pid, zeroed: None }
    }

    /// The process writes zeros over each new file of this folder before it uses it, which
    /// [`Usage::first_use`] sets apart.
    pub fn zeroing(self, folder: PathBuf) -> Self {
        Self { zeroed: Some(folder), ..self }
    }

    /// Its number.
    pub fn id(&self) -> u32 {
        self.pid
    }

    /// What it used so far. The peak of its memory begins anew, where the kernel permits that.
    pub fn usage(&self) -> io::Result<Usage> {
        let status = self.read("status")?;
        let (voluntary, involuntary) = self.switches()?;
        self.reset_peak().ok();
        Ok(Usage {
            cpu_us: self.cpu()?.as_secs_f64() * 1e6,
            waited_us: self.waited()?.as_secs_f64() * 1e6,
            resident: kilobytes(&status, "VmRSS:")?,
            resident_peak: kilobytes(&status, "VmHWM:")?,
            grown: 0,
            written: number(&self.read("io")?, "write_bytes:")?,
            first_use: self.zeroed.as_deref().map_or(0, folder_bytes),
            switches_voluntary: voluntary,
            switches_involuntary: involuntary,
            read: Instant::now(),
            seconds: 0.0,
        })
    }

    fn reset_peak(&self) -> io::Result<()> {
        fs::write(format!("/proc/{}/clear_refs", self.pid), "5")
    }

    /// Processor time of all threads, those that ended included. `schedstat` of the threads has
    /// nanoseconds, but forgets the threads that ended; `stat` has ticks, and forgets nothing.
    fn cpu(&self) -> io::Result<Duration> {
        let stat = self.read("stat")?;
        // The name, in brackets, may hold anything.
        let rest = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
        let fields: Vec<_> = rest.split_whitespace().collect();
        let tick = |index: usize| fields.get(index).and_then(|text| text.parse::<u64>().ok());
        match (tick(11), tick(12)) {
            (Some(user), Some(kernel)) => {
                let hertz = rustix::param::clock_ticks_per_second() as f64;
                Ok(Duration::from_secs_f64((user + kernel) as f64 / hertz))
            }
            _ => Err(malformed("stat")),
        }
    }

    /// Context switches of all threads that still run.
    fn switches(&self) -> io::Result<(u64, u64)> {
        let mut sum = (0, 0);
        for status in self.of_threads("status")? {
            sum.0 += number(&status, "voluntary_ctxt_switches:")?;
            sum.1 += number(&status, "nonvoluntary_ctxt_switches:")?;
        }
        Ok(sum)
    }

    /// Time on the run queue of all threads that still run.
    fn waited(&self) -> io::Result<Duration> {
        self.of_threads("schedstat")?.iter().map(|text| waited(text)).sum()
    }

    /// A file of each thread. Threads may end between the two readings.
    fn of_threads(&self, file: &str) -> io::Result<Vec<String>> {
        let threads = fs::read_dir(format!("/proc/{}/task", self.pid))?;
        let texts = threads.flatten().map(|thread| fs::read_to_string(thread.path().join(file)));
        Ok(texts.flatten().collect())
    }

    fn read(&self, file: &str) -> io::Result<String> {
        fs::read_to_string(format!("/proc/{}/{file}", self.pid))
    }
}

impl Usage {
    /// What was used since an earlier reading; memory stays as it is now.
    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            cpu_us: self.cpu_us - earlier.cpu_us,
            waited_us: (self.waited_us - earlier.waited_us).max(0.0),
            grown: self.resident_peak.saturating_sub(earlier.resident),
            written: self.written.saturating_sub(earlier.written),
            first_use: self.first_use.saturating_sub(earlier.first_use),
            switches_voluntary: self.switches_voluntary.saturating_sub(earlier.switches_voluntary),
            switches_involuntary: self
                .switches_involuntary
                .saturating_sub(earlier.switches_involuntary),
            seconds: self.read.duration_since(earlier.read).as_secs_f64(),
            ..*self
        }
    }
}

/// Time that the calling thread waited for its processor so far.
pub fn thread_waited() -> io::Result<Duration> {
    waited(&fs::read_to_string("/proc/thread-self/schedstat")?)
}

/// The second figure of `schedstat`: nanoseconds on the run queue.
fn waited(schedstat: &str) -> io::Result<Duration> {
    let nanos = schedstat.split_whitespace().nth(1).and_then(|text| text.parse().ok());
    nanos.map(Duration::from_nanos).ok_or_else(|| malformed("schedstat"))
}

fn folder_bytes(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    let sizes = entries.flatten().map(|entry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => folder_bytes(&entry.path()),
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    });
    sizes.sum()
}

fn kilobytes(text: &str, name: &str) -> io::Result<u64> {
    number(text, name).map(|kilobytes| kilobytes * 1024)
}

fn number(text: &str, name: &str) -> io::Result<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let word = line.and_then(|rest| rest.split_whitespace().next());
    word.and_then(|word| word.parse().ok()).ok_or_else(|| malformed(name))
}

fn malformed(what: &str) -> io::Error {
    io::Error::other(format!("/proc does not tell {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_works_is_seen_to() {
        let own = Process::new(std::process::id());
        let before = own.usage().unwrap();
        let until = Instant::now() + Duration::from_millis(60);
        while Instant::now() < until {}
        let spent = own.usage().unwrap().since(&before);
        assert!(spent.cpu_us > 0.0 && spent.resident > 0 && spent.seconds > 0.0);
    }

    #[test]
    fn a_process_that_is_gone_is_an_error() {
        assert!(Process::new(u32::MAX - 1).usage().is_err());
    }
}
