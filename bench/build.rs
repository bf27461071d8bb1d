//! Turns the wire format's description into prost types: the server's own files, but without
//! the server's crates, so that the tool that measures shares no code with what it measures.

use std::path::Path;

const FILES: [&str; 5] = ["header.proto", "mvcc.proto", "kv.proto", "watch.proto", "lease.proto"];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = Path::new("../net/proto");
    println!("cargo::rerun-if-changed={}", folder.display());
    let descriptors = protox::compile(FILES, [folder])?;
    prost_build::Config::new().bytes(["."]).compile_fds(descriptors)?;
    Ok(())
}
