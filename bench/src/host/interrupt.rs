//! Ctrl-C.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use crate::error::Error;

/// A flag that Ctrl-C and SIGTERM set. Nothing ends the process but its own end, which comes within
/// seconds: servers that it started and their data would be left behind.
pub fn flag_on_interrupt() -> Result<Arc<AtomicBool>, Error> {
    let interrupted = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        flag::register(signal, interrupted.clone())
            .map_err(Error::system("a handler for signals"))?;
    }
    Ok(interrupted)
}
