//! Turns the wire format's description into prost types.

use std::path::Path;

const FILES: [&str; 10] = [
    "header.proto",
    "mvcc.proto",
    "kv.proto",
    "watch.proto",
    "lease.proto",
    "cluster.proto",
    "maintenance.proto",
    "lock.proto",
    "election.proto",
    "health.proto",
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = Path::new("proto");
    println!("cargo::rerun-if-changed={}", folder.display());
    let descriptors = protox::compile(FILES, [folder])?;
    prost_build::Config::new()
        // Keys and values stay views of the bytes that arrived.
        .bytes(["."])
        .compile_fds(descriptors)?;
    Ok(())
}
