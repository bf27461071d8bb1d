//! Accepting connections, on one core for all.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use glommio::io::PollableFd;

use super::{Balancer, Connection};
use crate::clock;
use crate::executors::Turn;

/// Connections that the kernel completes and keeps while none is accepted; it may have a lower
/// limit of its own (net.core.somaxconn).
const BACKLOG: libc::c_int = 4096;
/// Accepted in a row before other tasks of the core get their turn.
const BURST: usize = 32;
/// How long to leave the backlog alone when descriptors or memory have run out.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(100);
/// A flood of refused connections must not become a flood of log lines.
const LOG_INTERVAL: Duration = Duration::from_secs(1);

/// A listening socket; before the executors start, so that a taken port is told at once.
///
/// # Errors
/// The system's.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(address)?;
    // std chooses a short backlog; listening again changes it.
    // SAFETY: the descriptor is open for as long as `listener` lives.
    if unsafe { libc::listen(listener.as_raw_fd(), BACKLOG) } != 0 {
        return Err(io::Error::last_os_error());
    }
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Accepts connections for ever and gives each to `hand_over`; dropping the future stops it.
///
/// Beyond the limit of `balancer` connections are closed. When descriptors or memory have run
/// out, those that come wait in the kernel while the open ones go on.
///
/// # Errors
/// When this socket cannot be waited for at all.
pub async fn accept(
    listener: TcpListener,
    balancer: Balancer,
    mut hand_over: impl FnMut(Connection),
) -> io::Result<()> {
    let listener = PollableFd::new(listener)?;
    let mut complaints = Complaints::default();
    let mut turn = Turn::new()?;
    loop {
        for _ in 0..BURST {
            match listener.get_ref().accept() {
                Ok((socket, peer)) => match balancer.admit() {
                    Some(permit) => hand_over(Connection::new(socket, peer, permit)),
                    None => complaints.refused(peer, balancer.limit()),
                },
                Err(error) => match consequence(&error) {
                    Consequence::Wait => listener.readable().await?,
                    Consequence::Pause => {
                        complaints.exhausted(&error, balancer.open());
                        clock::sleep(EXHAUSTED_PAUSE).await;
                    }
                    Consequence::Next => {}
                },
            }
        }
        turn.wait().await;
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Consequence {
    /// Nobody is there.
    Wait,
    /// Something ran out.
    Pause,
    /// One client's misfortune; the next one may do better.
    Next,
}

fn consequence(error: &io::Error) -> Consequence {
    match error.raw_os_error() {
        Some(libc::EAGAIN) => Consequence::Wait,
        // What a client can bring about: it left, or its route did.
        Some(
            libc::ECONNABORTED
            | libc::EINTR
            | libc::EPROTO
            | libc::ENETDOWN
            | libc::ENETUNREACH
            | libc::EHOSTDOWN
            | libc::EHOSTUNREACH
            | libc::ENOPROTOOPT
            | libc::EOPNOTSUPP
            | libc::ENONET,
        ) => Consequence::Next,
        // EMFILE, ENFILE, ENOBUFS, ENOMEM, and whatever else would repeat at once.
        _ => Consequence::Pause,
    }
}

/// Log lines, at most one a second.
#[derive(Debug, Default)]
struct Complaints {
    last: Option<Instant>,
    refused: u64,
}

impl Complaints {
    fn refused(&mut self, peer: SocketAddr, limit: usize) {
        self.refused += 1;
        if self.may_log() {
            let refused = std::mem::take(&mut self.refused);
            tracing::warn!(%peer, limit, refused, "too many open connections; new ones are closed");
        }
    }

    fn exhausted(&mut self, error: &io::Error, open: usize) {
        if self.may_log() {
            tracing::error!(
                open,
                "cannot accept connections, new ones have to wait: {error}; raise the limit of \
                 open files (ulimit -n, LimitNOFILE=)"
            );
        }
    }

    fn may_log(&mut self) -> bool {
        let due = self.last.is_none_or(|last| last.elapsed() >= LOG_INTERVAL);
        if due {
            self.last = Some(Instant::now());
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_error_of_accept_leads_to() {
        let of = |errno| consequence(&io::Error::from_raw_os_error(errno));
        assert_eq!(of(libc::EAGAIN), Consequence::Wait);
        assert_eq!(of(libc::ECONNABORTED), Consequence::Next);
        for errno in [libc::EMFILE, libc::ENFILE, libc::ENOBUFS, libc::ENOMEM, libc::EINVAL] {
            assert_eq!(of(errno), Consequence::Pause);
        }
    }

    #[test]
    fn a_port_is_taken_once() {
        let first = bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let error = bind(first.local_addr().unwrap()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    }

    #[test]
    fn complaints_are_rare() {
        let mut complaints = Complaints::default();
        assert!(complaints.may_log());
        assert!(!complaints.may_log());
    }
}
