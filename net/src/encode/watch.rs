//! Watch responses.

use braid_core::api::{Event, WatchResponse};
use bytes::BytesMut;

use crate::encode::Encode;
use crate::encode::field::{
    bytes_len, message_len, put_bytes, put_message, put_varint, varint_len,
};
use crate::encode::kv::{Header, as_kv_ref};

/// A WatchResponse.
pub struct Watch<'a> {
    /// Its header.
    pub header: Header,
    /// The rest.
    pub response: &'a WatchResponse,
}

impl Encode for Watch<'_> {
    fn encoded_len(&self) -> usize {
        let response = self.response;
        message_len(1, &self.header)
            + varint_len(2, response.watch_id as u64)
            + varint_len(3, u64::from(response.created))
            + varint_len(4, u64::from(response.canceled))
            + varint_len(5, response.compact_revision as u64)
            + bytes_len(6, response.cancel_reason.as_bytes())
            + varint_len(7, u64::from(response.fragment))
            + response.events.iter().map(|event| message_len(11, event)).sum::<usize>()
    }

    fn encode(&self, buffer: &mut BytesMut) {
        let response = self.response;
        put_message(1, &self.header, buffer);
        put_varint(2, response.watch_id as u64, buffer);
        put_varint(3, u64::from(response.created), buffer);
        put_varint(4, u64::from(response.canceled), buffer);
        put_varint(5, response.compact_revision as u64, buffer);
        put_bytes(6, response.cancel_reason.as_bytes(), buffer);
        put_varint(7, u64::from(response.fragment), buffer);
        for event in &response.events {
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
