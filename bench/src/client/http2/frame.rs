//! Frames: nine bytes, then a payload.

/// Kinds of frame.
pub const DATA: u8 = 0;
pub const HEADERS: u8 = 1;
pub const RST_STREAM: u8 = 3;
pub const SETTINGS: u8 = 4;
pub const PING: u8 = 6;
pub const GOAWAY: u8 = 7;
pub const WINDOW_UPDATE: u8 = 8;
pub const CONTINUATION: u8 = 9;

/// Flags.
pub const ACK: u8 = 1;
pub const END_STREAM: u8 = 1;
pub const END_HEADERS: u8 = 4;
pub const PADDED: u8 = 8;
pub const PRIORITY: u8 = 32;

/// Settings.
pub const ENABLE_PUSH: u16 = 2;
pub const INITIAL_WINDOW_SIZE: u16 = 4;
pub const HEADER_TABLE_SIZE: u16 = 1;

/// What a client says first.
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The reason of a stream that nobody needs any more.
pub const CANCEL: u32 = 8;

/// What stands before a payload.
#[derive(Clone, Copy, Debug)]
pub struct Head {
    /// Bytes of the payload.
    pub len: usize,
    /// Kind of frame.
    pub kind: u8,
    /// Flags, by kind.
    pub flags: u8,
    /// Stream; zero for the connection.
    pub stream: u32,
}

impl Head {
    /// Bytes that it takes.
    pub const BYTES: usize = 9;

    /// Reads a head.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let &[a, b, c, kind, flags, s0, s1, s2, s3] = bytes.first_chunk()?;
        Some(Self {
            len: u32::from_be_bytes([0, a, b, c]) as usize,
            kind,
            flags,
            stream: u32::from_be_bytes([s0 & 0x7f, s1, s2, s3]),
        })
    }
}

/// Writes a frame.
pub fn write(out: &mut Vec<u8>, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
    out.extend_from_slice(&(payload.len() as u32).to_be_bytes()[1..]);
    out.extend_from_slice(&[kind, flags]);
    out.extend_from_slice(&stream.to_be_bytes());
    out.extend_from_slice(payload);
}

/// Writes a setting as it stands in a payload.
pub fn setting(name: u16, value: u32) -> [u8; 6] {
    let ([a, b], [c, d, e, f]) = (name.to_be_bytes(), value.to_be_bytes());
    [a, b, c, d, e, f]
}

/// The payload without its padding; none when it is shorter than its padding.
pub fn unpadded(head: Head, payload: &[u8]) -> Option<&[u8]> {
    if head.flags & PADDED == 0 {
        return Some(payload);
    }
    let (&padding, rest) = payload.split_first()?;
    rest.get(..rest.len().checked_sub(padding.into())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(kind: u8, flags: u8) -> Head {
        Head { len: 0, kind, flags, stream: 1 }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let mut bytes = vec![];
        write(&mut bytes, DATA, END_STREAM, 0x7abc_def1, &[7; 0x1_02_03]);
        let head = Head::parse(&bytes).unwrap();
        assert_eq!((head.len, head.kind, head.flags), (0x1_02_03, DATA, END_STREAM));
        assert_eq!(head.stream, 0x7abc_def1);
        assert_eq!(&bytes[Head::BYTES..], [7; 0x1_02_03]);
        assert!(Head::parse(&bytes[..Head::BYTES - 1]).is_none());
    }

    #[test]
    fn the_reserved_bit_of_a_stream_means_nothing() {
        assert_eq!(Head::parse(&[0, 0, 0, 0, 0, 0x80, 0, 0, 5]).unwrap().stream, 5);
    }

    #[test]
    fn settings_are_as_the_standard_has_them() {
        assert_eq!(setting(INITIAL_WINDOW_SIZE, 0x0102_0304), [0, 4, 1, 2, 3, 4]);
    }

    #[test]
    fn padding_is_taken_off_and_never_longer_than_the_frame() {
        let padded = |payload| unpadded(head(DATA, PADDED), payload);
        assert_eq!(padded(&[2, b'a', 0, 0]), Some(&b"a"[..]));
        assert_eq!(padded(&[0]), Some(&b""[..]));
        assert_eq!(padded(&[3, 0, 0]), None);
        assert_eq!(padded(&[]), None);
        assert_eq!(unpadded(head(DATA, 0), &[3, 0]), Some(&[3, 0][..]));
    }
}
