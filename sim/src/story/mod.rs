//! One run: a member lives, crashes and lives again on the same disk, while clients do what the
//! seed says; and everything that they saw is judged.

mod judgement;
mod life;
mod memory;
mod plan;
mod steps;
mod stream;
mod streams;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use braid_core::api::{RangeRequest, Request, Response};
use braid_core::ids::Revision;
use braid_judge::wire::Line;
use bytes::Bytes;

use crate::disk::{Damage, Disk};
use crate::failure::{Failure, Verdict};
use crate::member::{Faults, Member, Options};
use crate::model::random::Random;
use crate::recovery;
use life::Life;
use memory::{LEASE_LATE, Memory};

pub use plan::{ClientPlan, LifePlan, Plan};

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
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let mut memory = Memory::new();
        let report = Story::new(plan).tell(&mut memory);
        // What broke a promise says more than what came of it.
        judgement::of(memory.finish()).and(report)
    }));
    outcome.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        Err(Failure::panic(&text.unwrap_or_default()))
    })
}

/// What clients write down while a plan is run, even if it fails: the judge's history.
#[must_use]
pub fn record(plan: &Plan) -> Vec<Line> {
    let mut memory = Memory::new();
    // Whatever went wrong, the history tells what was seen until then.
    let _ = catch_unwind(AssertUnwindSafe(|| Story::new(plan).tell(&mut memory)));
    memory.finish()
}

struct Story<'a> {
    plan: &'a Plan,
    disk: Disk,
    /// When the life before has ended.
    crashed: Option<Duration>,
    /// What happens to the disk before the next start.
    damage: Option<Damage>,
    report: Report,
}

impl<'a> Story<'a> {
    fn new(plan: &'a Plan) -> Self {
        let report = Report::default();
        Self { plan, disk: Disk::default(), crashed: None, damage: None, report }
    }

    fn tell(mut self, memory: &mut Memory) -> Result<Report, Failure> {
        for (at, life) in self.plan.lives.iter().enumerate() {
            self.live(memory, life, at + 1 == self.plan.lives.len())?;
        }
        self.report.simulated = memory.known.now;
        self.report.revisions = memory.known.revision;
        Ok(self.report)
    }

    /// One life, up to its crash or, for the last one, to the end.
    fn live(&mut self, memory: &mut Memory, plan: &LifePlan, last: bool) -> Verdict {
        let mut random = Random::new(plan.seed);
        for _ in 0..plan.false_starts {
            self.false_start(memory, plan, &mut random)?;
        }
        let member = self.start(memory, plan, last, &mut random)?;
        let mut life = Life::new(plan, member, memory);
        if let Some(crashed) = self.crashed {
            life.memory.restarted(crashed);
        }
        life.observe()?;
        if self.crashed.is_some() {
            take_stock(&mut life)?;
        }
        life.run(if last { usize::MAX } else { plan.steps })?;
        match plan.damage {
            _ if last => end(&mut life)?,
            Some(_) => life.rest(LEASE_LATE)?,
            None if plan.treacherous => life.wait_for_tear()?,
            None => life.linger(plan.delay)?,
        }
        self.report.requests += life.requests;
        let Life { mut member, memory, .. } = life;
        self.report.lives_cut_short += usize::from(member.has_failed());
        self.damage = plan.damage.filter(|_| !last && !member.has_failed());
        self.disk = member.crash(plan.crash);
        self.crashed = Some(memory.known.now);
        Ok(())
    }

    /// A start that ends in a crash before anything is served.
    fn false_start(
        &mut self,
        memory: &mut Memory,
        plan: &LifePlan,
        random: &mut Random,
    ) -> Verdict {
        let mut member = self.boot(memory, &options(plan, true, random), random)?;
        for _ in 0..random.below(200) {
            if !member.is_serving() {
                member.advance();
            }
        }
        memory.known.now += member.now();
        self.disk = member.crash(plan.crash);
        Ok(())
    }

    fn start(
        &mut self,
        memory: &Memory,
        plan: &LifePlan,
        last: bool,
        random: &mut Random,
    ) -> Result<Member, Failure> {
        let mut member = self.boot(memory, &options(plan, last, random), random)?;
        while !member.is_serving() {
            if !member.advance() {
                return Err(Failure::new("a member comes to serve", "it waits for nothing"));
            }
        }
        Ok(member)
    }

    /// A damaged disk must be refused with a message that says where; or nothing may be missing.
    fn boot(
        &mut self,
        memory: &Memory,
        options: &Options,
        random: &mut Random,
    ) -> Result<Member, Failure> {
        let disk = std::mem::take(&mut self.disk);
        if let Some(damage) = self.damage.take()
            && let damaged = disk.clone().damaged(damage, random)
            && can_be_noticed(memory, damage, &damaged)
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

    fn refused(&mut self, message: &str) -> Verdict {
        self.report.refusals += 1;
        let says_where = message.contains(".log") || message.contains("revision");
        if says_where {
            return Ok(());
        }
        Err(Failure::new("a refusal says what is damaged", message))
    }
}

/// A lost end can only be noticed where what is left notes how far history had come.
fn can_be_noticed(memory: &Memory, damage: Damage, disk: &Disk) -> bool {
    let seen = Revision(memory.known.observed);
    let noted = || recovery::noted_watermark(disk.clone());
    damage != Damage::LostTail || noted().is_none_or(|noted| noted >= seen)
}

/// Asks for what has survived a crash: leases and, after them, keys, so that the judge sees whether
/// those of leases that are gone are gone, too.
fn take_stock(life: &mut Life<'_>) -> Verdict {
    for request in [Request::LeaseLeases, everything()] {
        // A failing sync ends the process whenever it wants to, and then nobody answers.
        let _answer = life.ask(request)?;
    }
    Ok(())
}

/// Asks for all keys.
fn everything() -> Request {
    let everything = Bytes::from_static(b"\0");
    Request::Range(RangeRequest {
        key: everything.clone(),
        range_end: everything,
        ..RangeRequest::default()
    })
}

/// The last life ends in peace: leases end, watchers hear of everything.
fn end(life: &mut Life<'_>) -> Verdict {
    life.rest(LEASE_LATE)?;
    no_lease_left(life)?;
    life.settle()?;
    if let Ok(Response::Range(all)) = life.ask(everything())? {
        life.clients.iter().try_for_each(|client| client.workload.at_rest(&all))?;
    }
    life.streams.end(life.memory);
    Ok(())
}

fn options(plan: &LifePlan, last: bool, random: &mut Random) -> Options {
    let options = Options::draw(random).disturbed(random);
    let failing_sync = plan.faults.failing_sync && !last;
    Options { faults: Faults { failing_sync, ..plan.faults }, ..options }
}

fn no_lease_left(life: &mut Life<'_>) -> Verdict {
    match life.ask(Request::LeaseLeases)? {
        Ok(Response::LeaseLeases { leases, .. }) if leases.is_empty() => Ok(()),
        other => Err(Failure::new("every lease ends", format!("{other:?}"))),
    }
}
