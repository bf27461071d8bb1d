//! The answer of Txn.

use braid_core::api::{OperationResponse, TxnResponse};
use bytes::BytesMut;

use crate::encode::Encode;
use crate::encode::field::{message_len, put_message, put_varint, varint_len};
use crate::encode::kv::{DeleteRange, Header, Put, Range};

/// A TxnResponse. The engine bounds how deep answers nest, as it bounds the requests.
pub struct Txn<'a> {
    /// Its header.
    pub header: Header,
    /// The rest.
    pub response: &'a TxnResponse,
}

impl Encode for Txn<'_> {
    fn encoded_len(&self) -> usize {
        let parts = self.response.responses.iter().map(|part| message_len(3, &Part(part)));
        message_len(1, &self.header)
            + varint_len(2, u64::from(self.response.succeeded))
            + parts.sum::<usize>()
    }

    fn encode(&self, buffer: &mut BytesMut) {
        put_message(1, &self.header, buffer);
        put_varint(2, u64::from(self.response.succeeded), buffer);
        for part in &self.response.responses {
            put_message(3, &Part(part), buffer);
        }
    }
}

/// A ResponseOp.
struct Part<'a>(&'a OperationResponse);

impl Encode for Part<'_> {
    fn encoded_len(&self) -> usize {
        match self.0 {
            OperationResponse::Range(response) => {
                let header = Some(Header::bare(response.revision));
                message_len(1, &Range { header, response })
            }
            OperationResponse::Put(response) => {
                message_len(2, &Put { header: Header::bare(response.revision), response })
            }
            OperationResponse::DeleteRange(response) => {
                message_len(3, &DeleteRange { header: Header::bare(response.revision), response })
            }
            OperationResponse::Txn(response) => {
                message_len(4, &Txn { header: Header::EMPTY, response })
            }
        }
    }

    fn encode(&self, buffer: &mut BytesMut) {
        match self.0 {
            OperationResponse::Range(response) => {
                let header = Some(Header::bare(response.revision));
                put_message(1, &Range { header, response }, buffer);
            }
            OperationResponse::Put(response) => {
                let header = Header::bare(response.revision);
                put_message(2, &Put { header, response }, buffer);
            }
            OperationResponse::DeleteRange(response) => {
                let header = Header::bare(response.revision);
                put_message(3, &DeleteRange { header, response }, buffer);
            }
            OperationResponse::Txn(response) => {
                put_message(4, &Txn { header: Header::EMPTY, response }, buffer);
            }
        }
    }
}
