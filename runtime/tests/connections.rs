//! Real sockets on real executors: balance, limits, and running out of descriptors. A process of
//! its own, because the limit on descriptors is the process's.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsRawFd, FromRawFd};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Mutex, MutexGuard};
use std::task::Context;
use std::time::Duration;

use braid_runtime::cpus;
use braid_runtime::executors::{Executors, Options, start};
use braid_runtime::mailbox::{Bells, CoreEnd, mailboxes};
use braid_runtime::sockets::{Balancer, Connection, Router, accept, bind};
use braid_storage::ids::CoreId;
use futures_lite::future::or;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// One test at a time: they share the process's descriptors.
static ALONE: Mutex<()> = Mutex::new(());

struct Server {
    address: SocketAddr,
    balancer: Balancer,
    stop: Bells,
    executors: Executors,
    _alone: MutexGuard<'static, ()>,
}

type State = (CoreEnd<()>, CoreEnd<Connection>, Option<(TcpListener, Balancer)>);

/// A server that answers each connection with the number of its core and then echoes.
fn serve(limit: usize) -> Server {
    let alone = ALONE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let cores = u16::try_from(cpus::allowed().expect("a mask").len().min(2)).expect("at most 2");
    let listener = bind("127.0.0.1:0".parse().expect("an address")).expect("a free port");
    let address = listener.local_addr().expect("a bound socket");
    let balancer = Balancer::new(cores, limit);
    let stops = mailboxes(cores, 1);
    let stop = stops[0].bells();
    let mut accepting = Some((listener, balancer.clone()));
    let states: Vec<State> = stops
        .into_iter()
        .zip(mailboxes(cores, 16))
        .map(|(stop, end)| (stop, end, accepting.take()))
        .collect();
    let executors = start(&Options::for_cores(2), states, run_core).expect("executors");
    Server { address, balancer, stop, executors, _alone: alone }
}

async fn run_core(_: CoreId, (mut stop, end, accepting): State) {
    let router = Rc::new(Router::new(end, |connection| {
        glommio::spawn_local(echo(connection)).detach();
    }));
    let receiver = router.clone();
    let serving = async move {
        match accepting {
            Some((listener, balancer)) => {
                let hand_over = |connection| router.route(connection);
                accept(listener, balancer, hand_over).await.expect("accepting");
            }
            None => receiver.receive().await,
        }
    };
    or(serving, stop.wait()).await;
}

async fn echo(connection: Connection) {
    let core = connection.core();
    let Ok(mut stream) = connection.into_stream() else { return };
    let mut bytes = vec![u8::try_from(core.0).expect("few cores")];
    while !bytes.is_empty() {
        let write = |context: &mut Context<'_>| Pin::new(&mut stream).poll_write(context, &bytes);
        if std::future::poll_fn(write).await.is_err() {
            return;
        }
        let mut room = [0; 100];
        let mut buffer = ReadBuf::new(&mut room);
        let read =
            |context: &mut Context<'_>| Pin::new(&mut stream).poll_read(context, &mut buffer);
        if std::future::poll_fn(read).await.is_err() {
            return;
        }
        bytes = buffer.filled().to_vec();
    }
}

impl Server {
    /// A connection, and the core that serves it; none if it was closed.
    fn connect(&self) -> Option<(TcpStream, u8)> {
        let mut stream = TcpStream::connect(self.address).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(20))).ok()?;
        let mut core = [0];
        stream.read_exact(&mut core).ok()?;
        Some((stream, core[0]))
    }

    fn stop(self) {
        for core in 0..cpus::allowed().expect("a mask").len().min(2) {
            self.stop.wake(CoreId(u16::try_from(core).expect("few cores")));
        }
        self.executors.join();
    }
}

fn is_alive(stream: &mut TcpStream) -> bool {
    let mut bytes = [0; 4];
    stream.write_all(b"ping").is_ok() && stream.read_exact(&mut bytes).is_ok() && &bytes == b"ping"
}

#[test]
fn connections_are_spread_and_every_core_echoes() {
    let server = serve(100);
    let mut clients: Vec<_> = (0..10).map(|_| server.connect().expect("admitted")).collect();
    assert!(clients.iter_mut().all(|(stream, _)| is_alive(stream)));
    let on_first = clients.iter().filter(|(_, core)| *core == 0).count();
    assert_eq!(on_first, 10 / cpus::allowed().unwrap().len().min(2));
    server.stop();
}

#[test]
fn beyond_the_limit_connections_are_closed_and_others_go_on() {
    let server = serve(4);
    let mut clients: Vec<_> = (0..4).map(|_| server.connect().expect("admitted")).collect();
    assert!(server.connect().is_none());
    assert!(clients.iter_mut().all(|(stream, _)| is_alive(stream)));
    clients.pop();
    while server.balancer.open() == 4 {
        std::thread::yield_now();
    }
    assert!(server.connect().is_some());
    server.stop();
}

/// Sets the limit on descriptors, now, and back when dropped.
struct DescriptorLimit(libc::rlimit);

impl DescriptorLimit {
    fn set(limit: u64) -> Self {
        let mut old = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        // SAFETY: both calls only touch the structures that they are given.
        unsafe {
            libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut old);
            let new = libc::rlimit { rlim_cur: limit, ..old };
            libc::setrlimit(libc::RLIMIT_NOFILE, &raw const new);
        }
        Self(old)
    }
}

impl Drop for DescriptorLimit {
    fn drop(&mut self) {
        // SAFETY: as above.
        unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const self.0) };
    }
}

/// A socket that is made now and connects later, when no descriptor can be had.
fn unconnected() -> TcpStream {
    // SAFETY: the new descriptor belongs to nobody else.
    unsafe { TcpStream::from_raw_fd(libc::socket(libc::AF_INET, libc::SOCK_STREAM, 0)) }
}

fn connect(socket: &TcpStream, port: u16) {
    let address = libc::sockaddr_in {
        sin_family: u16::try_from(libc::AF_INET).expect("a small number"),
        sin_port: port.to_be(),
        sin_addr: libc::in_addr { s_addr: u32::from(Ipv4Addr::LOCALHOST).to_be() },
        sin_zero: [0; 8],
    };
    let size = u32::try_from(size_of_val(&address)).expect("a small structure");
    // SAFETY: the kernel reads `size` bytes of `address`, which outlives the call.
    let result = unsafe { libc::connect(socket.as_raw_fd(), (&raw const address).cast(), size) };
    assert_eq!(result, 0, "{}", std::io::Error::last_os_error());
}

#[test]
fn without_descriptors_new_connections_wait_and_others_go_on() {
    let server = serve(1000);
    let (mut early, _) = server.connect().expect("admitted");
    let mut late = unconnected();
    let limit = DescriptorLimit::set(3);
    connect(&late, server.address.port());
    let alive = (0..100).all(|_| is_alive(&mut early));
    late.set_read_timeout(Some(Duration::from_millis(300))).expect("a timeout");
    let served_early = late.read(&mut [0]).is_ok();
    drop(limit);
    assert!(alive, "an open connection stalls");
    assert!(!served_early, "served without a descriptor");
    late.set_read_timeout(None).expect("no timeout");
    assert_eq!(late.read(&mut [0]).expect("served when there are descriptors again"), 1);
    server.stop();
}
