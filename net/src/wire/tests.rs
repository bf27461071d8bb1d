use std::collections::VecDeque;
use std::task::Waker;

use super::*;

/// A socket whose readiness the test decides.
#[derive(Default)]
struct Fake {
    incoming: VecDeque<u8>,
    reads: usize,
    takes: usize,
    written: Vec<u8>,
    writes: usize,
}

impl AsyncRead for Fake {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.reads += 1;
        if self.incoming.is_empty() {
            return Poll::Pending;
        }
        let taken = into.remaining().min(self.incoming.len());
        let bytes: Vec<u8> = self.incoming.drain(..taken).collect();
        into.put_slice(&bytes);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Fake {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let taken = self.takes.min(bytes.len());
        self.takes -= taken;
        if taken == 0 {
            return Poll::Pending;
        }
        self.writes += 1;
        self.written.extend_from_slice(&bytes[..taken]);
        Poll::Ready(Ok(taken))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

fn context() -> Context<'static> {
    Context::from_waker(Waker::noop())
}

fn new_wire(socket: Fake, sniffed: Bytes) -> Wire<Fake> {
    Wire::new(socket, sniffed, Stopwatch::default(), Rc::new(Waker::wake_by_ref))
}

fn read(wire: &mut Wire<Fake>, size: usize) -> Option<usize> {
    let mut bytes = vec![0; size];
    let mut into = ReadBuf::new(&mut bytes);
    match Pin::new(wire).poll_read(&mut context(), &mut into) {
        Poll::Ready(Ok(())) => Some(into.filled().len()),
        _ => None,
    }
}

fn write(wire: &mut Wire<Fake>, bytes: &[u8]) -> bool {
    Pin::new(wire).poll_write(&mut context(), bytes).is_ready()
}

#[test]
fn writes_and_flushes_of_a_turn_leave_as_one() {
    let socket = Fake { takes: usize::MAX, ..Fake::default() };
    let mut wire = new_wire(socket, Bytes::new());
    for _ in 0..100 {
        assert!(write(&mut wire, b"answer"));
        assert!(Pin::new(&mut wire).poll_flush(&mut context()).is_ready());
    }
    assert_eq!(wire.line.borrow().socket.writes, 0);
    assert!(wire.poll_drain(&mut context()).is_ready());
    let line = wire.line.borrow();
    assert_eq!((line.socket.writes, line.socket.written.len()), (1, 600));
}

#[test]
fn an_empty_socket_is_asked_once_a_turn() {
    let mut wire = new_wire(Fake::default(), Bytes::from_static(b"PRI"));
    assert_eq!(read(&mut wire, 10), Some(3), "what was read before comes first");
    assert_eq!((read(&mut wire, 10), read(&mut wire, 10)), (None, None));
    assert_eq!(wire.line.borrow().socket.reads, 1);
    wire.begin_turn();
    assert_eq!(read(&mut wire, 10), None);
    assert_eq!(wire.line.borrow().socket.reads, 2);
}

#[test]
fn a_turn_reads_only_so_much() {
    let incoming = VecDeque::from(vec![0; 3 * READ_BYTES_PER_TURN]);
    let mut wire = new_wire(Fake { incoming, ..Fake::default() }, Bytes::new());
    let mut total = 0;
    while let Some(bytes) = read(&mut wire, 8192) {
        total += bytes;
    }
    assert!((READ_BYTES_PER_TURN..READ_BYTES_PER_TURN + 8192).contains(&total), "{total}");
}

#[test]
fn who_does_not_take_answers_is_not_read_from() {
    let incoming = VecDeque::from(vec![0; 1000]);
    let mut wire = new_wire(Fake { incoming, ..Fake::default() }, Bytes::new());
    let block = vec![7; SOCKET_BUFFER_BYTES];
    assert!(write(&mut wire, &block));
    assert!(wire.is_congested() && !write(&mut wire, b"more"));
    assert_eq!(read(&mut wire, 10), None);
    wire.line.borrow_mut().socket.takes = usize::MAX;
    assert!(wire.poll_drain(&mut context()).is_ready());
    assert!(!wire.is_congested());
    wire.begin_turn();
    assert_eq!(read(&mut wire, 10), Some(10));
}

#[test]
fn bytes_stay_in_order_when_the_socket_takes_little() {
    let mut wire = new_wire(Fake::default(), Bytes::new());
    let mut expected = Vec::new();
    for round in 0..400_u32 {
        let block = round.to_be_bytes().repeat(500);
        wire.line.borrow_mut().socket.takes = 2100;
        let _ = wire.poll_drain(&mut context());
        if write(&mut wire, &block) {
            expected.extend_from_slice(&block);
        }
    }
    let held = wire.line.borrow().unsent.len();
    assert!(held < 3 * SOCKET_BUFFER_BYTES, "{held}");
    wire.line.borrow_mut().socket.takes = usize::MAX;
    assert!(wire.poll_drain(&mut context()).is_ready());
    assert!(wire.line.borrow().socket.written == expected);
}
