//! What happens when the watermark rises, and who is told what this core waits for.

use braid_storage::ids::{CoreId, Revision};
use braid_storage::planted::{Bug, planted};

use super::control::Control;
use super::{Core, Output};
use crate::shard::Shard;

impl Core {
    /// Computes the watermark, and does everything that waits for it: applies, answers, delivers
    /// events.
    pub(super) fn advance(&mut self) {
        let watermark = self.raise_watermark();
        if watermark > self.applied {
            self.apply(watermark);
        }
        self.advance_hub();
        for (to, answer) in self.waiters.release(watermark) {
            self.reply(to, answer);
        }
    }

    fn apply(&mut self, watermark: Revision) {
        self.applied = watermark;
        let upto = if planted(Bug::ApplyBesideWatermark) { Revision(u64::MAX) } else { watermark };
        for shard in self.shards.iter_mut() {
            shard.apply(upto);
        }
        self.apply_control(watermark);
        self.evict_values();
    }

    /// Computes the watermark. Where it has risen meanwhile, it may be this core that raised it, and
    /// nobody else would wake those who wait for it.
    pub(super) fn raise_watermark(&mut self) -> Revision {
        let before = self.sequencer.cells().watermark();
        let watermark = self.sequencer.watermark();
        if watermark > before {
            self.wake_waiting_cores(watermark);
        }
        watermark
    }

    fn wake_waiting_cores(&mut self, watermark: Revision) {
        let id = self.id;
        let waiting: Vec<CoreId> = self.sequencer.cells().waiting_cores(watermark, id).collect();
        if !planted(Bug::ForgetWakeUp) {
            self.out.extend(waiting.into_iter().map(Output::Wake));
        }
    }

    /// Tells the other cores what this one waits for. The watermark may have passed that already,
    /// raised by one that did not see it yet, so it is looked at once more. Returns whether it had.
    pub(super) fn publish_waiting(&mut self) -> bool {
        let lowest = self.lowest_waiting();
        self.waiters.publish(self.sequencer.cells(), self.id, lowest);
        let passed = lowest.is_some_and(|lowest| lowest <= self.raise_watermark());
        if passed {
            self.advance();
            let lowest = self.lowest_waiting();
            self.waiters.publish(self.sequencer.cells(), self.id, lowest);
        }
        passed
    }

    fn lowest_waiting(&self) -> Option<Revision> {
        let lowest = [self.waiters.lowest(), self.hub.waiting_for(), self.lowest_unapplied()];
        lowest.into_iter().flatten().min()
    }

    fn lowest_unapplied(&self) -> Option<Revision> {
        let shards = self.shards.iter().filter_map(Shard::next_to_apply);
        shards.chain(self.control.as_ref().and_then(Control::next_to_apply)).min()
    }

    fn evict_values(&mut self) {
        let budget = self.config.value_bytes / self.shards.iter().count().max(1);
        for shard in self.shards.iter_mut() {
            if shard.index().resident_bytes() > budget {
                shard.index_mut().evict(budget, self.config.limits.eviction_step);
            }
        }
    }
}
