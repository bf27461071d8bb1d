//! How a reign begins.
//!
//! First the control group is won and its barrier committed, so that every earlier decision is
//! known; only then the shard groups are; then the reign is decided, bound to the terms in which
//! all groups were won, and every core takes part in it. Nothing is sequenced before.

use braid_storage::ids::{CoreId, Epoch, GroupId, Revision};
use braid_storage::planted::{Bug, planted};
use braid_storage::record;

use super::mail::Mail;
use super::{Core, Output};

/// Where a core stands on the way into a reign.
#[derive(Default)]
pub(super) struct Startup {
    /// Barriers of own shard groups that are not committed.
    barriers_missing: usize,
    /// Core 0: cores that do not lead yet, or do not take part yet.
    cores_missing: u16,
    /// Core 0: the terms in which the groups were won.
    terms: Vec<(GroupId, u64)>,
    /// Core 0: what the reign is decided upon.
    pub(super) base: Base,
}

/// What recovery found, as far as the next reign builds on it.
#[derive(Clone, Debug, Default)]
pub struct Base {
    /// The cluster's first entry, if nothing was ever written.
    pub genesis: Option<record::Control>,
    /// The last reign that was decided; 0 for none.
    pub last_epoch: Epoch,
    /// The end of history.
    pub revision: Revision,
}

impl Startup {
    pub(super) fn new(base: Base) -> Self {
        Self { base, ..Self::default() }
    }
}

impl Core {
    /// Begins the way into the reign. Called once, before the first step.
    pub fn start(&mut self) {
        let campaign = self.control.as_mut().map(super::control::Control::campaign);
        if let Some(Err(error)) = campaign {
            self.out.push_back(Output::Fatal(error.to_string()));
        }
    }

    /// The control group is won and knows all decisions: now the shard groups.
    pub(super) fn control_leads(&mut self) {
        let cores = self.routing.cores();
        self.startup.cores_missing = cores;
        self.startup.terms = self.control.iter().map(|c| (GroupId::CONTROL, c.term())).collect();
        for core in (0..cores).map(CoreId) {
            self.mail(core, Mail::Lead);
        }
    }

    pub(super) fn handle_lead(&mut self) {
        let campaigns: Vec<_> = self.shards.iter_mut().map(crate::shard::Shard::campaign).collect();
        self.startup.barriers_missing = campaigns.len();
        for error in campaigns.into_iter().filter_map(Result::err) {
            self.out.push_back(Output::Fatal(error.to_string()));
        }
        self.tell_if_leading();
    }

    /// Barriers of own groups were committed.
    pub(super) fn barriers_committed(&mut self, barriers: usize) {
        if barriers > 0 {
            self.startup.barriers_missing = self.startup.barriers_missing.saturating_sub(barriers);
            self.tell_if_leading();
        }
    }

    fn tell_if_leading(&mut self) {
        if self.startup.barriers_missing == 0 {
            let terms = self.shards.iter().map(|shard| (shard.id(), shard.group().term()));
            let terms = terms.collect();
            self.mail(CoreId(0), Mail::Leading(terms));
        }
    }

    /// A core leads its groups. After the last one the reign is decided.
    pub(super) fn handle_leading(&mut self, terms: Vec<(GroupId, u64)>) {
        self.startup.terms.extend(terms);
        self.startup.cores_missing -= 1;
        if self.startup.cores_missing > 0 {
            return;
        }
        let mut terms = std::mem::take(&mut self.startup.terms);
        terms.sort();
        let Base { genesis, last_epoch, revision } = self.startup.base.clone();
        if let Some(genesis) = genesis {
            self.decide(genesis, None);
        }
        let step = u64::from(!planted(Bug::IgnoreEpoch) || last_epoch == Epoch(0));
        let epoch = Epoch(last_epoch.0 + step);
        self.decide(record::Control::Epoch { epoch, base: revision, terms }, None);
    }

    /// The reign is decided: every core takes part in it.
    pub(super) fn begin_reign(&mut self, epoch: Epoch) {
        let now = self.now;
        if let Some(control) = &mut self.control {
            control.lessor.restart_all(now);
        }
        let term = self.control.as_ref().map_or(0, super::control::Control::term);
        let cores = self.routing.cores();
        self.startup.cores_missing = cores;
        for core in (0..cores).map(CoreId) {
            self.mail(core, Mail::Begin(epoch, term));
        }
    }

    pub(super) fn handle_begin(&mut self, epoch: Epoch, term: u64) {
        self.epoch = epoch;
        self.out.push_back(Output::Reign { term });
        self.mail(CoreId(0), Mail::Begun);
    }

    pub(super) fn handle_begun(&mut self) {
        self.startup.cores_missing -= 1;
        if self.startup.cores_missing == 0 {
            self.out.push_back(Output::Serving);
        }
    }
}
