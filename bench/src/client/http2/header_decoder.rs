//! What an answer's headers say (RFC 7541), as far as gRPC asks: HTTP's status and its own.

use std::collections::VecDeque;

use super::huffman;

/// Bytes of the dynamic table that a server may use: the default, as nothing else is asked for.
const TABLE_BYTES: usize = 4096;

/// What an entry costs beside its text (RFC 7541, 4.1).
const ENTRY_BYTES: usize = 32;

/// Blocks that are remembered; answers that go well have two.
const REMEMBERED: usize = 8;

/// What a block says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields {
    /// HTTP's status.
    pub http: Option<u16>,
    /// gRPC's status.
    pub grpc: Option<u32>,
    /// Its text.
    pub message: String,
}

/// The names of the static table, from index 1.
const STATIC: [&str; 61] = [
    ":authority",
    ":method",
    ":method",
    ":path",
    ":path",
    ":scheme",
    ":scheme",
    ":status",
    ":status",
    ":status",
    ":status",
    ":status",
    ":status",
    ":status",
    "accept-charset",
    "accept-encoding",
    "accept-language",
    "accept-ranges",
    "accept",
    "access-control-allow-origin",
    "age",
    "allow",
    "authorization",
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-length",
    "content-location",
    "content-range",
    "content-type",
    "cookie",
    "date",
    "etag",
    "expect",
    "expires",
    "from",
    "host",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "last-modified",
    "link",
    "location",
    "max-forwards",
    "proxy-authenticate",
    "proxy-authorization",
    "range",
    "referer",
    "refresh",
    "retry-after",
    "server",
    "set-cookie",
    "strict-transport-security",
    "transfer-encoding",
    "user-agent",
    "vary",
    "via",
    "www-authenticate",
];

/// The values of `:status` in the static table, from index 8. The other values mean nothing here.
const STATUSES: [&str; 7] = ["200", "204", "206", "304", "400", "404", "500"];
const FIRST_STATUS: usize = 8;

type Entry = (Vec<u8>, Vec<u8>);

/// One direction of a connection's headers.
#[derive(Default)]
pub struct Decoder {
    table: VecDeque<Entry>,
    bytes: usize,
    /// Blocks that did not change the table, and what they say as long as it stays as it is.
    remembered: Vec<(Vec<u8>, Fields)>,
}

impl Decoder {
    /// What a block says; none when it is malformed.
    pub fn decode(&mut self, block: &[u8]) -> Option<Fields> {
        if let Some((_, fields)) = self.remembered.iter().find(|(known, _)| known == block) {
            return Some(fields.clone());
        }
        let mut fields = Fields::default();
        let (mut rest, mut same_table) = (block, true);
        while !rest.is_empty() {
            same_table &= self.field(&mut rest, &mut fields)?;
        }
        if !same_table {
            self.remembered.clear();
        } else if self.remembered.len() < REMEMBERED {
            self.remembered.push((block.to_vec(), fields.clone()));
        }
        Some(fields)
    }

    /// Takes one field; whether the table is still the same.
    fn field(&mut self, rest: &mut &[u8], fields: &mut Fields) -> Option<bool> {
        let first = *rest.first()?;
        if first & 0x80 != 0 {
            let index = integer(rest, 7)?;
            let (name, value) = self.entry(index)?;
            fields.take(&name, &value);
            return Some(true);
        }
        if first & 0xe0 == 0x20 {
            // A smaller table evicts; the larger one again holds nothing more.
            let limit = integer(rest, 5)?;
            self.evict_down_to(limit.min(TABLE_BYTES));
            return Some(false);
        }
        let indexed = first & 0x40 != 0;
        let name = match integer(rest, if indexed { 6 } else { 4 })? {
            0 => string(rest)?,
            index => self.entry(index)?.0,
        };
        let value = string(rest)?;
        fields.take(&name, &value);
        if indexed {
            self.insert((name, value));
        }
        Some(!indexed)
    }

    fn entry(&self, index: usize) -> Option<Entry> {
        let nth = index.checked_sub(1)?;
        if let Some(name) = STATIC.get(nth) {
            let value = index.checked_sub(FIRST_STATUS).and_then(|nth| STATUSES.get(nth));
            return Some(((*name).into(), value.copied().unwrap_or_default().into()));
        }
        self.table.get(nth - STATIC.len()).cloned()
    }

    fn insert(&mut self, entry: Entry) {
        let cost = cost(&entry);
        self.evict_down_to(TABLE_BYTES.saturating_sub(cost));
        if cost <= TABLE_BYTES {
            self.bytes += cost;
            self.table.push_front(entry);
        }
    }

    fn evict_down_to(&mut self, limit: usize) {
        while self.bytes > limit
            && let Some(entry) = self.table.pop_back()
        {
            self.bytes -= cost(&entry);
        }
    }
}

impl Fields {
    fn take(&mut self, name: &[u8], value: &[u8]) {
        let text = String::from_utf8_lossy(value);
        match name {
            b":status" => self.http = text.parse().ok(),
            b"grpc-status" => self.grpc = text.parse().ok(),
            b"grpc-message" => self.message = text.into_owned(),
            _ => {}
        }
    }
}

fn cost((name, value): &Entry) -> usize {
    name.len() + value.len() + ENTRY_BYTES
}

/// An integer whose first bits share a byte with something else; none when it is cut or absurd.
fn integer(rest: &mut &[u8], prefix: u32) -> Option<usize> {
    let (&first, mut tail) = rest.split_first()?;
    let most = (1 << prefix) - 1;
    let mut number = usize::from(first) & most;
    let mut shift = 0;
    while number >= most {
        let (&byte, after) = tail.split_first()?;
        tail = after;
        number += usize::from(byte & 0x7f).checked_shl(shift)?;
        shift += 7;
        if byte & 0x80 == 0 || shift > 21 {
            break;
        }
    }
    *rest = tail;
    Some(number)
}

fn string(rest: &mut &[u8]) -> Option<Vec<u8>> {
    let coded = rest.first()? & 0x80 != 0;
    let len = integer(rest, 7)?;
    let (text, tail) = rest.split_at_checked(len)?;
    *rest = tail;
    Some(if coded { huffman::decode(text) } else { text.to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        let digits: Vec<_> = hex.chars().filter_map(|digit| digit.to_digit(16)).collect();
        digits.chunks(2).map(|pair| (pair[0] << 4 | pair[1]) as u8).collect()
    }

    /// The first two answers of the RFC's appendix C.6: the second one refers to the first.
    #[test]
    fn published_examples_are_decoded() {
        let mut decoder = Decoder::default();
        let first = "488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29\
                     ad171863c78f0b97c8e9ae82ae43d3";
        assert_eq!(decoder.decode(&bytes(first)).unwrap().http, Some(302));
        assert_eq!(decoder.decode(&bytes("4883640effc1c0bf")).unwrap().http, Some(307));
        assert_eq!(decoder.table.len(), 5);
        assert_eq!(decoder.table[1].0, b"location");
    }

    #[test]
    fn a_status_is_found_however_it_is_written() {
        let mut decoder = Decoder::default();
        let plain = [b"\x00\x0bgrpc-status\x02", &b"14"[..], b"\x00\x0cgrpc-message\x03", b"why"];
        let fields = decoder.decode(&plain.concat()).unwrap();
        assert_eq!((fields.grpc, fields.message.as_str()), (Some(14), "why"));
        // The same with an entry of the table, in full and then by its index.
        let indexed = [b"\x40\x0bgrpc-status\x01", &b"0"[..]].concat();
        assert_eq!(decoder.decode(&indexed).unwrap().grpc, Some(0));
        assert_eq!(decoder.decode(&[0xbe]).unwrap().grpc, Some(0));
        // A newer entry moves the index: what was remembered no longer holds.
        let newer = [b"\x40\x0bgrpc-status\x01", &b"5"[..]].concat();
        decoder.decode(&newer).unwrap();
        assert_eq!(decoder.decode(&[0xbe]).unwrap().grpc, Some(5));
        assert_eq!(decoder.decode(&[0xbf]).unwrap().grpc, Some(0));
    }

    #[test]
    fn malformed_blocks_are_refused() {
        for block in [&[0x80][..], &[0xff], &[0xbe], &[0x00, 0x05, b'a'], &[0x7f, 0xff, 0xff, 0xff]]
        {
            assert_eq!(Decoder::default().decode(block), None, "{block:x?}");
        }
    }

    #[test]
    fn the_table_stays_within_its_bounds() {
        let mut decoder = Decoder::default();
        for number in 0..1000 {
            let name = format!("name-{number:04}");
            let block = [b"\x40\x09", name.as_bytes(), b"\x01x"].concat();
            decoder.decode(&block).unwrap();
            assert!(decoder.bytes <= TABLE_BYTES);
        }
        assert_eq!(decoder.table.len(), TABLE_BYTES / (9 + 1 + ENTRY_BYTES));
        // A table of no bytes holds nothing.
        decoder.decode(&[0x20]).unwrap();
        assert_eq!((decoder.table.len(), decoder.bytes), (0, 0));
    }
}
