//! Cutting a large response into pieces, between events.

use super::size;
use crate::api::Event;

/// What a response takes on the wire beside its events, at most.
const HEADER_BYTES: usize = 64;

/// Splits `events` into pieces whose responses stay below `limit_bytes`. A piece holds at least
/// one event, so one that is larger by itself goes whole.
pub(super) fn split(events: Vec<Event>, limit_bytes: usize) -> Vec<Vec<Event>> {
    let mut pieces: Vec<Vec<Event>> = Vec::new();
    let mut bytes = 0;
    for event in events {
        let event_bytes = size::encoded(&event);
        bytes += event_bytes;
        match pieces.last_mut() {
            Some(piece) if bytes < limit_bytes => piece.push(event),
            _ => {
                bytes = HEADER_BYTES + event_bytes;
                pieces.push(vec![event]);
            }
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::api::KeyValue;

    fn event(value_len: usize) -> Event {
        let kv = KeyValue { value: Bytes::from(vec![0; value_len]), ..Default::default() };
        Event { deleted: false, kv, prev_kv: None }
    }

    fn sizes(lens: &[usize]) -> Vec<usize> {
        let events = lens.iter().map(|len| event(*len)).collect();
        split(events, 1000).iter().map(Vec::len).collect()
    }

    #[test]
    fn pieces_stay_below_the_limit_and_hold_at_least_one_event() {
        assert_eq!(sizes(&[100, 100]), [2]);
        assert_eq!(sizes(&[400, 400, 400]), [2, 1]);
        assert_eq!(sizes(&[5000]), [1]);
        assert_eq!(sizes(&[10, 5000, 10, 10]), [1, 1, 2]);
        assert_eq!(sizes(&[]), []);
        for piece in split(vec![event(300); 20], 1000) {
            assert!(piece.iter().map(size::encoded).sum::<usize>() + HEADER_BYTES < 1000);
        }
    }
}
