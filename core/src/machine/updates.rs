//! Changes of control state on their way to all cores: acknowledged to the client only when every
//! core acts on them, so that what a client was told is true wherever its next request arrives.

use std::collections::BTreeMap;

use braid_storage::ids::{CoreId, Revision};
use braid_storage::planted::{Bug, planted};

use super::Core;
use super::mail::{Mail, ReplyTo, Update, UpdateId};

/// Updates of this core that others have not acknowledged yet.
#[derive(Default)]
pub(super) struct Updates {
    last: u64,
    pending: BTreeMap<UpdateId, Pending>,
}

struct Pending {
    update: Update,
    missing: u16,
    /// Cores that still drop what a physical compaction allows.
    compacting: u16,
    to: Option<ReplyTo>,
    revision: Revision,
}

impl Updates {
    /// How many are under way.
    pub(super) fn len(&self) -> usize {
        self.pending.len()
    }
}

impl Core {
    /// Tells all cores, then answers `to`.
    pub(super) fn announce(&mut self, update: Update, to: Option<ReplyTo>, revision: Revision) {
        self.updates.last += 1;
        let id = UpdateId(self.updates.last);
        let cores = self.routing.cores();
        let physical = matches!(update, Update::Compact(at) if self.compaction.is_physical(at));
        let compacting = if physical { cores } else { 0 };
        let pending = Pending { update, missing: cores, compacting, to, revision };
        self.updates.pending.insert(id, pending);
        for core in (0..cores).map(CoreId) {
            self.mail(core, Mail::Update(id, update));
        }
    }

    pub(super) fn handle_update(&mut self, from: CoreId, id: UpdateId, update: Update) {
        match update {
            Update::LeaseLives(lease, _) => self.leases.begin(lease),
            Update::LeaseOver(lease) => {
                self.leases.end(lease);
                self.unpark_writes();
                self.unpark_coordinator();
            }
            Update::Compact(revision) => self.begin_compaction(revision, id),
        }
        self.mail(from, Mail::Updated(id));
    }

    pub(super) fn handle_updated(&mut self, id: UpdateId) {
        if let Some(pending) = self.updates.pending.get_mut(&id) {
            pending.missing -= 1;
        }
        self.finish_update(id);
    }

    pub(super) fn handle_compacted(&mut self, id: UpdateId) {
        if let Some(pending) = self.updates.pending.get_mut(&id) {
            pending.compacting = pending.compacting.saturating_sub(1);
        }
        self.finish_update(id);
    }

    fn finish_update(&mut self, id: UpdateId) {
        let done = |p: &Pending| p.missing == 0 && p.compacting == 0;
        let done = |p: &Pending| done(p) || planted(Bug::AcknowledgeUpdateEarly);
        if !self.updates.pending.get(&id).is_some_and(done) {
            return;
        }
        let Some(Pending { update, to, revision, .. }) = self.updates.pending.remove(&id) else {
            return;
        };
        let revision = revision.max(self.applied);
        if let Some(to) = to {
            let answer = Self::answer_of(update, revision);
            self.reply(to, Ok(answer));
        }
        if let Update::LeaseOver(lease) = update {
            self.answer_late_keepalives(lease, revision);
        }
    }
}
