//! Cutting a large response into pieces, between events.

use super::chunk::Chunk;
use super::size;

/// What a response takes on the wire beside its events, at most.
const HEADER_BYTES: usize = 64;

/// Splits a chunk into pieces whose responses stay below `limit_bytes`. A piece holds at least one
/// event, so one that is larger by itself goes whole.
pub(super) fn split(chunk: &Chunk, limit_bytes: usize) -> Vec<Chunk> {
    let (mut pieces, mut begin, mut bytes) = (Vec::new(), 0, HEADER_BYTES);
    for (place, event) in chunk.events.iter().enumerate() {
        let event_bytes = size::encoded(event);
        if place > begin && bytes + event_bytes >= limit_bytes {
            pieces.push(Chunk::of(&chunk.events[begin..place]));
            (begin, bytes) = (place, HEADER_BYTES);
        }
        bytes += event_bytes;
    }
    pieces.push(Chunk::of(&chunk.events[begin..]));
    pieces
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::api::{Event, KeyValue};

    fn event(value_len: usize) -> Event {
        let kv = KeyValue { value: Bytes::from(vec![0; value_len]), ..Default::default() };
        Event { deleted: false, kv, prev_kv: None }
    }

    fn sizes(lens: &[usize]) -> Vec<usize> {
        let events: Vec<_> = lens.iter().map(|len| event(*len)).collect();
        split(&Chunk::of(&events), 1000).iter().map(|piece| piece.events.len()).collect()
    }

    #[test]
    fn pieces_stay_below_the_limit_and_hold_at_least_one_event() {
        assert_eq!(sizes(&[100, 100]), [2]);
        assert_eq!(sizes(&[400, 400, 400]), [2, 1]);
        assert_eq!(sizes(&[5000]), [1]);
        assert_eq!(sizes(&[10, 5000, 10, 10]), [1, 1, 2]);
        for piece in split(&Chunk::of(&vec![event(300); 20]), 1000) {
            assert!(piece.events.iter().map(size::encoded).sum::<usize>() + HEADER_BYTES < 1000);
        }
    }
}
