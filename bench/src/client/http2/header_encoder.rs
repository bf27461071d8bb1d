//! The headers of a request (RFC 7541): sent in full once, as one byte each from then on.

use crate::client::Method;

/// Indexes of the static table: `:method: POST`, `:scheme: http` and `:scheme: https`.
const POST: u8 = 3;
const HTTP: u8 = 6;
const HTTPS: u8 = 7;

/// Indexes of names in the static table.
const AUTHORITY: u8 = 1;
const PATH: u8 = 4;
const CONTENT_TYPE: u8 = 31;
/// The name follows.
const NEW_NAME: u8 = 0;

/// The first index of the dynamic table.
const FIRST_DYNAMIC: u8 = 62;

/// A field of a table.
const INDEXED: u8 = 0x80;
/// A field in full, to be remembered.
const LITERAL: u8 = 0x40;

/// What all fields of a connection cost at most in the server's table, in bytes.
pub const TABLE_BYTES: u32 = 2048;

/// One direction of a connection's headers.
pub struct Encoder {
    authority: String,
    scheme: u8,
    table: Table,
}

/// Values in the server's table, the oldest first. Nothing is ever evicted: there are only as many
/// as there are methods, and three.
#[derive(Default)]
struct Table(Vec<String>);

impl Encoder {
    /// For a server by this name.
    pub fn new(authority: &str, secure: bool) -> Self {
        let scheme = if secure { HTTPS } else { HTTP };
        Self { authority: authority.into(), scheme, table: Table::default() }
    }

    /// Writes the block of a request.
    pub fn write(&mut self, method: Method, out: &mut Vec<u8>) {
        out.extend_from_slice(&[INDEXED | POST, INDEXED | self.scheme]);
        self.table.write(out, PATH, "", method.path());
        self.table.write(out, AUTHORITY, "", &self.authority);
        self.table.write(out, CONTENT_TYPE, "", "application/grpc");
        self.table.write(out, NEW_NAME, "te", "trailers");
    }
}

impl Table {
    /// Writes a field: its index, or all of it, which gives it an index.
    fn write(&mut self, out: &mut Vec<u8>, name_index: u8, name: &str, value: &str) {
        if let Some(age) = self.0.iter().rev().position(|known| known == value) {
            out.push(INDEXED | (FIRST_DYNAMIC + age as u8));
            return;
        }
        out.push(LITERAL | name_index);
        if name_index == NEW_NAME {
            string(out, name);
        }
        string(out, value);
        self.0.push(value.into());
    }
}

/// A string without Huffman's code. An address has 255 bytes at most, a path fewer.
fn string(out: &mut Vec<u8>, text: &str) {
    const MOST_IN_ONE_BYTE: usize = 0x7f;
    match text.len().checked_sub(MOST_IN_ONE_BYTE) {
        None => out.push(text.len() as u8),
        Some(rest) if rest <= MOST_IN_ONE_BYTE => out.extend_from_slice(&[0x7f, rest as u8]),
        Some(rest) => out.extend_from_slice(&[0x7f, rest as u8 | 0x80, (rest >> 7) as u8]),
    }
    out.extend_from_slice(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(encoder: &mut Encoder, method: Method) -> Vec<u8> {
        let mut out = vec![];
        encoder.write(method, &mut out);
        out
    }

    #[test]
    fn headers_are_sent_in_full_once() {
        let mut encoder = Encoder::new("host:1", false);
        let first = block(&mut encoder, Method::Put);
        assert!(first.starts_with(b"\x83\x86\x44\x14/etcdserverpb.KV/Put\x41\x06host:1\x5f\x10"));
        assert!(first.ends_with(b"\x40\x02te\x08trailers"));
        // The newest entry is the first of the table: te, content-type, authority, path.
        assert_eq!(block(&mut encoder, Method::Put), [0x83, 0x86, 0xc1, 0xc0, 0xbf, 0xbe]);
    }

    #[test]
    fn another_method_moves_what_is_older() {
        let mut encoder = Encoder::new("host:1", false);
        block(&mut encoder, Method::Put);
        let second = block(&mut encoder, Method::Range);
        assert!(second.starts_with(b"\x83\x86\x44\x16/etcdserverpb.KV/Range"));
        assert_eq!(second[second.len() - 3..], [0xc1, 0xc0, 0xbf]);
        assert_eq!(block(&mut encoder, Method::Put), [0x83, 0x86, 0xc2, 0xc1, 0xc0, 0xbf]);
    }

    /// Lengths at which the integer of the standard takes another byte.
    #[test]
    fn strings_of_all_lengths_are_written() {
        for (len, prefix) in [
            (126, &[126][..]),
            (127, &[127, 0]),
            (128, &[127, 1]),
            (254, &[127, 127]),
            (255, &[127, 0x80, 1]),
            (259, &[127, 0x84, 1]),
        ] {
            let mut out = vec![];
            string(&mut out, &"x".repeat(len));
            assert_eq!(out[..prefix.len()], *prefix, "{len}");
            assert_eq!(out.len(), prefix.len() + len);
        }
    }

    #[test]
    fn the_table_never_evicts() {
        const ENTRY_BYTES: usize = 32;
        let mut encoder = Encoder::new(&"h".repeat(259), true);
        let methods = [
            Method::Put,
            Method::Range,
            Method::RangeStream,
            Method::Txn,
            Method::Watch,
            Method::LeaseGrant,
            Method::LeaseKeepAlive,
            Method::Echo,
        ];
        for method in methods {
            block(&mut encoder, method);
        }
        let names = ":authoritycontent-typete".len() + methods.len() * ":path".len();
        let values: usize = encoder.table.0.iter().map(|value| value.len() + ENTRY_BYTES).sum();
        assert_eq!(encoder.table.0.len(), methods.len() + 3);
        assert!(names + values <= TABLE_BYTES as usize);
    }
}
