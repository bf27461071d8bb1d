//! Flow control in both directions.

use super::*;

/// Bytes of DATA that were said, and whether the last frame ended the stream.
fn sent(machine: &mut Machine, stream: u32) -> (usize, bool) {
    let frames = said(machine);
    let own = frames.iter().filter(|frame| frame.0 == frame::DATA && frame.2 == stream);
    assert!(own.clone().all(|frame| frame.3.len() <= FRAME_BYTES));
    let ends: Vec<_> = own.clone().map(|frame| frame.1 & END_STREAM != 0).collect();
    assert!(ends.iter().rev().skip(1).all(|end| !end));
    (own.map(|frame| frame.3.len()).sum(), ends.last().copied().unwrap_or(false))
}

#[test]
fn a_message_waits_for_both_windows() {
    let (mut machine, stream) = with_stream();
    machine.send(stream, vec![7; 100_000].into(), true);
    let initial = INITIAL_WINDOW_BYTES as usize;
    assert_eq!(sent(&mut machine, stream), (initial, false));
    assert!(hear(&mut machine, frame::WINDOW_UPDATE, 0, stream, &window(100_000)));
    assert_eq!(sent(&mut machine, stream), (0, false), "the connection's window is closed");
    assert!(hear(&mut machine, frame::WINDOW_UPDATE, 0, 0, &window(1000)));
    assert_eq!(sent(&mut machine, stream), (1000, false));
    assert!(hear(&mut machine, frame::WINDOW_UPDATE, 0, 0, &window(100_000)));
    assert_eq!(sent(&mut machine, stream), (100_000 - initial - 1000, true));
}

#[test]
fn a_smaller_initial_window_counts_for_open_streams_too() {
    let (mut machine, stream) = with_stream();
    let smaller = frame::setting(frame::INITIAL_WINDOW_SIZE, 10);
    assert!(hear(&mut machine, frame::SETTINGS, 0, 0, &smaller));
    machine.send(stream, vec![7; 30].into(), true);
    assert_eq!(sent(&mut machine, stream), (10, false));
    // Less than what was sent already: the window is below zero, and stays closed.
    let none = frame::setting(frame::INITIAL_WINDOW_SIZE, 0);
    assert!(hear(&mut machine, frame::SETTINGS, 0, 0, &none));
    assert!(hear(&mut machine, frame::WINDOW_UPDATE, 0, stream, &window(10)));
    assert_eq!(sent(&mut machine, stream), (0, false));
    assert!(hear(&mut machine, frame::WINDOW_UPDATE, 0, stream, &window(20)));
    assert_eq!(sent(&mut machine, stream), (20, true));
}

#[test]
fn what_is_cancelled_does_not_hold_up_others() {
    let (mut machine, stuck) = with_stream();
    let other = machine.open(Method::Put).unwrap();
    let narrow = frame::setting(frame::INITIAL_WINDOW_SIZE, 10);
    assert!(hear(&mut machine, frame::SETTINGS, 0, 0, &narrow));
    machine.send(stuck, vec![7; 20].into(), true);
    machine.send(other, vec![7; 10].into(), true);
    assert_eq!(sent(&mut machine, other), (0, false), "messages keep their order");
    machine.close(stuck);
    assert_eq!(sent(&mut machine, other), (10, true));
}

#[test]
fn an_empty_message_ends_its_stream_too() {
    let (mut machine, stream) = with_stream();
    machine.send(stream, Bytes::new(), true);
    assert_eq!(sent(&mut machine, stream), (0, true));
}

/// What the server may send again: for the connection as it comes, for a stream as it is taken.
#[test]
fn windows_are_opened_again_when_half_is_used() {
    let (mut machine, stream) = with_stream();
    let full = [0; FRAME_BYTES];
    let half = STREAM_WINDOW_BYTES / 2;
    for _ in 0..half / FRAME_BYTES as u32 {
        assert!(hear(&mut machine, frame::DATA, 0, stream, &full));
    }
    assert!(said(&mut machine).is_empty(), "nobody took anything yet");
    assert!(body(&mut machine, stream).is_ready());
    let update = (frame::WINDOW_UPDATE, 0, stream, window(half).to_vec());
    assert_eq!(said(&mut machine), [update]);
}

#[test]
fn data_of_a_cancelled_stream_opens_the_connection_again() {
    let mut machine = machine();
    let full = [0; FRAME_BYTES];
    let half = CONNECTION_WINDOW_BYTES / 2;
    for _ in 0..half / FRAME_BYTES as u32 {
        assert!(hear(&mut machine, frame::DATA, 0, 1, &full));
    }
    let update = (frame::WINDOW_UPDATE, 0, 0, window(half).to_vec());
    assert_eq!(said(&mut machine), [update]);
}
