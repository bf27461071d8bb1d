//! A connection against what servers say, good and bad, one frame at a time.

mod windows;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Wake;

use super::*;
use crate::client::http2::frame::{ACK, CANCEL, END_HEADERS, END_STREAM, PADDED, PRIORITY};

/// `:status: 200`.
const FINE: &[u8] = b"\x88";
/// `grpc-status: 0`.
const OK: &[u8] = b"\x00\x0bgrpc-status\x010";

/// Waits for news and counts them.
#[derive(Default)]
struct News(AtomicUsize);

impl Wake for News {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// A connection whose own beginning was read.
fn machine() -> Machine {
    let mut machine = Machine::new("host:1", false);
    said(&mut machine);
    machine
}

/// The same with an open stream.
fn with_stream() -> (Machine, u32) {
    let mut machine = machine();
    let stream = machine.open(Method::Put).unwrap();
    said(&mut machine);
    (machine, stream)
}

/// The server says a frame.
fn hear(machine: &mut Machine, kind: u8, flags: u8, stream: u32, payload: &[u8]) -> bool {
    frame::write(&mut machine.input, kind, flags, stream, payload);
    machine.advance().is_ok()
}

/// The frames that the connection has said: kind, flags, stream, payload.
fn said(machine: &mut Machine) -> Vec<(u8, u8, u32, Vec<u8>)> {
    let out = std::mem::take(&mut machine.out);
    let mut rest = out.strip_prefix(frame::PREFACE).unwrap_or(&out);
    let mut frames = vec![];
    while let Some(head) = Head::parse(rest) {
        let (frame, after) = rest.split_at(Head::BYTES + head.len);
        frames.push((head.kind, head.flags, head.stream, frame[Head::BYTES..].to_vec()));
        rest = after;
    }
    assert!(rest.is_empty());
    frames
}

fn body(machine: &mut Machine, stream: u32) -> Poll<Result<Option<Bytes>, Failure>> {
    machine.poll_body(stream, Waker::noop())
}

fn window(bytes: u32) -> [u8; 4] {
    bytes.to_be_bytes()
}

/// Says a whole good answer, in any cuts.
fn answer(stream: u32, message: &[u8]) -> Vec<u8> {
    let mut bytes = vec![];
    frame::write(&mut bytes, frame::HEADERS, END_HEADERS, stream, FINE);
    frame::write(&mut bytes, frame::DATA, 0, stream, message);
    frame::write(&mut bytes, frame::HEADERS, END_HEADERS | END_STREAM, stream, OK);
    bytes
}

#[test]
fn a_connection_begins_as_the_standard_wants_it() {
    let mut machine = Machine::new("host:1", false);
    assert!(machine.out.starts_with(frame::PREFACE));
    let kinds: Vec<_> = said(&mut machine).iter().map(|frame| frame.0).collect();
    assert_eq!(kinds, [frame::SETTINGS, frame::WINDOW_UPDATE]);
}

#[test]
fn an_answer_may_come_in_any_cuts() {
    for cut in 1..20 {
        let (mut machine, stream) = with_stream();
        for piece in answer(stream, b"message").chunks(cut) {
            machine.input.extend_from_slice(piece);
            machine.advance().unwrap();
        }
        assert_eq!(body(&mut machine, stream), Poll::Ready(Ok(Some("message".into()))));
        assert_eq!(body(&mut machine, stream), Poll::Ready(Ok(None)));
        let fields = machine.fields(stream).unwrap();
        assert_eq!((fields.http, fields.grpc), (Some(200), Some(0)));
        assert!(!machine.close(stream) && said(&mut machine).is_empty(), "nothing to cancel");
    }
}

#[test]
fn an_error_may_be_all_that_comes() {
    let (mut machine, stream) = with_stream();
    let block = [FINE, b"\x00\x0bgrpc-status\x015", b"\x00\x0cgrpc-message\x03why"].concat();
    assert!(hear(&mut machine, frame::HEADERS, END_HEADERS | END_STREAM, stream, &block));
    assert_eq!(body(&mut machine, stream), Poll::Ready(Ok(None)));
    let fields = machine.fields(stream).unwrap();
    assert_eq!((fields.http, fields.grpc, &fields.message[..]), (Some(200), Some(5), "why"));
}

#[test]
fn headers_may_come_in_several_frames() {
    let (mut machine, stream) = with_stream();
    let block = [FINE, OK].concat();
    assert!(hear(&mut machine, frame::HEADERS, END_STREAM, stream, &block[..4]));
    assert!(hear(&mut machine, frame::CONTINUATION, 0, stream, &block[4..9]));
    assert_eq!(body(&mut machine, stream), Poll::Pending);
    assert!(hear(&mut machine, frame::CONTINUATION, END_HEADERS, stream, &block[9..]));
    assert_eq!(body(&mut machine, stream), Poll::Ready(Ok(None)));
    assert_eq!(machine.fields(stream).unwrap().grpc, Some(0));
}

#[test]
fn headers_that_do_not_go_on_end_the_connection() {
    let begun = || {
        let (mut machine, stream) = with_stream();
        assert!(hear(&mut machine, frame::HEADERS, 0, stream, FINE));
        (machine, stream)
    };
    let (mut machine, stream) = begun();
    assert!(!hear(&mut machine, frame::DATA, 0, stream, b"x"));
    let (mut machine, stream) = begun();
    assert!(!hear(&mut machine, frame::CONTINUATION, END_HEADERS, stream + 2, OK));
    let (mut machine, stream) = begun();
    assert!((0..10).any(|_| !hear(&mut machine, frame::CONTINUATION, 0, stream, &[0; 16_384])));
    let (mut machine, stream) = with_stream();
    assert!(!hear(&mut machine, frame::CONTINUATION, END_HEADERS, stream, OK));
}

#[test]
fn padding_and_priorities_are_no_content() {
    let (mut machine, stream) = with_stream();
    let block = [b"\x02", &[0; 5][..], FINE, &[0; 2]].concat();
    let flags = END_HEADERS | PADDED | PRIORITY;
    assert!(hear(&mut machine, frame::HEADERS, flags, stream, &block));
    assert!(hear(&mut machine, frame::DATA, PADDED, stream, b"\x02abc\0\0"));
    assert_eq!(machine.fields(stream).unwrap().http, Some(200));
    assert_eq!(body(&mut machine, stream), Poll::Ready(Ok(Some("abc".into()))));
    assert!(!hear(&mut machine, frame::DATA, PADDED, stream, b"\x04abc"));
}

#[test]
fn a_reset_ends_its_stream_and_no_other() {
    let (mut machine, stream) = with_stream();
    let other = machine.open(Method::Put).unwrap();
    let news = Arc::new(News::default());
    assert!(machine.poll_body(stream, &news.clone().into()).is_pending());
    assert!(hear(&mut machine, frame::RST_STREAM, 0, stream, &window(7)));
    assert_eq!(news.0.load(Ordering::Relaxed), 1);
    let failure = Failure::Reset("by the server, reason 7".into());
    assert!(!failure.ends_the_connection());
    assert_eq!(body(&mut machine, stream), Poll::Ready(Err(failure)));
    assert_eq!(body(&mut machine, other), Poll::Pending);
}

#[test]
fn a_reset_after_the_answer_takes_nothing_back() {
    let (mut machine, stream) = with_stream();
    machine.input = answer(stream, b"message");
    assert!(hear(&mut machine, frame::RST_STREAM, 0, stream, &window(0)));
    assert_eq!(body(&mut machine, stream), Poll::Ready(Ok(Some("message".into()))));
    assert_eq!(body(&mut machine, stream), Poll::Ready(Ok(None)));
}

#[test]
fn a_goodbye_fails_what_is_not_answered_any_more() {
    let (mut machine, first) = with_stream();
    let second = machine.open(Method::Put).unwrap();
    let goodbye = [window(first), window(2)].concat();
    assert!(hear(&mut machine, frame::GOAWAY, 0, 0, &goodbye));
    let failure = Failure::Connection("the server said goodbye, reason 2".into());
    assert_eq!(body(&mut machine, second), Poll::Ready(Err(failure.clone())));
    assert_eq!(machine.open(Method::Put), Err(failure));
    machine.input = answer(first, b"message");
    machine.advance().unwrap();
    assert_eq!(body(&mut machine, first), Poll::Ready(Ok(Some("message".into()))));
}

#[test]
fn frames_that_nobody_allowed_end_the_connection() {
    let (mut machine, stream) = with_stream();
    machine.input = vec![0, 0x40, 1, frame::DATA, 0, 0, 0, 0, stream as u8];
    assert_eq!(machine.advance(), Err(broken("a frame that is too large")));
    let (mut machine, stream) = with_stream();
    let frames = STREAM_WINDOW_BYTES as usize / FRAME_BYTES;
    let full = [0; FRAME_BYTES];
    assert!((0..frames).all(|_| hear(&mut machine, frame::DATA, 0, stream, &full)));
    assert!(!hear(&mut machine, frame::DATA, 0, stream, b"x"), "beyond the window");
    for (kind, payload) in
        [(frame::GOAWAY, &b"x"[..]), (frame::WINDOW_UPDATE, b""), (frame::HEADERS, b"\xff")]
    {
        let (mut machine, stream) = with_stream();
        assert!(!hear(&mut machine, kind, END_HEADERS, stream, payload), "{kind}");
    }
}

#[test]
fn what_nobody_knows_is_passed_over() {
    let (mut machine, stream) = with_stream();
    assert!(hear(&mut machine, 0xbe, 0xff, stream, b"anything"));
    assert!(hear(&mut machine, frame::DATA, 0, 999, b"for nobody"));
    assert!(hear(&mut machine, frame::RST_STREAM, 0, 999, b""));
    assert_eq!(body(&mut machine, stream), Poll::Pending);
}

#[test]
fn pings_and_settings_are_answered_once() {
    let mut machine = machine();
    assert!(hear(&mut machine, frame::PING, 0, 0, b"12345678"));
    assert_eq!(said(&mut machine), [(frame::PING, ACK, 0, b"12345678".to_vec())]);
    assert!(hear(&mut machine, frame::SETTINGS, 0, 0, &[]));
    assert_eq!(said(&mut machine), [(frame::SETTINGS, ACK, 0, vec![])]);
    assert!(hear(&mut machine, frame::PING, ACK, 0, b"12345678"));
    assert!(hear(&mut machine, frame::SETTINGS, ACK, 0, &[]));
    assert!(said(&mut machine).is_empty());
    let small = frame::setting(frame::HEADER_TABLE_SIZE, 0);
    assert!(!hear(&mut machine, frame::SETTINGS, 0, 0, &small), "the encoder needs its table");
}

#[test]
fn a_cancelled_stream_is_reset_once() {
    let (mut machine, stream) = with_stream();
    assert!(machine.close(stream));
    assert_eq!(said(&mut machine), [(frame::RST_STREAM, 0, stream, window(CANCEL).to_vec())]);
    assert!(!machine.close(stream));
    machine.input = answer(stream, b"too late");
    machine.advance().unwrap();
    assert_eq!(body(&mut machine, stream), Poll::Ready(Err(Failure::Answer("no stream"))));
}

#[test]
fn a_lost_connection_fails_what_waits_and_spares_what_is_answered() {
    let (mut machine, answered) = with_stream();
    let waiting = machine.open(Method::Put).unwrap();
    machine.input = answer(answered, b"message");
    machine.advance().unwrap();
    let news = Arc::new(News::default());
    assert!(machine.poll_body(waiting, &news.clone().into()).is_pending());
    machine.fail(&broken("gone"));
    assert_eq!(news.0.load(Ordering::Relaxed), 1);
    assert_eq!(body(&mut machine, waiting), Poll::Ready(Err(broken("gone"))));
    assert_eq!(body(&mut machine, answered), Poll::Ready(Ok(Some("message".into()))));
    assert_eq!(machine.open(Method::Put), Err(broken("gone")));
}

#[test]
fn streams_are_numbered_until_there_are_none() {
    let mut machine = machine();
    assert_eq!((machine.open(Method::Put), machine.open(Method::Put)), (Ok(1), Ok(3)));
    machine.next_stream = LAST_STREAM;
    assert_eq!(machine.open(Method::Put), Ok(LAST_STREAM));
    assert!(machine.open(Method::Put).is_err());
}
