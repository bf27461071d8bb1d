//! Forgetting history: at once for readers, in slices for memory.

use std::collections::VecDeque;
use std::time::Duration;

use braid_storage::ids::{CoreId, Revision};

use super::Core;
use super::mail::{Mail, UpdateId};

/// How soon a compaction that a running read holds up is tried again.
const RETRY: Duration = Duration::from_millis(10);

/// How far this core has compacted.
pub(super) struct Compaction {
    /// First readable revision; -1 before the first compaction, as etcd counts.
    compacted: i64,
    /// Compactions whose versions are not all dropped, with the update that began them.
    under_way: VecDeque<(Revision, UpdateId)>,
    /// Core 0: the highest revision asked for, and which ones wait for the drop.
    wanted: i64,
    physical: Vec<i64>,
}

impl Compaction {
    pub(super) fn new(compacted: i64) -> Self {
        let under_way = VecDeque::new();
        Self { compacted, under_way, wanted: compacted, physical: Vec::new() }
    }

    /// The compacted revision: reads below it are refused.
    pub(super) fn compacted(&self) -> i64 {
        self.compacted
    }

    pub(super) fn wanted(&self) -> i64 {
        self.wanted
    }

    pub(super) fn want(&mut self, revision: i64, physical: bool) {
        self.wanted = revision;
        if physical {
            self.physical.push(revision);
        }
    }

    pub(super) fn is_physical(&self, revision: Revision) -> bool {
        self.physical.contains(&(revision.0 as i64))
    }

    /// When to look again whether a read still pins what may be dropped.
    pub(super) fn deadline(&self, now: Duration) -> Option<Duration> {
        (!self.under_way.is_empty()).then(|| now + RETRY)
    }
}

impl Core {
    /// Readers are refused from now on; the versions go in slices.
    ///
    /// The revision was readable when it was decided, so everything up to it is committed here;
    /// it must be applied before anything is dropped.
    pub(super) fn begin_compaction(&mut self, revision: Revision, update: UpdateId) {
        self.advance();
        self.compaction.compacted = self.compaction.compacted.max(revision.0 as i64);
        self.compaction.under_way.push_back((revision, update));
        self.hub.handle_compacted(revision);
    }

    /// Drops one slice of versions. Returns whether there is more to drop now; what a running
    /// read has pinned is dropped later.
    pub(super) fn run_compaction(&mut self) -> bool {
        let Some(&(revision, update)) = self.compaction.under_way.front() else { return false };
        let pinned = self.sequencer.cells().lowest_pinned();
        let allowed = revision.min(pinned.unwrap_or(revision));
        let mut finished = true;
        for shard in self.shards.iter_mut() {
            finished &=
                shard.index_mut().compact(allowed, self.config.limits.compaction_step).finished;
        }
        if finished && allowed == revision {
            self.compaction.under_way.pop_front();
            self.mail(CoreId(0), Mail::Compacted(update));
            return !self.compaction.under_way.is_empty();
        }
        !finished
    }
}
