//! HTTP/2 as a load generator needs it: the client's side, one connection, gRPC's headers, nothing
//! else. The `h2` crate does all that HTTP/2 can be and takes five times the instructions for each
//! request (callgrind, a put and its answer, without sockets); a generator must cost less than what
//! it measures. No input or output happens in here: bytes come in, bytes go out.

mod frame;
mod header_decoder;
mod header_encoder;
mod huffman;
mod machine;
mod slot;

pub use header_decoder::Fields;
pub use machine::Machine;

/// What the server may send ahead on one stream and on a connection, in bytes.
const STREAM_WINDOW_BYTES: u32 = 1 << 20;
const CONNECTION_WINDOW_BYTES: u32 = 16 << 20;

/// What HTTP/2 gives a connection before anyone says otherwise, in bytes.
const INITIAL_WINDOW_BYTES: u32 = 65_535;

/// Largest payload of a frame that either side sends: nobody asks for more than the default.
const FRAME_BYTES: usize = 16_384;
