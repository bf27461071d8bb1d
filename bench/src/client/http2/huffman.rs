//! The Huffman code of header strings (RFC 7541, appendix B), as far as gRPC uses it: visible
//! characters whose codes have 15 bits or less.

/// Lengths in bits and the characters that have them. The code is canonical: within a length codes
/// count upwards, and each length goes on where the shorter one ended.
const LEVELS: [(u32, &[u8]); 10] = [
    (5, b"012aceiost"),
    (6, b" %-./3456789=A_bdfghlmnpru"),
    (7, b":BCDEFGHIJKLMNOPQRSTUVWYjkqvwxyz"),
    (8, b"&*,;XZ"),
    (10, b"!\"()?"),
    (11, b"'+|"),
    (12, b"#>"),
    (13, b"\0$@[]~"),
    (14, b"^}"),
    (15, b"<`{"),
];

/// Decodes a string. A character that is not in the table ends it: only texts of errors can have
/// one, and those are for people.
pub fn decode(bytes: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(bytes.len() * 8 / 5);
    let mut at = 0;
    while let Some((character, bits)) = character(bytes, at) {
        decoded.push(character);
        at += bits as usize;
    }
    decoded
}

/// The character whose code begins at a bit, and the length of the code.
fn character(bytes: &[u8], at: usize) -> Option<(u8, u32)> {
    let (mut first, mut previous_len) = (0, LEVELS[0].0);
    for (len, characters) in LEVELS {
        first <<= len - previous_len;
        previous_len = len;
        let code = bits(bytes, at, len)?;
        if let Some(&character) =
            code.checked_sub(first).and_then(|nth| characters.get(nth as usize))
        {
            return Some((character, len));
        }
        first += characters.len() as u32;
    }
    None
}

/// `len` bits from a bit on; none beyond the end.
fn bits(bytes: &[u8], at: usize, len: u32) -> Option<u32> {
    if at + len as usize > bytes.len() * 8 {
        return None;
    }
    let window = (0..4).map(|n| bytes.get(at / 8 + n).copied().unwrap_or(0));
    let window = window.fold(0, |window, byte| window << 8 | u32::from(byte));
    Some(window << (at % 8) >> (32 - len))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of the RFC's appendix C.
    #[test]
    fn published_examples_are_decoded() {
        let www = [0xf1, 0xe3, 0xc2, 0xe5, 0xf2, 0x3a, 0x6b, 0xa0, 0xab, 0x90, 0xf4, 0xff];
        assert_eq!(decode(&www), b"www.example.com");
        assert_eq!(decode(&[0xa8, 0xeb, 0x10, 0x64, 0x9c, 0xbf]), b"no-cache");
        let date = [
            0xd0, 0x7a, 0xbe, 0x94, 0x10, 0x54, 0xd4, 0x44, 0xa8, 0x20, 0x05, 0x95, 0x04, 0x0b,
            0x81, 0x66, 0xe0, 0x82, 0xa6, 0x2d, 0x1b, 0xff,
        ];
        assert_eq!(decode(&date), b"Mon, 21 Oct 2013 20:13:21 GMT");
    }
}
