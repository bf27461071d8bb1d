//! HTTP/2 and gRPC's framing: calls whose bytes are cut anywhere, and frames of any kind.

use braid_net::grpc::method::Method;

use crate::http2::{self, DATA, END_STREAM};
use crate::input::Input;
use crate::server::converse;

/// The bytes are steps: open a call, send some of its body, send any frame.
pub fn run(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let mut client = Client { bytes: http2::greeting(), stream: 0 };
    while !input.is_empty() {
        client.step(&mut input);
    }
    converse(&client.bytes);
}

struct Client {
    bytes: Vec<u8>,
    /// The last call's; clients number theirs with odd numbers.
    stream: u32,
}

impl Client {
    fn step(&mut self, input: &mut Input<'_>) {
        match input.below(4) {
            0 => {
                self.stream = if self.stream == 0 { 1 } else { self.stream + 2 };
                http2::headers(&mut self.bytes, self.stream, http2::method(input.u8()));
            }
            1 => {
                let flags = input.u8() & END_STREAM;
                http2::frame(&mut self.bytes, DATA, flags, self.stream, input.short());
            }
            2 => {
                let (kind, flags, stream) = (input.u8(), input.u8(), input.u8());
                http2::frame(&mut self.bytes, kind, flags, u32::from(stream), input.short());
            }
            _ => self.bytes.extend_from_slice(input.short()),
        }
    }
}

/// A Range in one piece, and in many; a reset; a stream of two messages.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let open = |method: Method| vec![0, method as u8];
    let data = |last: u8, bytes: &[u8]| [&[1, last, bytes.len() as u8], bytes].concat();
    let message = [0, 0, 0, 0, 3, 0x0a, 1, b'k'];
    let pieces = message.map(|byte| data(0, &[byte])).concat();
    let reset = [2, 3, 0, 1, 4, 0, 0, 0, 8];
    let window = [2, 8, 0, 0, 4, 0, 0, 1, 0];
    vec![
        [open(Method::Range), data(1, &message)].concat(),
        [open(Method::Range), pieces, data(1, &[])].concat(),
        [open(Method::Watch), data(0, &message), reset.to_vec(), window.to_vec()].concat(),
        [open(Method::LeaseKeepAlive), data(1, &[0, 0, 0, 0, 2, 8, 7, 0, 0, 0, 0, 0])].concat(),
    ]
}
