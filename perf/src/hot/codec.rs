//! Messages in and out.

use std::hint::black_box;

use braid_core::api::{PutResponse, RangeResponse};
use braid_core::ids::{LeaseId, Revision};
use braid_core::kv_list::{KvList, KvMeta};
use braid_net::encode::framed;
use braid_net::encode::kv::{Header, Put, Range};
use braid_net::identity::Identity;
use braid_net::proto::etcdserverpb as pb;
use braid_net::services::kv;
use bytes::Bytes;
use prost::Message;

use super::hot_section;

const KEY: &[u8; 32] = b"/registry/leases/node-0000000017";

/// A PutRequest into the engine's words.
pub fn decode_put(times: u64) {
    let put =
        pb::PutRequest { key: KEY[..].into(), value: vec![7; 256].into(), ..Default::default() };
    let message = Bytes::from(put.encode_to_vec());
    hot_section(|| {
        for _ in 0..times {
            black_box(pb::PutRequest::decode(message.clone()).map(kv::put)).ok();
        }
    });
}

/// The answer to a put.
pub fn encode_put(times: u64) {
    let response = PutResponse { revision: Revision(1 << 20), prev_kv: None };
    let header = header();
    hot_section(|| {
        for _ in 0..times {
            black_box(framed(&Put { header, response: black_box(&response) }));
        }
    });
}

/// The answer to a range of one key.
pub fn encode_range(times: u64) {
    let revision = Revision(1 << 20);
    let meta =
        KvMeta { create_revision: revision, mod_revision: revision, version: 1, lease: LeaseId(0) };
    let mut kvs = KvList::default();
    kvs.push(KEY, &[7; 256], meta);
    let response = RangeResponse { revision, kvs, count: 1, ..Default::default() };
    let header = Some(header());
    hot_section(|| {
        for _ in 0..times {
            black_box(framed(&Range { header, response: black_box(&response) }));
        }
    });
}

/// The header of an answer.
pub fn header() -> Header {
    let identity = Identity {
        cluster_id: 0xcdf8_18e6_0000_0000,
        member_id: 0x8e9e_05c5_2164_694d,
        raft_term: 2.into(),
        ..Identity::default()
    };
    Header::new(&identity, Revision(1 << 20))
}
