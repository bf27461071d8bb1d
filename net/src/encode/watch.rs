//! Watch responses.

use braid_core::api::{Event, WatchResponse, WatchResponses};
use bytes::{BufMut, BytesMut};

use crate::encode::field::{
    bytes_len, message_len, put_bytes, put_message, put_varint, varint_len,
};
use crate::encode::kv::{Header, as_kv_ref};
use crate::encode::{Encode, put_framed};
use crate::grpc::message::{PREFIX_BYTES, put_prefix};

/// A WatchResponse.
struct Watch<'a> {
    header: &'a Header,
    response: &'a WatchResponse,
}

impl Encode for Watch<'_> {
    fn encoded_len(&self) -> usize {
        message_len(1, self.header)
            + varint_len(2, self.response.watch_id as u64)
            + Body(self.response).encoded_len()
    }

    fn encode(&self, buffer: &mut BytesMut) {
        put_message(1, self.header, buffer);
        put_varint(2, self.response.watch_id as u64, buffer);
        Body(self.response).encode(buffer);
    }
}

/// What all watchers who are told the same have in common, beside the header.
struct Body<'a>(&'a WatchResponse);

impl Encode for Body<'_> {
    fn encoded_len(&self) -> usize {
        let response = self.0;
        varint_len(3, u64::from(response.created))
            + varint_len(4, u64::from(response.canceled))
            + varint_len(5, response.compact_revision as u64)
            + bytes_len(6, response.cancel_reason.as_bytes())
            + varint_len(7, u64::from(response.fragment))
            + response.events.iter().map(|event| message_len(11, event)).sum::<usize>()
    }

    fn encode(&self, buffer: &mut BytesMut) {
        let response = self.0;
        put_varint(3, u64::from(response.created), buffer);
        put_varint(4, u64::from(response.canceled), buffer);
        put_varint(5, response.compact_revision as u64, buffer);
        put_bytes(6, response.cancel_reason.as_bytes(), buffer);
        put_varint(7, u64::from(response.fragment), buffer);
        for event in response.events.iter() {
            put_message(11, event, buffer);
        }
    }
}

impl Encode for Event {
    fn encoded_len(&self) -> usize {
        let previous = self.prev_kv.as_ref();
        varint_len(1, u64::from(self.deleted))
            + message_len(2, &as_kv_ref(&self.kv))
            + previous.map_or(0, |kv| message_len(3, &as_kv_ref(kv)))
    }

    fn encode(&self, buffer: &mut BytesMut) {
        put_varint(1, u64::from(self.deleted), buffer);
        put_message(2, &as_kv_ref(&self.kv), buffer);
        if let Some(kv) = &self.prev_kv {
            put_message(3, &as_kv_ref(kv), buffer);
        }
    }
}

/// Responses on their way out. What several watchers are told is encoded once.
pub struct Copies {
    header: Header,
    responses: WatchResponses,
    /// How many are written.
    written: usize,
    /// Header and body, encoded when there are several watchers.
    common: Option<(BytesMut, BytesMut)>,
}

impl Copies {
    /// The responses, with this header.
    #[must_use]
    pub fn new(header: Header, responses: WatchResponses) -> Self {
        Self { header, responses, written: 0, common: None }
    }

    /// Whether everything is written.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.written > self.responses.others.len()
    }

    /// Bytes that are kept until everything is written.
    #[must_use]
    pub fn kept_bytes(&self) -> usize {
        self.common.as_ref().map_or(0, |(head, body)| head.len() + body.len())
    }

    /// Writes the next message with its prefix, unless everything is written.
    pub fn put_next(&mut self, buffer: &mut BytesMut) {
        let Self { header, responses, written, common } = self;
        let Some(id) = responses.watch_ids().nth(*written) else { return };
        let response = &responses.response;
        if responses.others.is_empty() {
            put_framed(&Watch { header, response }, buffer);
        } else {
            let (head, body) = common.get_or_insert_with(|| parts(header, response));
            put_copy(head, id, body, buffer);
        }
        *written += 1;
    }
}

fn parts(header: &Header, response: &WatchResponse) -> (BytesMut, BytesMut) {
    let (mut head, mut body) = (BytesMut::new(), BytesMut::new());
    put_message(1, header, &mut head);
    body.reserve(Body(response).encoded_len());
    Body(response).encode(&mut body);
    (head, body)
}

fn put_copy(head: &[u8], watch_id: i64, body: &[u8], buffer: &mut BytesMut) {
    let len = head.len() + varint_len(2, watch_id as u64) + body.len();
    buffer.reserve(PREFIX_BYTES + len);
    put_prefix(buffer, len);
    buffer.put_slice(head);
    put_varint(2, watch_id as u64, buffer);
    buffer.put_slice(body);
}

#[cfg(test)]
mod tests {
    use braid_core::api::KeyValue;
    use braid_storage::ids::Revision;

    use super::*;

    fn events(count: u64) -> Vec<Event> {
        let event = |number| Event {
            deleted: number % 2 == 1,
            kv: KeyValue { key: vec![b'k'; 3].into(), version: number, ..KeyValue::default() },
            prev_kv: (number % 3 == 1).then(KeyValue::default),
        };
        (0..count).map(event).collect()
    }

    fn one_by_one(responses: &WatchResponses, header: Header) -> BytesMut {
        let mut buffer = BytesMut::new();
        for response in responses.each() {
            put_framed(&Watch { header: &header, response: &response }, &mut buffer);
        }
        buffer
    }

    #[test]
    fn shared_responses_are_those_of_each_watcher() {
        let header = Header::bare(Revision(300));
        for (fragment, count) in [(false, 0), (false, 1), (true, 40)] {
            let response =
                WatchResponse { fragment, events: events(count).into(), ..Default::default() };
            for others in [vec![], vec![1], vec![-1, 127, 128, i64::MAX]] {
                let responses = WatchResponses { response: response.clone(), others };
                let expected = one_by_one(&responses, header);
                let (mut copies, mut buffer) = (Copies::new(header, responses), BytesMut::new());
                while !copies.is_done() {
                    copies.put_next(&mut buffer);
                }
                copies.put_next(&mut buffer);
                assert_eq!(buffer, expected, "{count} events");
            }
        }
    }
}
