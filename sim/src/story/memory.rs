//! What outlives a crash of the member: what clients know, and what the judges remember.

use std::time::Duration;

use braid_core::api::Request;
use braid_core::error::Error;

use crate::failure::Verdict;
use crate::model::Event;
use crate::verdict::hashes::Hashes;
use crate::verdict::leases::Ledger;
use crate::verdict::order::Operation;
use crate::verdict::watches::{Watch, event};
use crate::workload::Known;

/// What is remembered.
#[derive(Debug, Default)]
pub(super) struct Memory {
    pub(super) known: Known,
    pub(super) ledger: Ledger,
    /// Every change, with the time at which the observer heard of it.
    pub(super) events: Vec<(Duration, Event)>,
    hashes: Hashes,
    /// Responses of this life's observer that were taken in.
    noted: usize,
}

impl Memory {
    /// Another life begins, with another observer.
    pub(super) fn forget_observer(&mut self) {
        self.noted = 0;
    }

    /// Takes in what the observer was told since the last call.
    pub(super) fn note(&mut self, observer: Option<&Watch>) {
        let Some(observer) = observer else { return };
        for (at, response) in &observer.told[self.noted..] {
            self.events.extend(response.events.iter().map(|told| (*at, event(told))));
        }
        self.noted = observer.told.len();
        if let Some((_, last)) = self.events.last() {
            self.known.observed = self.known.observed.max(last.revision);
        }
    }

    pub(super) fn sent(&mut self, request: &Request, now: Duration) {
        self.ledger.sent(request, now);
        if let Request::Compact(compact) = request {
            self.known.compaction = self.known.compaction.max(compact.revision);
        }
    }

    pub(super) fn answered(&mut self, operation: &Operation) -> Verdict {
        match (&operation.request, &operation.answer) {
            (Request::Compact(compact), Some((_, Ok(_)))) => {
                self.known.compacted = self.known.compacted.max(compact.revision);
            }
            (Request::Put(put), Some((_, Err(Error::LeaseNotFound)))) => {
                self.known.leases.retain(|lease| *lease != put.lease);
            }
            (_, Some((_, Ok(response)))) => self.hashes.answered(response)?,
            _ => {}
        }
        self.ledger.answered(operation)
    }
}
