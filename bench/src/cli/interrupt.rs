//! Ctrl-C.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use crate::error::Error;

/// A flag that the first Ctrl-C or SIGTERM sets; the second one ends the process.
pub fn flag_on_interrupt() -> Result<Arc<AtomicBool>, Error> {
    let interrupted = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        // In this order: the first signal finds the flag unset and goes on.
        let result = flag::register_conditional_shutdown(signal, 130, interrupted.clone())
            .and_then(|_| flag::register(signal, interrupted.clone()));
        result.map_err(Error::system("a handler for signals"))?;
    }
    Ok(interrupted)
}
