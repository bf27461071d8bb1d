//! A member that crashes at any moment, again and again, and goes on with any number of cores:
//! what was acknowledged is there, what was not is whole or absent, and the revisions stay dense.

use braid_core::api::{CompactRequest, RangeRequest, Request, Response};
use braid_core::ids::{CoreId, LeaseId};
use braid_sim::disk::{Crash, Disk};
use braid_sim::history::{Operation, explain};
use braid_sim::load::Load;
use braid_sim::member::{Member, Options};
use braid_sim::model::Model;
use braid_sim::model::generate::Hints;
use braid_sim::model::random::Random;
use bytes::Bytes;

use crate::seeds::each_seed;

const GENERATIONS: usize = 4;
const LEASES: [i64; 4] = [1, 2, 3, 7];

/// A member through its crashes.
struct Story {
    random: Random,
    options: Options,
    disk: Disk,
    /// What is known to have happened.
    model: Model,
}

impl Story {
    fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let options = Options::draw(&mut random);
        let model = Model::new(options.core.max_txn_ops);
        Self { random, options, disk: Disk::default(), model }
    }

    fn start(&mut self) -> Member {
        self.options = Options { trace: self.options.trace, ..Options::draw(&mut self.random) };
        let disk = std::mem::take(&mut self.disk);
        let random = Random::new(self.random.next_u64());
        match Member::start(&self.options, disk, random) {
            Ok(member) => member,
            Err(error) => panic!("the disk is refused: {error}"),
        }
    }

    /// A request whose effect is known before the load begins.
    fn execute(&mut self, member: &mut Member, request: &Request) {
        let core = self.any_core(member);
        assert_eq!(member.execute(core, request.clone()), self.model.apply(request));
    }

    fn any_core(&mut self, member: &Member) -> CoreId {
        CoreId(self.random.below(u64::from(member.cores())) as u16)
    }

    /// One life of the member, up to its crash.
    fn live(&mut self) {
        let mut member = self.start();
        self.prepare(&mut member);
        let hints = hints(&self.model);
        let leases = LEASES.iter().map(|lease| LeaseId(*lease)).collect();
        let clients = self.random.between(1, 10) as usize;
        let mut load = Load::new(self.random.next_u64(), clients, hints, leases);
        for _ in 0..2 {
            let seed = self.random.next_u64();
            load.watchers.watch_some(&mut member, seed, self.model.revision() + 1);
        }
        let requests = self.random.below(50) as usize;
        load.send(&mut member, requests);
        for _ in 0..self.random.below(60) {
            load.advance(&mut member);
        }
        let crash = self.random.pick(&[Crash::Kill, Crash::PowerLoss]);
        self.disk = member.crash(crash);
        self.judge(&load);
    }

    /// Leases for the clients, and now and then a compaction of what is known for certain.
    fn prepare(&mut self, member: &mut Member) {
        for lease in LEASES.map(LeaseId) {
            self.execute(member, &Request::LeaseGrant { lease, ttl: 600 });
        }
        if self.random.one_in(2) {
            let revision = self.model.revision() as i64 - self.random.below(5) as i64;
            let physical = self.random.one_in(2);
            self.execute(member, &Request::Compact(CompactRequest { revision, physical }));
        }
    }

    /// Recovers a copy of the disk, and explains what is there by what clients know.
    fn judge(&mut self, load: &Load) {
        let mut member = self.start();
        let mut watchers = Load::new(0, 0, hints(&self.model), Vec::new());
        let core = self.any_core(&member);
        let everything = watchers.watchers.watch_all(&mut member, core, self.model.revision() + 1);
        watchers.settle(&mut member);
        let told = watchers.watchers.told(everything);
        let there = leases(member.execute(CoreId(0), Request::LeaseLeases).ok());
        let operations = without_revokes(&load.operations, &there);
        explain(&mut self.model, &operations, &told)
            .unwrap_or_else(|why| panic!("{why}\n{:#?}", self.options));
        load.watchers.check(&self.model, false).unwrap_or_else(|why| panic!("{why}"));
        self.adopt_leases(there, &operations);
        self.compare(&mut member);
        let crash = self.random.pick(&[Crash::Kill, Crash::PowerLoss]);
        self.disk = member.crash(crash);
    }

    /// The end of a lease without keys shows nowhere else.
    fn adopt_leases(&mut self, mut there: Vec<LeaseId>, operations: &[Operation]) {
        for lease in leases(self.model.apply(&Request::LeaseLeases).ok()) {
            let revoke = Request::LeaseRevoke { lease };
            let asked: Vec<&Operation> =
                operations.iter().filter(|operation| operation.request == revoke).collect();
            let acknowledged = asked.iter().any(|operation| operation.answer.is_some());
            if there.contains(&lease) {
                assert!(!acknowledged, "{lease:?} was revoked and lives");
                continue;
            }
            assert!(!asked.is_empty(), "{lease:?} was never revoked and is gone");
            let before = self.model.revision();
            self.model.apply(&revoke).expect("the model has it");
            assert_eq!(self.model.revision(), before, "{lease:?} is gone without its keys");
        }
        let mut wanted = leases(self.model.apply(&Request::LeaseLeases).ok());
        wanted.sort();
        there.sort();
        assert_eq!(there, wanted);
    }

    /// Everything that can be asked for.
    fn compare(&mut self, member: &mut Member) {
        let everything = Bytes::from_static(b"\0");
        let current = self.model.revision() as i64;
        for revision in [0, current, current - 3, self.model.compacted(), 1] {
            let range = RangeRequest {
                key: everything.clone(),
                range_end: everything.clone(),
                revision,
                ..RangeRequest::default()
            };
            self.execute(member, &Request::Range(range));
        }
        for lease in LEASES.map(LeaseId) {
            self.compare_lease(member, lease);
        }
    }

    fn compare_lease(&mut self, member: &mut Member, lease: LeaseId) {
        let request = Request::LeaseTimeToLive { lease, keys: true };
        let core = self.any_core(member);
        let there = member.execute(core, request.clone());
        let wanted = self.model.apply(&request);
        let keys = |answer| match answer {
            Ok(Response::LeaseTimeToLive { granted_ttl, keys, .. }) => (granted_ttl, keys),
            other => panic!("{other:?}"),
        };
        assert_eq!(keys(there), keys(wanted), "{lease:?}");
    }
}

/// An unanswered revocation of a lease that is still there has not happened.
fn without_revokes(operations: &[Operation], there: &[LeaseId]) -> Vec<Operation> {
    let happened = |operation: &&Operation| match operation.request {
        Request::LeaseRevoke { lease } => operation.answer.is_some() || !there.contains(&lease),
        _ => true,
    };
    operations.iter().filter(happened).cloned().collect()
}

fn hints(model: &Model) -> Hints {
    Hints { revision: model.revision(), compacted: model.compacted() }
}

fn leases(answer: Option<Response>) -> Vec<LeaseId> {
    match answer {
        Some(Response::LeaseLeases { leases, .. }) => leases,
        other => panic!("{other:?}"),
    }
}

fn run(seed: u64) {
    let mut story = Story::new(seed);
    for _ in 0..GENERATIONS {
        story.live();
    }
}

#[test]
fn what_was_acknowledged_survives_every_crash() {
    each_seed("what_was_acknowledged_survives_every_crash", 400, run);
}
