//! What the machine can do at best, measured in the same run as the figures.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Sides;
use crate::error::Error;
use crate::host::{Echo, SyncTimes, loopback_ns};
use crate::load::{Plan, run};
use crate::report::RunReport;
use crate::shape::{LoadOptions, Shape};
use crate::text::nanos;
use crate::workload::Workload;

/// How long the echo is measured and warmed up, in seconds.
const ECHO_SECONDS: f64 = 3.0;
const WARM_UP_SECONDS: f64 = 1.0;

/// What stands in place of a limit that is missing.
pub const NOT_MEASURED: &str = "not measured";

/// Names and values for the report.
pub fn measure_limits(
    sides: &Sides,
    echo: &Path,
    sync: SyncTimes,
    interrupt: &AtomicBool,
) -> Result<Vec<(String, String)>, Error> {
    if interrupt.load(Ordering::Relaxed) {
        return Err(Error::Interrupted);
    }
    let loopback = loopback_ns(&sides.cpus).map_err(Error::system("a connection over loopback"))?;
    Ok(vec![
        ("one block made durable by O_DSYNC, p50".into(), nanos(sync.dsync_ns as u64)),
        ("by write and fdatasync, p50".into(), nanos(sync.fdatasync_ns as u64)),
        ("loopback there and back, p50".into(), nanos(loopback as u64)),
        ("h2 echo of a put, 1000 in flight".into(), measure_echo(sides, echo, interrupt)?),
    ])
}

fn measure_echo(sides: &Sides, binary: &Path, interrupt: &AtomicBool) -> Result<String, Error> {
    if !binary.exists() {
        return Ok(format!("{NOT_MEASURED}, there is no {}", binary.display()));
    }
    let server = Echo::start(binary, &sides.cpus, interrupt)?;
    let options = LoadOptions {
        duration: Some(ECHO_SECONDS),
        warm_up: Some(WARM_UP_SECONDS),
        ..LoadOptions::default()
    };
    let shape = Shape::new(Workload::Echo, &options)?;
    let plan = Plan::new(server.endpoint(), Workload::Echo, shape.clone());
    let outcome = run(plan, Some(&server.process()), interrupt)?;
    if let Some(why) = outcome.unfinished {
        return Ok(format!("{NOT_MEASURED}, {why}"));
    }
    let report = RunReport::new(Workload::Echo, &shape, &outcome);
    let rate = report.main().map(|operation| operation.rate_text()).unwrap_or_default();
    let cpu = report.server.map_or(0.0, |server| server.cpu_us);
    Ok(format!("{rate}, {cpu:.2} us of processor time each"))
}
