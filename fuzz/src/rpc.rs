//! Every request message of every method, through the services and the engine.

use crate::http2::{self, DATA, END_STREAM};
use crate::input::Input;
use crate::server::converse;

mod seeds;

pub use seeds::seeds;

/// The bytes are calls: a method, and its whole message. All of them come to one fresh server.
pub fn run(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let mut bytes = http2::greeting();
    let mut stream = 1;
    while !input.is_empty() {
        http2::headers(&mut bytes, stream, http2::method(input.u8()));
        let message = input.long();
        let mut data = vec![0];
        data.extend_from_slice(&(message.len() as u32).to_be_bytes());
        data.extend_from_slice(message);
        // The largest frame that a server takes unasked.
        for piece in data.chunks(16 << 10) {
            http2::frame(&mut bytes, DATA, 0, stream, piece);
        }
        http2::frame(&mut bytes, DATA, END_STREAM, stream, &[]);
        stream += 2;
    }
    converse(&bytes);
}
