//! Headers, pairs, and the answers of Range, Put and DeleteRange.

use braid_core::api::{DeleteRangeResponse, KeyValue, PutResponse, RangeResponse};
use braid_core::kv_list::{KvList, KvMeta, KvRef};
use braid_storage::ids::Revision;
use bytes::BytesMut;

use crate::encode::Encode;
use crate::encode::field::{
    bytes_len, message_len, put_bytes, put_message, put_varint, varint_len,
};
use crate::identity::Identity;

/// A response header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    cluster_id: u64,
    member_id: u64,
    revision: u64,
    raft_term: u64,
}

impl Header {
    /// The header of an answer.
    #[must_use]
    pub fn new(identity: &Identity, revision: Revision) -> Self {
        Self {
            cluster_id: identity.cluster_id,
            member_id: identity.member_id,
            revision: revision.0,
            raft_term: identity.raft_term.get(),
        }
    }

    /// The header of a transaction inside another: etcd fills in nothing.
    pub const EMPTY: Self = Self::bare(Revision(0));

    /// The header of a transaction's part: etcd fills in only the revision.
    #[must_use]
    pub const fn bare(revision: Revision) -> Self {
        Self { cluster_id: 0, member_id: 0, revision: revision.0, raft_term: 0 }
    }
}

impl Encode for Header {
    fn encoded_len(&self) -> usize {
        varint_len(1, self.cluster_id)
            + varint_len(2, self.member_id)
            + varint_len(3, self.revision)
            + varint_len(4, self.raft_term)
    }

    fn encode(&self, buffer: &mut BytesMut) {
        put_varint(1, self.cluster_id, buffer);
        put_varint(2, self.member_id, buffer);
        put_varint(3, self.revision, buffer);
        put_varint(4, self.raft_term, buffer);
    }
}

impl Encode for KvRef<'_> {
    fn encoded_len(&self) -> usize {
        let KvMeta { create_revision, mod_revision, version, lease } = self.meta;
        bytes_len(1, self.key)
            + varint_len(2, create_revision.0)
            + varint_len(3, mod_revision.0)
            + varint_len(4, version)
            + bytes_len(5, self.value)
            + varint_len(6, lease.0 as u64)
    }

    fn encode(&self, buffer: &mut BytesMut) {
        let KvMeta { create_revision, mod_revision, version, lease } = self.meta;
        put_bytes(1, self.key, buffer);
        put_varint(2, create_revision.0, buffer);
        put_varint(3, mod_revision.0, buffer);
        put_varint(4, version, buffer);
        put_bytes(5, self.value, buffer);
        put_varint(6, lease.0 as u64, buffer);
    }
}

/// A standing-alone pair, seen as one of a list.
#[must_use]
pub fn as_kv_ref(kv: &KeyValue) -> KvRef<'_> {
    let meta = KvMeta {
        create_revision: kv.create_revision,
        mod_revision: kv.mod_revision,
        version: kv.version,
        lease: kv.lease,
    };
    KvRef { key: &kv.key, value: &kv.value, meta }
}

/// Length of `kvs` as repeated field `tag`.
#[must_use]
pub fn list_len(tag: u32, kvs: &KvList) -> usize {
    kvs.iter().map(|kv| message_len(tag, &kv)).sum()
}

/// Writes `kvs` as repeated field `tag`.
pub fn put_list(tag: u32, kvs: &KvList, buffer: &mut BytesMut) {
    for kv in kvs.iter() {
        put_message(tag, &kv, buffer);
    }
}

/// A whole RangeResponse.
pub struct Range<'a> {
    /// Its header; none in all but the last chunk of a RangeStream.
    pub header: Option<Header>,
    /// The rest.
    pub response: &'a RangeResponse,
}

impl Encode for Range<'_> {
    fn encoded_len(&self) -> usize {
        self.header.map_or(0, |header| message_len(1, &header))
            + list_len(2, &self.response.kvs)
            + range_tail_len(self.response)
    }

    fn encode(&self, buffer: &mut BytesMut) {
        if let Some(header) = &self.header {
            put_message(1, header, buffer);
        }
        put_list(2, &self.response.kvs, buffer);
        put_range_tail(self.response, buffer);
    }
}

/// Length of what follows the pairs of a RangeResponse.
#[must_use]
pub fn range_tail_len(response: &RangeResponse) -> usize {
    varint_len(3, u64::from(response.more)) + varint_len(4, response.count as u64)
}

/// Writes what follows the pairs of a RangeResponse.
pub fn put_range_tail(response: &RangeResponse, buffer: &mut BytesMut) {
    put_varint(3, u64::from(response.more), buffer);
    put_varint(4, response.count as u64, buffer);
}

/// A PutResponse.
pub struct Put<'a> {
    /// Its header.
    pub header: Header,
    /// The rest.
    pub response: &'a PutResponse,
}

impl Encode for Put<'_> {
    fn encoded_len(&self) -> usize {
        let previous = self.response.prev_kv.as_ref();
        message_len(1, &self.header) + previous.map_or(0, |kvs| list_len(2, kvs))
    }

    fn encode(&self, buffer: &mut BytesMut) {
        put_message(1, &self.header, buffer);
        if let Some(kvs) = &self.response.prev_kv {
            put_list(2, kvs, buffer);
        }
    }
}

/// A DeleteRangeResponse.
pub struct DeleteRange<'a> {
    /// Its header.
    pub header: Header,
    /// The rest.
    pub response: &'a DeleteRangeResponse,
}

impl Encode for DeleteRange<'_> {
    fn encoded_len(&self) -> usize {
        message_len(1, &self.header)
            + varint_len(2, self.response.deleted as u64)
            + list_len(3, &self.response.prev_kvs)
    }

    fn encode(&self, buffer: &mut BytesMut) {
        put_message(1, &self.header, buffer);
        put_varint(2, self.response.deleted as u64, buffer);
        put_list(3, &self.response.prev_kvs, buffer);
    }
}
