//! A watch stream: its watchers by id, and an account of what waits in its queue.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use braid_storage::ids::Revision;

use super::wait_queue::WaitQueue;
use super::watcher::WatcherKey;

/// Charged for a response beside its events.
const RESPONSE_BYTES: usize = 128;

/// One watch stream.
#[derive(Default)]
pub(super) struct Stream {
    /// By the id that the client knows.
    pub(super) watchers: BTreeMap<i64, WatcherKey>,
    next_id: i64,
    /// The bytes charged for each response that has not been taken, in order.
    queued: VecDeque<usize>,
    queued_bytes: usize,
    /// Watchers that wait for room.
    pub(super) paused: WaitQueue,
    /// Watchers that are not synced.
    pub(super) behind: usize,
    /// Of these, the ones that began in the present.
    pub(super) fresh: usize,
    /// The client asked for progress and waits for at least this revision.
    pub(super) progress_asked: Option<Revision>,
    /// When the next progress tick is due; none until a watcher wants one.
    pub(super) progress_due: Option<Duration>,
    /// The time between ticks.
    pub(super) progress_period: Duration,
}

impl Stream {
    /// The id for a new watcher: `wanted`, or the next unused one for 0. None when it is taken.
    pub(super) fn choose_id(&mut self, wanted: i64) -> Option<i64> {
        if wanted != 0 {
            return (!self.watchers.contains_key(&wanted)).then_some(wanted);
        }
        while self.watchers.contains_key(&self.next_id) {
            self.next_id = self.next_id.wrapping_add(1);
        }
        let id = self.next_id;
        self.next_id = self.next_id.wrapping_add(1);
        Some(id)
    }

    /// Charges for a response with `event_bytes` of events. Returns the charge.
    pub(super) fn charge(&mut self, event_bytes: usize) -> usize {
        let charge = RESPONSE_BYTES + event_bytes;
        self.queued.push_back(charge);
        self.queued_bytes += charge;
        charge
    }

    /// Charges for one more watcher of the last response. Returns the charge.
    pub(super) fn charge_watcher(&mut self) -> usize {
        let charge = size_of::<i64>();
        if let Some(last) = self.queued.back_mut() {
            *last += charge;
            self.queued_bytes += charge;
        }
        charge
    }

    /// What waited longest has left. Returns what was charged for it.
    pub(super) fn discharge(&mut self) -> usize {
        let charge = self.queued.pop_front().unwrap_or(0);
        self.queued_bytes -= charge;
        charge
    }

    /// Responses that have not been taken.
    pub(super) fn responses(&self) -> usize {
        self.queued.len()
    }

    /// Bytes of what waits.
    pub(super) fn bytes(&self) -> usize {
        self.queued_bytes
    }
}
