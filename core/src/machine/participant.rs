//! A core's side of writes that span cores: it closes its gate, tells what it holds, takes its
//! parts, and opens the gate again.

use braid_storage::ids::CoreId;

use super::Core;
use super::collect::Collecting;
use super::mail::{Collect, Mail, Part, Parts};
use super::queries::Query;

/// Whether the core sequences writes of its own.
#[derive(Default)]
pub(super) enum Gate {
    #[default]
    Open,
    /// Asked to close; the writes that are queued already come first, so that rounds in a row
    /// cannot starve them.
    Closing(CoreId, Collect),
    Closed,
}

impl Gate {
    pub(super) fn is_closed(&self) -> bool {
        matches!(self, Self::Closed)
    }
}

impl Core {
    pub(super) fn handle_collect(&mut self, from: CoreId, collect: Collect) {
        if !collect.close_gate {
            return self.collect(from, collect);
        }
        assert!(matches!(self.gate, Gate::Open), "the coordinator closes a gate once a round");
        self.gate = Gate::Closing(from, collect);
        if self.writes.is_empty() {
            self.close_gate_if_asked();
        }
    }

    /// Closes the gate if the coordinator waits for it, unless a delete is under way: what it has
    /// gathered is only true until another write.
    pub(super) fn close_gate_if_asked(&mut self) {
        if self.writes.deleting.is_some() {
            return;
        }
        if matches!(self.gate, Gate::Closing(..))
            && let Gate::Closing(from, collect) = std::mem::replace(&mut self.gate, Gate::Closed)
        {
            self.collect(from, collect);
        }
    }

    fn collect(&mut self, from: CoreId, collect: Collect) {
        self.queue_query(from, Query::Collect(Box::new(Collecting::new(collect))));
    }

    /// Takes this core's parts of a round, covers their revisions, and opens the gate.
    pub(super) fn handle_parts(&mut self, parts: Parts) {
        for lease in parts.closed_leases {
            self.leases.close(lease);
        }
        for Part { revision, participants, changes } in parts.writes {
            let shards = self.take_part(revision, changes, Some(&participants));
            self.sequencer.adopt(revision, shards);
        }
        self.gate = Gate::Open;
        self.mail(CoreId(0), Mail::Covered(parts.round));
    }
}
