//! Where one write goes: a table from the server's own counters.

use std::thread;
use std::time::Duration;

use crate::error::Error;
use crate::scene::Scene;
use crate::scrape::Scrape;

/// What is counted as a write.
const WRITES: [&str; 3] = ["Put", "Txn", "DeleteRange"];

const STAGES: [&str; 9] =
    ["read", "http2", "decode", "route", "evaluate", "append", "apply", "encode", "write"];

/// Two readings of the counters and what lies between them.
struct Span<'a> {
    before: &'a Scrape,
    after: &'a Scrape,
}

impl Span<'_> {
    fn grown(&self, series: &str) -> Result<f64, Error> {
        Ok(self.after.value(series)? - self.before.value(series)?)
    }

    fn writes(&self) -> Result<f64, Error> {
        let of = |method: &&str| {
            self.grown(&format!(
                "grpc_server_msg_sent_total{{grpc_method=\"{method}\",\
                 grpc_service=\"etcdserverpb.KV\",grpc_type=\"unary\"}}"
            ))
        };
        WRITES.iter().map(of).sum()
    }

    /// Nanoseconds of each write in `stage`.
    fn stage(&self, stage: &str, writes: f64) -> Result<f64, Error> {
        let series = format!("braid_stage_cpu_seconds_total{{stage=\"{stage}\"}}");
        Ok(self.grown(&series)? * 1e9 / writes)
    }

    fn wait(&self, what: &str, writes: f64) -> Result<f64, Error> {
        let series = format!("braid_write_wait_seconds_total{{for=\"{what}\"}}");
        Ok(self.grown(&series)? * 1e9 / writes)
    }
}

/// Runs the scene and prints the table.
pub fn print(scene: &Scene) -> Result<(), Error> {
    let (before, after, cpu_us) = scene.run(|server| {
        let address = server.address().to_string();
        let used = || server.process().usage().map_err(Error::system("the server's usage"));
        let (before, used_before) = (Scrape::new(&address)?, used()?);
        thread::sleep(Duration::from_secs(scene.seconds));
        Ok((before, Scrape::new(&address)?, used()?.since(&used_before).cpu_us))
    })?;
    print!("{}", table(&Span { before: &before, after: &after }, cpu_us)?);
    Ok(())
}

fn table(span: &Span<'_>, cpu_us: f64) -> Result<String, Error> {
    let writes = span.writes()?;
    if writes < 1.0 {
        return Ok("no write ended in that time; choose a workload that writes\n".into());
    }
    let mut text = format!("{writes:.0} writes; nanoseconds of each\n\nprocessor time\n");
    let mut named = 0.0;
    for stage in STAGES {
        let each = span.stage(stage, writes)?;
        named += each;
        text += &row(stage, each);
    }
    let whole = cpu_us * 1e3 / writes;
    text += &row("executor, rings, rest", whole - named);
    text += &row("in all", whole);
    text += "\nwaiting, mean\n";
    let (batch, sync) = (span.wait("batch", writes)?, span.wait("sync", writes)?);
    text += &row("for the log to be free", span.wait("log", writes)?);
    text += &row("for the rest of its batch", batch);
    text += &row("for the sync", sync);
    // Two counters that are read one after the other may differ by a little.
    text += &row("for the watermark", (span.wait("commit", writes)? - batch - sync).max(0.0));
    Ok(text)
}

fn row(name: &str, nanos: f64) -> String {
    format!("  {name:<26} {nanos:>12.0}\n")
}
