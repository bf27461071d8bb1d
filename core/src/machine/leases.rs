//! What a core knows of the leases: enough to judge a write that names one.

use std::collections::HashMap;

use braid_storage::ids::LeaseId;

/// The leases that live, as far as this core has been told.
#[derive(Default)]
pub(super) struct KnownLeases {
    leases: HashMap<LeaseId, State>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Lives,
    /// Its end is decided but not committed: writes that name it wait.
    Closing,
}

impl KnownLeases {
    pub(super) fn new(leases: impl IntoIterator<Item = LeaseId>) -> Self {
        Self { leases: leases.into_iter().map(|lease| (lease, State::Lives)).collect() }
    }

    pub(super) fn lives(&self, lease: LeaseId) -> bool {
        self.leases.contains_key(&lease)
    }

    pub(super) fn is_closing(&self, lease: LeaseId) -> bool {
        self.leases.get(&lease) == Some(&State::Closing)
    }

    pub(super) fn begin(&mut self, lease: LeaseId) {
        self.leases.insert(lease, State::Lives);
    }

    pub(super) fn close(&mut self, lease: LeaseId) {
        if let Some(state) = self.leases.get_mut(&lease) {
            *state = State::Closing;
        }
    }

    pub(super) fn end(&mut self, lease: LeaseId) {
        self.leases.remove(&lease);
    }
}
