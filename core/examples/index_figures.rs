//! Prints what a key costs in memory and what the index's operations cost in processor time.
//!
//! `cargo run --release -p braid-core --example index_figures [ascending|scattered|random] [keys]`
//!
//! Linux only: both come from `/proc`. Processor time, so that other processes disturb it less.

use std::collections::BTreeMap;
use std::hint::black_box;

use braid_core::ids::{LeaseId, Revision, SegmentId};
use braid_core::index::{Index, NewVersion};
use braid_core::interval::{End, Interval};
use braid_core::version::Location;
use bytes::Bytes;

/// Pages of the kernel on the machines this is for.
const PAGE_BYTES: u64 = 4096;
const COUNTS: u64 = 200_000;

/// Makes key number `n`.
type Naming = fn(u64) -> Vec<u8>;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let naming: Naming = match arguments.next().as_deref() {
        Some("ascending") => |n| format!("/registry/leases/{n:010}").into_bytes(),
        Some("random") => |n| scatter(n).to_be_bytes().repeat(4),
        _ => pod,
    };
    let keys = arguments.next().and_then(|keys| keys.parse().ok()).unwrap_or(1_000_000);
    measure(keys, naming);
}

/// A key as Kubernetes has them: few namespaces, random names.
fn pod(n: u64) -> Vec<u8> {
    let name = scatter(n);
    format!("/registry/pods/ns-{:03}/pod-{:012x}", name % 500, name >> 16).into_bytes()
}

/// A number that looks random, different for every `n`.
fn scatter(n: u64) -> u64 {
    let mixed = (n ^ (n >> 31)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9)
}

fn measure(keys: u64, naming: Naming) {
    println!("{keys} keys of {} bytes, such as {:?}", naming(1).len(), Bytes::from(naming(1)));
    let names: Vec<Vec<u8>> = (0..keys).map(naming).collect();
    let mut index = Index::new();
    fill(&mut index, &names);
    reads(&index, &names);
    let order: Vec<u64> = (0..keys).map(|n| scatter(n) % keys).collect();
    timed("put, existing key", keys, |n| {
        put(&mut index, &names[order[n as usize] as usize], keys + 3 + n, 2);
    });
    older_counts(&index, keys);
    timed("compact, each version", keys, |_| {
        index.compact(Revision(2 * keys + 3), 1);
    });
}

/// Compacts while it goes: the list of changes, 8 bytes each, is not part of the figure.
fn fill(index: &mut Index, names: &[Vec<u8>]) {
    let (keys, before) = (names.len() as u64, resident_memory());
    timed("put, new key (with compaction)", keys, |n| {
        put(index, &names[n as usize], n + 2, 1);
        if n % 1024 == 0 {
            index.compact(Revision(n + 2), usize::MAX);
        }
    });
    let key_bytes: u64 = names.iter().map(|name| name.len() as u64).sum();
    let beside = (resident_memory() - before) as f64 - key_bytes as f64;
    println!("  {:8.1} bytes a key beside the key", beside / keys as f64);
}

fn put(index: &mut Index, key: &[u8], revision: u64, version: u64) {
    let location = Location { segment: SegmentId(revision / 10_000), offset: revision as u32 };
    let (lease, len, crc) = (LeaseId(0), 256, revision as u32);
    let create_revision = Revision(revision);
    let version = NewVersion { create_revision, version, lease, location, len, crc, bytes: None };
    index.put(key, Revision(revision), 0, version);
}

fn reads(index: &Index, names: &[Vec<u8>]) {
    let keys = names.len() as u64;
    let chosen = |n: u64| &names[(scatter(n) % keys) as usize];
    timed("newest, random key", keys, |n| {
        black_box(index.newest(chosen(n)));
    });
    timed("count, random interval", COUNTS.min(keys), |n| {
        black_box(index.count_newest(&interval(chosen(n), chosen(n + keys))));
    });
    let map: BTreeMap<&[u8], u64> = names.iter().map(|name| (&name[..], 0)).collect();
    timed("(for comparison) std's BTreeMap, random key", keys, |n| {
        black_box(map.get(&chosen(n)[..]));
    });
    let mut seen = 0u64;
    timed("range, each key", keys, |n| {
        if n == 0 {
            let everything = Interval::everything();
            seen =
                index.range_newest(&everything).map(|(_, found)| u64::from(found.value.len)).sum();
        }
    });
    assert_eq!(seen, 256 * keys);
}

fn older_counts(index: &Index, keys: u64) {
    timed("count, 1000 writes ago", 20_000, |_| {
        black_box(index.count(&Interval::everything(), Revision(2 * keys + 2 - 1000)));
    });
    timed("count, 100,000 writes ago", 100, |_| {
        let at = (2 * keys + 2).saturating_sub(100_000);
        black_box(index.count(&Interval::everything(), Revision(at)));
    });
}

fn interval(a: &[u8], b: &[u8]) -> Interval {
    let (start, end) = if a < b { (a, b) } else { (b, a) };
    Interval { start: Bytes::copy_from_slice(start), end: End::Before(Bytes::copy_from_slice(end)) }
}

fn timed(name: &str, times: u64, mut operation: impl FnMut(u64)) {
    let start = processor_nanos();
    (0..times).for_each(&mut operation);
    let each = (processor_nanos() - start) as f64 / times as f64;
    println!("  {each:8.0} ns {name}");
}

/// Processor time of this thread so far.
fn processor_nanos() -> u64 {
    number_in("/proc/thread-self/schedstat", 0)
}

/// Bytes of memory that this process has now.
fn resident_memory() -> u64 {
    number_in("/proc/self/statm", 1) * PAGE_BYTES
}

fn number_in(file: &str, position: usize) -> u64 {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    text.split(' ').nth(position).and_then(|number| number.parse().ok()).unwrap_or_default()
}
