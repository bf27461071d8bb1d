//! Everything that parses bytes from outside, as targets for a fuzzer.
//!
//! A target takes any bytes and must return: no panic, no hang. It knows nothing of the engine that
//! makes the bytes, so the tests run the same targets over the seeds and over whatever once failed.
//! `fuzz/run.sh` runs them under a coverage-guided engine.

pub mod format;
pub mod grpc;
pub mod http1;
mod http2;
mod input;
pub mod recovery;
pub mod rpc;
mod server;

/// A place where bytes come in.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name, also that of its executable and of its folders.
    pub name: &'static str,
    /// Takes any bytes, and panics if they reach a bug.
    pub run: fn(&[u8]),
    /// Bytes that get deep into it, for the fuzzer to start with.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// All targets.
pub const TARGETS: [Target; 5] = [
    Target { name: "format", run: format::run, seeds: format::seeds },
    Target { name: "recovery", run: recovery::run, seeds: recovery::seeds },
    Target { name: "grpc", run: grpc::run, seeds: grpc::seeds },
    Target { name: "rpc", run: rpc::run, seeds: rpc::seeds },
    Target { name: "http1", run: http1::run, seeds: http1::seeds },
];
