//! Signals as events of core 0.

use std::io;

use glommio::signal::Signals;

const TERMINATION: [libc::c_int; 2] = [libc::SIGTERM, libc::SIGINT];

/// Keeps the signals that end the server for [`Termination`], and lets writes to a closed pipe
/// fail with an error instead of killing the process.
///
/// In `main` before any thread starts: threads inherit the mask, and one thread without it would
/// still die of SIGTERM.
///
/// # Errors
/// The kernel's.
pub fn prepare() -> io::Result<()> {
    // SAFETY: ignoring a signal installs no handler.
    if unsafe { libc::signal(libc::SIGPIPE, libc::SIG_IGN) } == libc::SIG_ERR {
        return Err(io::Error::last_os_error());
    }
    glommio::signal::block(&TERMINATION)?;
    Ok(())
}

/// Waits for SIGTERM or SIGINT.
#[derive(Debug)]
pub struct Termination {
    signals: Signals,
}

impl Termination {
    /// Only on a core's executor, and after [`prepare`].
    ///
    /// # Errors
    /// The kernel's, for example when no descriptor is left.
    pub fn new() -> io::Result<Self> {
        Ok(Self { signals: Signals::new(&TERMINATION)? })
    }

    /// The name of the next signal.
    ///
    /// # Errors
    /// The kernel's.
    pub async fn wait(&self) -> io::Result<&'static str> {
        let signal = self.signals.recv().await?;
        Ok(if signal == libc::SIGINT { "SIGINT" } else { "SIGTERM" })
    }
}
