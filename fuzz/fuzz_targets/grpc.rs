//! Feeds the target of the same name.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| braid_fuzz::grpc::run(bytes));
