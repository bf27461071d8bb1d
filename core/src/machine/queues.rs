//! What waits in a core, and how much of it ever may: nothing that clients or other cores do makes a
//! queue grow beyond its bound. [`Core::mails_max`] is the bound of what waits between cores.

use super::Core;

/// A queue of a core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Queue {
    /// What waits there.
    pub name: &'static str,
    /// How many of them, or how many bytes of them.
    pub len: usize,
    /// The most that may.
    pub max: usize,
}

impl Core {
    /// The core's queues between two steps; a driver that finds one longer than it may be has found
    /// a mistake.
    #[must_use]
    pub fn queues(&self) -> Vec<Queue> {
        let mut queues = self.queues_of_calls();
        queues.extend(self.queues_of_watches());
        queues.extend(self.queues_of_control());
        queues
    }

    /// A call waits in one place of a core at a time. A scan holds its place among the calls while
    /// a call asks for its next chunk, which is never refused: hence twice.
    fn queues_of_calls(&self) -> Vec<Queue> {
        let (limits, of_all) = (&self.config.limits, self.calls_of_all_cores());
        let queries = usize::from(self.routing.cores()) * self.config.watch.queries;
        let (fetches, reading) = self.fetches.under_way();
        vec![
            queue("calls", self.calls, 2 * limits.calls),
            queue("scans", self.reads.ranges.len(), limits.calls),
            queue("bytes gathered", self.reads.gathered_bytes, self.config.gathered_bytes),
            queue("writes", self.writes.waiting(), of_all),
            queue("answers", self.waiters.len(), of_all + limits.expiries),
            queue("fetches", fetches, of_all + queries),
            queue("reads of the disk", reading, limits.cold_reads),
            // A round of writes asks once.
            queue("questions", self.queries.len(), of_all + queries + 1),
        ]
    }

    fn queues_of_watches(&self) -> Vec<Queue> {
        let (limits, watch) = (&self.config.limits, &self.config.watch);
        let (mails, bytes) = self.events.most_in_flight();
        vec![
            queue("mails with events", mails, limits.event_mails_in_flight()),
            queue("bytes of events", bytes, limits.event_bytes),
            queue("registrations", self.watches.registering(), limits.registrations),
            queue("history queries", self.watches.histories.len(), watch.queries),
            queue("watchers", self.hub.watchers(), watch.watchers),
        ]
    }

    fn queues_of_control(&self) -> Vec<Queue> {
        let Some(control) = &self.control else { return Vec::new() };
        let expiries = self.config.limits.expiries;
        let causes = self.calls_of_all_cores() + expiries;
        vec![
            queue("ends of leases", control.expiries, expiries),
            queue("writes that span cores", control.coordinator.waiting(), causes),
            queue("changes of control state", self.updates.len(), causes),
        ]
    }

    fn calls_of_all_cores(&self) -> usize {
        usize::from(self.routing.cores()) * 2 * self.config.limits.calls
    }
}

fn queue(name: &'static str, len: usize, max: usize) -> Queue {
    Queue { name, len, max }
}
