//! How large events are, in memory and on the wire.

use crate::api::{Event, KeyValue};

/// Bytes charged for an event that a buffer or queue holds. Shared keys and values are charged to
/// everyone who holds them: a bound must also hold when nobody shares.
pub(super) fn in_memory(event: &Event) -> usize {
    let pairs = std::iter::once(&event.kv).chain(&event.prev_kv);
    size_of::<Event>() + pairs.map(|kv| kv.key.len() + kv.value.len()).sum::<usize>()
}

/// Bytes of an event as one item of a response's field 11.
pub(super) fn encoded(event: &Event) -> usize {
    let kind = if event.deleted { 2 } else { 0 };
    let kv = nested(pair(&event.kv));
    let prev = event.prev_kv.as_ref().map_or(0, |prev| nested(pair(prev)));
    nested(kind + kv + prev)
}

fn pair(kv: &KeyValue) -> usize {
    let numbers = [kv.create_revision.0, kv.mod_revision.0, kv.version, kv.lease.0 as u64];
    let numbers: usize = numbers.into_iter().filter(|number| *number != 0).map(number).sum();
    bytes(kv.key.len()) + bytes(kv.value.len()) + numbers
}

/// A byte string with tag and length; absent when empty.
fn bytes(len: usize) -> usize {
    if len == 0 { 0 } else { nested(len) }
}

/// A message of `len` bytes with tag and length.
fn nested(len: usize) -> usize {
    number(len as u64) + len
}

/// A tag and a varint.
fn number(value: u64) -> usize {
    let bits = (u64::BITS - value.leading_zeros()).max(1);
    1 + bits.div_ceil(7) as usize
}

#[cfg(test)]
mod tests {
    use braid_storage::ids::{LeaseId, Revision};
    use bytes::Bytes;

    use super::*;

    #[test]
    fn the_encoded_size_follows_protobuf() {
        let kv = KeyValue {
            key: Bytes::from_static(b"key"),
            value: Bytes::from(vec![0; 200]),
            create_revision: Revision(127),
            mod_revision: Revision(128),
            version: 1,
            lease: LeaseId(-1),
        };
        // key 2+3, value 3+200, create 2, mod 3, version 2, lease 11.
        let pair = 5 + 203 + 2 + 3 + 2 + 11;
        let put = Event { deleted: false, kv, prev_kv: None };
        assert_eq!(encoded(&put), 3 + 3 + pair);
        let deleted = KeyValue {
            key: Bytes::from_static(b"k"),
            mod_revision: Revision(1),
            ..Default::default()
        };
        let delete = Event { deleted: true, kv: deleted, prev_kv: Some(put.kv) };
        assert_eq!(encoded(&delete), 3 + 2 + (2 + 3 + 2) + 3 + pair);
    }
}
