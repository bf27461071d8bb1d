//! Without the fuzzer: every seed, what is near it, and everything that once failed.

use std::path::Path;
use std::{fs, io};

use braid_fuzz::{TARGETS, Target};

fn target(name: &str) -> Target {
    *TARGETS.iter().find(|target| target.name == name).expect("a target")
}

/// Prefixes, and single bytes changed, of each seed.
fn neighbours(seed: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let step = seed.len() / 40 + 1;
    let places = (0..seed.len()).step_by(step);
    let cut = places.clone().map(|len| seed[..len].to_vec());
    let changed = places.map(|at| {
        let mut bytes = seed.to_vec();
        bytes[at] ^= 0x81;
        bytes
    });
    cut.chain(changed)
}

fn run_around_seeds(name: &str) {
    let target = target(name);
    for seed in (target.seeds)() {
        (target.run)(&seed);
        neighbours(&seed).for_each(|bytes| (target.run)(&bytes));
    }
}

#[test]
fn format() {
    run_around_seeds("format");
}

#[test]
fn recovery() {
    run_around_seeds("recovery");
}

#[test]
fn grpc() {
    run_around_seeds("grpc");
}

#[test]
fn rpc() {
    run_around_seeds("rpc");
}

#[test]
fn http1() {
    run_around_seeds("http1");
}

/// `fuzz/regressions/<target>/` holds what the fuzzer found; each file was a crash or a hang.
#[test]
fn what_once_failed() -> io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("regressions");
    for target in TARGETS {
        let folder = folder.join(target.name);
        for file in folder.is_dir().then(|| fs::read_dir(folder)).transpose()?.into_iter().flatten()
        {
            (target.run)(&fs::read(file?.path())?);
        }
    }
    Ok(())
}
