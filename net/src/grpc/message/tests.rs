use proptest::prelude::*;

use super::*;
use crate::budget::{Account, Budget, CoreBudget};

fn charge() -> Charge {
    Charge::new(&Account::new(&CoreBudget::new(Budget::new(1 << 20)), u64::MAX))
}

/// Feeds `bytes` in chunks of `size` and collects messages until an error.
fn read(bytes: &[u8], size: usize, max_bytes: usize) -> (Vec<Bytes>, Option<Status>) {
    let mut reader = MessageReader::default();
    let (mut charge, mut messages) = (charge(), Vec::new());
    for chunk in bytes.chunks(size.max(1)) {
        reader.push(Bytes::copy_from_slice(chunk));
        loop {
            match reader.take(&mut ReadRules { max_bytes, charge: &mut charge }) {
                Ok(Some(message)) => messages.push(message),
                Ok(None) => break,
                Err(status) => return (messages, Some(status)),
            }
        }
    }
    let rest = reader.end().err().map(|_| Status::new(Code::Unknown, "unexpected EOF"));
    (messages, rest)
}

fn written(messages: &[Vec<u8>]) -> Vec<u8> {
    let mut buffer = BytesMut::new();
    for message in messages {
        put_prefix(&mut buffer, message.len());
        buffer.extend_from_slice(message);
    }
    buffer.to_vec()
}

proptest! {
    #[test]
    fn messages_survive_any_cutting(
        messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..50), 0..8),
        size in 1usize..70,
    ) {
        let (found, error) = read(&written(&messages), size, 1000);
        prop_assert_eq!(found, messages);
        prop_assert_eq!(error, None);
    }

    #[test]
    fn garbage_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200), size in 1usize..70) {
        let (messages, _) = read(&bytes, size, 100);
        prop_assert!(messages.iter().all(|message| message.len() <= 100));
    }
}

#[test]
fn a_message_in_one_frame_is_not_copied() {
    let frame = Bytes::from(written(&[b"hello".to_vec()]));
    let mut reader = MessageReader::default();
    reader.push(frame.clone());
    let mut charge = charge();
    let taken = reader.take(&mut ReadRules { max_bytes: 10, charge: &mut charge });
    let message = taken.expect("valid").expect("whole");
    assert_eq!(message.as_ptr(), frame[PREFIX_BYTES..].as_ptr());
}

#[test]
fn the_length_alone_refuses_a_message() {
    let (messages, error) = read(&[0, 0, 0, 4, 1], 5, 1024);
    assert!(messages.is_empty());
    let expected = "grpc: received message larger than max (1025 vs. 1024)";
    assert_eq!(error, Some(Status::new(Code::ResourceExhausted, expected)));
}

#[test]
fn compressed_and_unknown_flags() {
    let code = |flag| read(&[flag, 0, 0, 0, 0], 5, 10).1.map(|status| status.message.into_owned());
    assert!(code(1).is_some_and(|text| text.contains("compressed flag set")));
    assert!(code(9).is_some_and(|text| text.ends_with("payload format 9")));
    assert_eq!(code(0), None);
}

#[test]
fn a_message_beyond_the_budget_is_refused_at_its_prefix() {
    let (_, error) = read(&[0, 0, 32, 0, 0], 5, 1 << 30);
    assert_eq!(error.map(|status| status.code), Some(Code::Unknown));
}
