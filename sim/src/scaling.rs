//! What an operation costs on members with few cores and with many: messages between cores, cores
//! woken by others, syncs and bytes. Counts, so they hold on any hardware: what does not grow with
//! the number of cores does not keep more of them from doing more.

use std::time::Duration;

use braid_core::api::{Operation, PutRequest, Request, TxnRequest};
use braid_core::ids::CoreId;
use braid_core::limits::Limits;
use braid_core::watch::WatchConfig;
use bytes::Bytes;

use crate::disk::Disk;
use crate::member::{Counts, Member, Options, Told};
use crate::model::random::Random;

/// The sizes of the table.
pub const CORES: [u16; 7] = [1, 2, 4, 8, 16, 32, 64];
/// Enough for the most cores.
const SHARDS: u16 = 64;
/// Keys are drawn from so many.
const KEYS: u64 = 1 << 20;
const VALUE_BYTES: usize = 100;

/// What clients do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Load {
    /// Puts of one key each.
    Puts,
    /// Transactions that put two keys each.
    Pairs,
}

/// One row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row {
    /// Cores of the member.
    pub cores: u16,
    /// Requests at once for each core.
    pub clients: u64,
    /// Operations that were counted.
    pub operations: u64,
    /// What all of them took.
    pub counts: Counts,
}

/// Counts what `operations` for each core take, with `clients` at each core that send one after
/// the other. `None` when the member stops, which it never should.
#[must_use]
pub fn measure(load: Load, cores: u16, clients: u64, operations: u64) -> Option<Row> {
    let mut random = Random::new(u64::from(cores));
    let mut member = start(cores, &mut random)?;
    for core in (0..cores).map(CoreId) {
        (0..clients).for_each(|_| send(&mut member, core, load, &mut random));
    }
    // Until all have come to be out of step with each other.
    let warm_up = clients * u64::from(cores);
    serve(&mut member, warm_up, load, &mut random)?;
    let (before, operations) = (member.counts(), operations * u64::from(cores));
    serve(&mut member, operations, load, &mut random)?;
    Some(Row { cores, clients, operations, counts: member.counts() - before })
}

fn start(cores: u16, random: &mut Random) -> Option<Member> {
    let mut options = Options::draw(random);
    (options.cores, options.shards) = (cores, SHARDS);
    (options.segment_bytes, options.block_bytes) = (16 << 20, 4096);
    (options.mailbox_mails, options.newest_first, options.even) = (1024, false, true);
    (options.core.limits, options.core.watch) = (Limits::default(), WatchConfig::default());
    options.core.value_bytes = 1 << 30;
    Member::start(&options, Disk::default(), Random::new(random.next_u64())).ok()
}

/// Lets so many requests be answered, each followed by another one on the same core.
fn serve(member: &mut Member, requests: u64, load: Load, random: &mut Random) -> Option<()> {
    let mut left = requests;
    while left > 0 {
        member.advance_before(Duration::MAX).then_some(())?;
        while let Some(told) = member.poll_told() {
            if let Told::Answer(core, _, answer) = told {
                answer.ok()?;
                left = left.saturating_sub(1);
                send(member, core, load, random);
            }
        }
    }
    Some(())
}

fn send(member: &mut Member, core: CoreId, load: Load, random: &mut Random) {
    let first = random.below(KEYS);
    let request = match load {
        Load::Puts => Request::Put(put(first)),
        Load::Pairs => {
            // Another key, anywhere: a transaction may not put one twice.
            let second = (first + 1 + random.below(KEYS - 1)) % KEYS;
            let success = [put(first), put(second)].map(Operation::Put).into();
            Request::Txn(TxnRequest { success, ..TxnRequest::default() })
        }
    };
    member.call(core, request);
}

fn put(number: u64) -> PutRequest {
    let key = Bytes::from(format!("key {number:08}"));
    PutRequest { key, value: vec![b'v'; VALUE_BYTES].into(), ..PutRequest::default() }
}

impl Row {
    /// A row of a table in Markdown.
    #[must_use]
    pub fn to_markdown(&self) -> String {
        let per_operation = |count: u64| count as f64 / self.operations as f64;
        let Self { cores, clients, counts, .. } = self;
        format!(
            "| {cores} | {clients} | {:.2} | {:.2} | {:.3} | {:.0} |",
            per_operation(counts.mails),
            per_operation(counts.wake_ups),
            per_operation(counts.syncs),
            per_operation(counts.bytes),
        )
    }
}

/// The whole table of one load in Markdown, as in `docs/scaling.md`.
#[must_use]
pub fn table(load: Load, clients: u64, operations: u64) -> String {
    let mut lines = vec![
        "| cores | clients per core | messages | wake-ups | syncs | bytes |".to_owned(),
        "|---|---|---|---|---|---|".to_owned(),
    ];
    let rows = CORES.iter().filter_map(|cores| measure(load, *cores, clients, operations));
    lines.extend(rows.map(|row| row.to_markdown()));
    lines.join("\n")
}
