//! One run: a member lives, crashes and lives again on the same disk, while clients do what the
//! seed says; and everything that they saw is judged.

mod life;
mod memory;
mod plan;
mod streams;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use braid_core::api::{Request, Response};
use braid_core::ids::{LeaseId, Revision};
use bytes::Bytes;

use crate::disk::{Damage, Disk};
use crate::failure::{Failure, Verdict};
use crate::member::{Faults, Member, Options};
use crate::model::random::Random;
use crate::model::{Event, Model};
use crate::recovery;
use crate::verdict::order::{Operation, Stretch, explain};
use crate::verdict::watches::Past;
use life::Life;
use memory::Memory;
use streams::Streams;

pub use plan::{ClientPlan, LifePlan, Plan};

/// How late the end of a lease may be: the lessor's interval and slow disks.
const LATE: Duration = Duration::from_secs(10);

/// What a run did.
#[derive(Clone, Copy, Debug, Default)]
pub struct Report {
    /// The time that passed in the simulation.
    pub simulated: Duration,
    /// Requests that were sent.
    pub requests: usize,
    /// Revisions that were written.
    pub revisions: u64,
    /// Disks that were refused, as they had to be.
    pub refusals: usize,
    /// Lives that a failing sync has ended.
    pub lives_cut_short: usize,
}

/// Runs a plan.
///
/// # Errors
/// The first promise that was broken.
pub fn run(plan: &Plan) -> Result<Report, Failure> {
    let outcome = catch_unwind(AssertUnwindSafe(|| Story::new(plan).tell()));
    outcome.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        Err(Failure::panic(&text.unwrap_or_default()))
    })
}

struct Story<'a> {
    plan: &'a Plan,
    disk: Disk,
    /// What is known to have happened.
    model: Model,
    memory: Memory,
    /// What the life before left to be judged.
    left: Option<Left>,
    /// What happens to the disk before the next start.
    damage: Option<Damage>,
    report: Report,
}

/// What a crash leaves to be judged once it is known what has survived.
struct Left {
    operations: Vec<Operation>,
    streams: Streams,
    crashed: Duration,
    /// Reads of the disk may have failed.
    bad_reads: bool,
}

impl<'a> Story<'a> {
    fn new(plan: &'a Plan) -> Self {
        let (memory, report) = (Memory::default(), Report::default());
        let model = Model::new(crate::member::MAX_TXN_OPS);
        Self { plan, disk: Disk::default(), model, memory, left: None, damage: None, report }
    }

    fn tell(mut self) -> Result<Report, Failure> {
        for (at, life) in self.plan.lives.iter().enumerate() {
            self.live(life, at + 1 == self.plan.lives.len())?;
        }
        self.report.simulated = self.memory.known.now;
        self.report.revisions = self.model.revision();
        Ok(self.report)
    }

    /// One life, up to its crash or, for the last one, to the end.
    fn live(&mut self, plan: &LifePlan, last: bool) -> Verdict {
        let mut random = Random::new(plan.seed);
        for _ in 0..plan.false_starts {
            self.false_start(plan, &mut random)?;
        }
        let member = self.start(plan, last, &mut random)?;
        let mut memory = std::mem::take(&mut self.memory);
        let mut life = Life::new(plan, member, &mut memory);
        if let Some(survived) = life.observe()? {
            self.live_on(plan, last, &mut life, survived)?;
        }
        self.report.requests += life.operations.len();
        let Life { mut member, streams, operations, .. } = life;
        self.report.lives_cut_short += usize::from(member.has_failed());
        self.damage = plan.damage.filter(|_| !last && !member.has_failed());
        self.disk = member.crash(plan.crash);
        let (crashed, bad_reads) = (memory.known.now, plan.faults.bad_reads);
        // A life that ended before it told what had survived leaves what the one before it left.
        self.left.get_or_insert(Left { operations, streams, crashed, bad_reads });
        self.memory = memory;
        Ok(())
    }

    /// The life of a member that has told what survived.
    fn live_on(
        &mut self,
        plan: &LifePlan,
        last: bool,
        life: &mut Life<'_>,
        survived: u64,
    ) -> Verdict {
        if let Some(left) = self.left.take() {
            self.judge(life.memory, survived, &left, false)?;
            life.memory.ledger.restarted(left.crashed, left.crashed);
            self.no_key_outlives_its_lease(life)?;
        }
        life.run(if last { usize::MAX } else { plan.steps })?;
        match plan.damage {
            _ if last => self.end(life, plan.faults.bad_reads)?,
            Some(_) => life.rest(LATE)?,
            None if plan.treacherous => life.wait_for_tear()?,
            None => life.linger(plan.delay)?,
        }
        Ok(())
    }

    /// A start that ends in a crash before anything is served.
    fn false_start(&mut self, plan: &LifePlan, random: &mut Random) -> Verdict {
        let mut member = self.boot(&options(plan, true, random), random)?;
        for _ in 0..random.below(200) {
            if !member.is_serving() {
                member.advance();
            }
        }
        self.memory.known.now += member.now();
        self.disk = member.crash(plan.crash);
        Ok(())
    }

    fn start(
        &mut self,
        plan: &LifePlan,
        last: bool,
        random: &mut Random,
    ) -> Result<Member, Failure> {
        let mut member = self.boot(&options(plan, last, random), random)?;
        while !member.is_serving() {
            if !member.advance() {
                return Err(Failure::new("a member comes to serve", "it waits for nothing"));
            }
        }
        Ok(member)
    }

    /// A damaged disk must be refused with a message that says where; or nothing may be missing.
    fn boot(&mut self, options: &Options, random: &mut Random) -> Result<Member, Failure> {
        let disk = std::mem::take(&mut self.disk);
        if let Some(damage) = self.damage.take()
            && let damaged = disk.clone().damaged(damage, random)
            && self.can_be_noticed(damage, &damaged)
        {
            match Member::boot(options, damaged, Random::new(random.next_u64())) {
                Ok(member) => return Ok(member),
                Err(error) => self.refused(&error.to_string())?,
            }
        }
        let member = Member::boot(options, disk, Random::new(random.next_u64()));
        member.map_err(|error: recovery::Error| {
            Failure::new("a crash leaves a disk that can be started from", error.to_string())
        })
    }

    /// A lost end can only be noticed where what is left notes how far history had come.
    fn can_be_noticed(&self, damage: Damage, disk: &Disk) -> bool {
        let seen = Revision(self.memory.known.observed);
        let noted = || recovery::noted_watermark(disk.clone());
        damage != Damage::LostTail || noted().is_none_or(|noted| noted >= seen)
    }

    fn refused(&mut self, message: &str) -> Verdict {
        self.report.refusals += 1;
        let says_where = message.contains(".log") || message.contains("revision");
        if says_where {
            return Ok(());
        }
        Err(Failure::new("a refusal says what is damaged", message))
    }

    /// Whatever the crash has cut off: a lease is gone with its keys, or not at all.
    fn no_key_outlives_its_lease(&mut self, life: &mut Life<'_>) -> Verdict {
        let Ok(Response::LeaseLeases { revision, leases }) = life.ask(Request::LeaseLeases)? else {
            // A failing sync ends the process whenever it wants to.
            if life.member.has_failed() {
                return Ok(());
            }
            return Err(Failure::new("every request is answered", "a list of leases"));
        };
        let orphan = attached(&self.model).into_iter().find(|(_, lease)| !leases.contains(lease));
        match orphan {
            Some((key, lease)) if revision.0 == self.model.revision() => {
                let evidence = format!("{key:?} is attached to {lease}, which is gone");
                Err(Failure::new("a lease ends with its keys", evidence))
            }
            _ => Ok(()),
        }
    }

    /// The last life ends in peace: leases end, watchers hear of everything.
    fn end(&mut self, life: &mut Life<'_>, bad_reads: bool) -> Verdict {
        life.rest(LATE)?;
        no_lease_left(life)?;
        life.settle()?;
        let operations = std::mem::take(&mut life.operations);
        let streams = std::mem::take(&mut life.streams);
        self.report.requests += operations.len();
        let left = Left { operations, streams, crashed: life.now(), bad_reads };
        self.judge(life.memory, life.memory.known.revision, &left, true)
    }

    /// Judges what happened up to revision `last` by what clients saw of it.
    fn judge(&mut self, memory: &mut Memory, last: u64, left: &Left, complete: bool) -> Verdict {
        let first = self.model.revision() + 1;
        let of_stretch = |revision: u64| (first..=last).contains(&revision);
        let in_time = |(heard, event): &(Duration, Event)| {
            of_stretch(event.revision).then(|| ((*heard).min(left.crashed), event.clone()))
        };
        let events: Vec<(Duration, Event)> = memory.events.iter().filter_map(in_time).collect();
        let leases = memory.ledger.ends();
        let compaction = memory.known.compaction;
        let operations = &left.operations[..];
        let bad_reads = left.bad_reads;
        let stretch =
            Stretch { operations, events: &events, last, leases: &leases, compaction, bad_reads };
        explain(&mut self.model, &stretch)?;
        let past = Past { model: &self.model, compaction, bad_reads };
        left.streams.judge(&past, complete)
    }
}

fn options(plan: &LifePlan, last: bool, random: &mut Random) -> Options {
    let options = Options::draw(random).disturbed(random);
    let failing_sync = plan.faults.failing_sync && !last;
    Options { faults: Faults { failing_sync, ..plan.faults }, ..options }
}

/// The keys that are attached to a lease, each with it.
fn attached(model: &Model) -> BTreeMap<Bytes, LeaseId> {
    let mut keys = BTreeMap::new();
    for event in model.history() {
        match &event.put {
            Some(put) if put.lease != 0 => keys.insert(event.key.clone(), LeaseId(put.lease)),
            _ => keys.remove(&event.key),
        };
    }
    keys
}

fn no_lease_left(life: &mut Life<'_>) -> Verdict {
    match life.ask(Request::LeaseLeases)? {
        Ok(Response::LeaseLeases { leases, .. }) if leases.is_empty() => Ok(()),
        other => Err(Failure::new("every lease ends", format!("{other:?}"))),
    }
}
