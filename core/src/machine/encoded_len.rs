//! What pairs take on the wire, so that a large answer's size is known before its first byte.

use crate::kv_list::KvRef;

/// Bytes of a pair as field 2 of etcd's RangeResponse, a KeyValue message: one tag byte and a
/// varint for each field that is not empty, and the same around the whole.
pub(super) fn encoded_len(pair: &KvRef<'_>, value_len: u32) -> u64 {
    let number = |n: u64| if n == 0 { 0 } else { 1 + varint_len(n) };
    let bytes = |len: u64| if len == 0 { 0 } else { 1 + varint_len(len) + len };
    let meta = &pair.meta;
    let message = bytes(pair.key.len() as u64)
        + number(meta.create_revision.0)
        + number(meta.mod_revision.0)
        + number(meta.version)
        + bytes(u64::from(value_len))
        + number(meta.lease.0 as u64);
    1 + varint_len(message) + message
}

/// Bytes of `n` as a protobuf varint: seven bits a byte.
fn varint_len(n: u64) -> u64 {
    u64::from((63 - (n | 1).leading_zeros()) / 7 + 1)
}

#[cfg(test)]
mod tests {
    use super::varint_len;

    #[test]
    fn varints_take_seven_bits_a_byte() {
        let lens = [0, 1, 127, 128, 16_383, 16_384, u64::MAX].map(varint_len);
        assert_eq!(lens, [1, 1, 1, 2, 2, 3, 10]);
    }
}
