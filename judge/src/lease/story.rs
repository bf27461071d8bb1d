//! What is known of each lease: who renewed it when, and who saw it there or gone.

use std::collections::{BTreeMap, BTreeSet};

use braid_core::api::{Request, Response};
use braid_core::error::Error;

use super::{lease_named, may_have_happened, tells};
use crate::history::{History, Moment, Operation, Outcome, Restart};
use crate::order::{Author, Timeline, changes, may_be_stale, revision};
use crate::wire::Clock;

/// A time at which a lease was granted or renewed, or may have been.
#[derive(Clone, Copy, Debug)]
struct Renewal {
    called: Moment,
    ended: Moment,
    certain: bool,
}

/// Somebody saw that the lease was gone.
#[derive(Clone, Debug)]
pub struct Gone {
    /// It was gone by then.
    pub at: Moment,
    /// It was seen by the end of its keys, not by an answer about the lease.
    pub by_keys: bool,
    /// How it was seen.
    pub how: String,
}

/// Somebody saw that the lease was there.
#[derive(Clone, Debug)]
pub struct Alive {
    /// It was there at this time or later.
    pub called: Moment,
    /// It was seen by a key, not by an answer about the lease.
    pub by_keys: bool,
    /// How it was seen.
    pub how: String,
}

/// All that is known of one lease that was certainly granted, and once.
#[derive(Clone, Debug)]
pub struct Story {
    /// Its id.
    pub lease: i64,
    /// Before it was asked for.
    asked: Moment,
    /// When it was known to be granted.
    pub granted: Moment,
    /// Whose clock the times come from.
    pub domain: u64,
    /// Who saw it gone.
    pub gone: Vec<Gone>,
    /// Who saw it there.
    pub alive: Vec<Alive>,
    ttl_ns: u64,
    renewals: Vec<Renewal>,
    /// Lines behind which it may have been revoked.
    revokes: Vec<u64>,
}

/// The stories of all leases.
#[derive(Clone, Debug, Default)]
pub struct Stories {
    stories: BTreeMap<i64, Story>,
    /// Leases that may have been granted.
    named: BTreeSet<i64>,
    ambiguous: BTreeSet<i64>,
}

impl Stories {
    /// From a history; see [`Self::take_ends`] for what its timeline adds.
    pub fn of(history: &History) -> Self {
        let mut stories = Self::default();
        for operation in &history.operations {
            stories.take_grant(history, operation);
        }
        stories.stories.retain(|lease, _| !stories.ambiguous.contains(lease));
        for operation in &history.operations {
            stories.take(history, operation);
        }
        stories
    }

    /// Leases of which somebody has seen the end, and the line at which that was first told.
    pub fn ended(&self) -> impl Iterator<Item = (&Story, u64)> {
        self.all().filter_map(|story| {
            let line = story.gone.iter().map(|gone| gone.at.line).min()?;
            Some((story, line))
        })
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &Story> {
        self.stories.values()
    }

    /// One of them.
    pub fn get(&self, lease: i64) -> Option<&Story> {
        self.stories.get(&lease)
    }

    /// Whether somebody may have been granted this lease.
    pub fn is_named(&self, lease: i64) -> bool {
        self.named.contains(&lease)
    }

    /// Leases that were granted several times, or perhaps.
    pub fn ambiguous(&self) -> impl Iterator<Item = i64> {
        self.ambiguous.iter().copied()
    }

    fn take_grant(&mut self, history: &History, operation: &Operation) {
        let Request::LeaseGrant { lease: wanted, .. } = operation.request else { return };
        if !may_have_happened(operation) {
            return;
        }
        let answer = operation.response();
        let Some(Response::LeaseGrant { lease, ttl, .. }) = answer else {
            self.forget(wanted.0);
            return;
        };
        if !self.named.insert(lease.0) {
            self.ambiguous.insert(lease.0);
        }
        let (called, ended) = (operation.called, operation.ended);
        let story = Story {
            lease: lease.0,
            asked: called,
            granted: ended,
            domain: history.domain(operation.client),
            gone: Vec::new(),
            alive: Vec::new(),
            ttl_ns: u64::try_from(*ttl).unwrap_or(0).saturating_mul(1_000_000_000),
            renewals: vec![Renewal { called, ended, certain: true }],
            revokes: Vec::new(),
        };
        self.stories.insert(lease.0, story);
    }

    /// Nobody knows whether this lease was granted.
    fn forget(&mut self, lease: i64) {
        if !self.named.insert(lease) {
            self.ambiguous.insert(lease);
        }
    }

    fn take(&mut self, history: &History, operation: &Operation) {
        self.take_revoke(history, operation);
        if let Some(lease) = lease_named(&operation.request)
            && let Some(story) = self.stories.get_mut(&lease)
            && story.domain == history.domain(operation.client)
            && operation.called.line > story.granted.line
        {
            story.take(operation);
        }
        if let Some(Response::LeaseLeases { leases, .. }) = operation.response() {
            let listed: BTreeSet<i64> = leases.iter().map(|lease| lease.0).collect();
            self.take_list(history, operation, &listed);
        }
        self.take_keys(history, operation);
    }

    /// A revocation may have happened unless it had ended before the lease was asked for; one
    /// whose outcome is not known may still be under way then.
    fn take_revoke(&mut self, history: &History, operation: &Operation) {
        let Request::LeaseRevoke { lease } = operation.request else { return };
        let Some(story) = self.stories.get_mut(&lease.0) else { return };
        let comparable = story.domain == history.domain(operation.client);
        let unknown = matches!(operation.outcome, Outcome::Unknown(_));
        let over = operation.ended.line < story.asked.line && comparable && !unknown;
        if may_have_happened(operation) && !over {
            story.revokes.push(if comparable { operation.called.line } else { 0 });
        }
    }

    fn take_list(&mut self, history: &History, operation: &Operation, listed: &BTreeSet<i64>) {
        let domain = history.domain(operation.client);
        let stories = self
            .stories
            .values_mut()
            .filter(|story| story.domain == domain && operation.called.line > story.granted.line);
        for story in stories {
            let there = listed.contains(&story.lease);
            story.see(there, operation, false, "by the list of leases");
        }
    }

    /// A pair that is attached to a lease shows that the lease is there.
    fn take_keys(&mut self, history: &History, operation: &Operation) {
        let Some(Response::Range(range)) = operation.response() else { return };
        let newest = matches!(&operation.request, Request::Range(range) if range.revision <= 0);
        if may_be_stale(history, operation) || !newest {
            return;
        }
        let domain = history.domain(operation.client);
        let leases: BTreeSet<i64> = range.kvs.iter().map(|kv| kv.meta.lease.0).collect();
        for lease in leases {
            if let Some(story) = self.stories.get_mut(&lease)
                && story.domain == domain
                && operation.called.line > story.granted.line
            {
                story.see(true, operation, true, "by a key that is read");
            }
        }
    }

    /// Revisions at which leases ended with their keys.
    pub fn take_ends(&mut self, history: &History, timeline: &Timeline) {
        if history.head.clock == Clock::Client {
            return;
        }
        let mut ends: Vec<(u64, i64)> = Vec::new();
        for (author, revision) in timeline.authors.iter().zip(2..) {
            if let Author::EndOfLease { lease, sure: true } = author {
                ends.push((revision, lease.0));
            }
        }
        if ends.is_empty() {
            return;
        }
        let shown = first_shown(history);
        for (revision, lease) in ends {
            let Some(at) = shown.range(revision..).map(|(_, at)| *at).min_by_key(|at| at.line)
            else {
                continue;
            };
            if let Some(story) = self.stories.get_mut(&lease) {
                let how = format!("by the end of its keys at revision {revision}");
                story.gone.push(Gone { at, by_keys: true, how });
            }
        }
    }
}

impl Story {
    /// The time to live that was granted, in seconds.
    pub fn ttl_s(&self) -> i64 {
        (self.ttl_ns / 1_000_000_000) as i64
    }

    /// Whether a revocation was sent before this line.
    pub fn was_revoked_before(&self, line: u64) -> bool {
        self.revokes.iter().any(|revoked| *revoked < line)
    }

    /// Whether it must be there when an answer to `operation` looks for it.
    pub fn must_live(&self, history: &History, operation: &Operation) -> bool {
        let Operation { client, called, ended, .. } = operation;
        self.domain == history.domain(*client)
            && self.granted.line < called.line
            && !self.was_revoked_before(ended.line)
            && ended.time < self.least_end(ended.line, &history.restarts)
    }

    /// The earliest time, in nanoseconds, at which it can have ended if that was seen at `line`.
    pub fn least_end(&self, line: u64, restarts: &[Restart]) -> u64 {
        let before =
            self.renewals.iter().filter(|renewal| renewal.certain && renewal.called.line < line);
        let last = before.map(|renewal| renewal.called.time).max();
        let mut end = last.map_or(0, |time| time.saturating_add(self.ttl_ns));
        for restart in restarts.iter().filter(|at| (self.granted.line..line).contains(&at.line)) {
            if let Some(renewed) = restart.renewed.filter(|renewed| *renewed < end) {
                end = end.max(renewed.saturating_add(self.ttl_ns));
            }
        }
        end
    }

    /// The latest time at which it must end, as far as was known at some moment.
    pub fn latest_end(&self, at: Moment, restarts: &[Restart]) -> u64 {
        let before = self.renewals.iter().filter(|renewal| renewal.called.line < at.line);
        let renewed = before.map(|renewal| renewal.ended.time);
        let restarts = restarts.iter().map(|at| at.over).filter(|over| *over <= at.time);
        renewed.chain(restarts).max().unwrap_or(0).saturating_add(self.ttl_ns)
    }

    fn take(&mut self, operation: &Operation) {
        match (&operation.request, &operation.outcome) {
            (Request::LeaseRevoke { .. }, Outcome::Answered(_)) => {
                self.see(false, operation, false, "by its revocation");
            }
            (_, Outcome::Refused(Error::LeaseNotFound)) => {
                self.see(false, operation, false, "by a refusal");
            }
            (Request::LeaseKeepAlive { .. }, Outcome::Unknown(_)) => self.renew(operation, false),
            (_, Outcome::Answered(answer)) => {
                if let Some(there) = tells(answer) {
                    self.see(there, operation, false, "by an answer about it");
                } else if changes(answer) && matches!(operation.request, Request::Put(_)) {
                    self.see(true, operation, false, "by a put that names it");
                }
                if matches!(answer, Response::LeaseKeepAlive { ttl, .. } if *ttl > 0) {
                    self.renew(operation, true);
                }
            }
            _ => {}
        }
    }

    fn renew(&mut self, operation: &Operation, certain: bool) {
        let (called, ended) = (operation.called, operation.ended);
        self.renewals.push(Renewal { called, ended, certain });
    }

    fn see(&mut self, there: bool, operation: &Operation, by_keys: bool, how: &str) {
        let how = how.to_owned();
        if there {
            self.alive.push(Alive { called: operation.called, by_keys, how });
        } else {
            self.gone.push(Gone { at: operation.ended, by_keys, how });
        }
    }
}

/// When each revision was first shown to anyone.
fn first_shown(history: &History) -> BTreeMap<u64, Moment> {
    let mut shown: BTreeMap<u64, Moment> = BTreeMap::new();
    let mut note = |revision: u64, at: Moment| {
        let first = shown.entry(revision).or_insert(at);
        if at.line < first.line {
            *first = at;
        }
    };
    for operation in &history.operations {
        if let Some(answer) = operation.response() {
            note(revision(answer), operation.ended);
        }
    }
    for told in history.watchers.iter().flat_map(|watcher| &watcher.told) {
        for event in told.response.events.iter() {
            note(event.kv.mod_revision.0, told.at);
        }
        note(told.response.revision.0, told.at);
    }
    shown
}
