//! Writes down what clients ask and hear, in the format of `docs/history-format.md`, and has it
//! judged.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// A history that several clients write.
pub struct Record {
    inner: Mutex<Inner>,
    path: PathBuf,
}

struct Inner {
    file: BufWriter<File>,
    start: Instant,
    last: u64,
    failure: Option<io::Error>,
}

impl Record {
    /// Begins a history in a new file.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn create(path: PathBuf) -> io::Result<Self> {
        let file = BufWriter::new(File::create(&path)?);
        let inner = Inner { file, start: Instant::now(), last: 0, failure: None };
        let record = Self { inner: Mutex::new(inner), path };
        record.lock().write(r#""event":"history","version":1,"clock":"one""#);
        Ok(record)
    }

    /// A client is about to send a request (a JSON object); the call's number.
    pub fn call(&self, client: u64, request: &str) -> u64 {
        let mut inner = self.lock();
        inner.last += 1;
        let id = inner.last;
        inner.timed(&format!(r#""event":"call","client":{client},"id":{id},"request":{request}"#));
        id
    }

    /// A client has an answer (a JSON object), or an error that leaves all open.
    pub fn returned(&self, client: u64, id: u64, answer: Result<String, String>) {
        let outcome = match answer {
            Ok(response) => format!(r#""response":{response}"#),
            Err(why) => format!(r#""lost":{why:?}"#),
        };
        self.lock().timed(&format!(r#""event":"return","client":{client},"id":{id},{outcome}"#));
    }

    /// A client does something else: the fields of the line, without the time.
    pub fn note(&self, client: u64, event: &str, fields: &str) {
        self.lock().timed(&format!(r#""event":"{event}","client":{client},{fields}"#));
    }

    /// Ends the clients 1 to `clients` and the history, and has it judged: the report, if nothing
    /// was broken.
    ///
    /// # Errors
    /// The judge's report of what was broken, or why there is none.
    pub fn judge(&self, clients: u64) -> Result<String, String> {
        let mut inner = self.lock();
        for client in 1..=clients {
            inner.timed(&format!(r#""event":"end","client":{client}"#));
        }
        inner.timed(r#""event":"end""#);
        let flushed = inner.file.flush().map_err(|why| why.to_string());
        inner.failure.take().map_or(flushed, |why| Err(why.to_string()))?;
        let judge = std::env::var_os("BRAID_TEST_JUDGE").ok_or("BRAID_TEST_JUDGE is not set")?;
        let output = Command::new(judge).arg(&self.path).output().map_err(|why| why.to_string())?;
        let report = [output.stdout, output.stderr].concat();
        let report = String::from_utf8_lossy(&report).into_owned();
        if output.status.success() { Ok(report) } else { Err(report) }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// With the lock held, so that lines are in the order of their times.
    fn timed(&mut self, fields: &str) {
        let time = self.start.elapsed().as_nanos();
        self.write(&format!(r#"{fields},"time":{time}"#));
    }

    fn write(&mut self, fields: &str) {
        if let Err(why) = writeln!(self.file, "{{{fields}}}") {
            self.failure.get_or_insert(why);
        }
    }
}
