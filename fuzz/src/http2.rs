//! The client's side of HTTP/2, as bytes.

use braid_net::grpc::method::Method;

pub const DATA: u8 = 0;
pub const HEADERS: u8 = 1;
pub const SETTINGS: u8 = 4;
pub const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// The preface and empty settings.
pub fn greeting() -> Vec<u8> {
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    frame(&mut bytes, SETTINGS, 0, 0, &[]);
    bytes
}

/// A frame of any kind.
pub fn frame(to: &mut Vec<u8>, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
    let len = u32::try_from(payload.len()).expect("a small payload");
    to.extend_from_slice(&len.to_be_bytes()[1..]);
    to.extend_from_slice(&[kind, flags]);
    to.extend_from_slice(&stream.to_be_bytes());
    to.extend_from_slice(payload);
}

/// The headers of a call, without compression but for HPACK's table of common fields.
pub fn headers(to: &mut Vec<u8>, stream: u32, method: Method) {
    let path = format!("/{}/{}", method.service(), method.name());
    // :method POST, :scheme http
    let mut block = vec![0x83, 0x86];
    // :path and content-type by their places in the table, values as they are.
    field(&mut block, &[0x04], path.as_bytes());
    field(&mut block, &[0x0f, 0x10], b"application/grpc");
    frame(to, HEADERS, END_HEADERS, stream, &block);
}

fn field(block: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    block.extend_from_slice(name);
    block.push(u8::try_from(value.len()).expect("a short value"));
    block.extend_from_slice(value);
}

/// The method at a place of the table.
pub fn method(place: u8) -> Method {
    Method::ALL[usize::from(place) % Method::ALL.len()]
}
