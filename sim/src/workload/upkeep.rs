//! What operators do: compactions, checksums, figures.

use std::time::Duration;

use braid_core::api::{CompactRequest, RangeRequest, Request, Response};
use braid_core::error::Error;
use bytes::Bytes;

use super::{Known, Step, Workload};
use crate::failure::Verdict;
use crate::model::random::Random;

#[derive(Default)]
pub(super) struct Upkeep {
    /// What was compacted must not be readable any more, on no core.
    compacted: Option<i64>,
}

impl Workload for Upkeep {
    fn next(&mut self, known: &mut Known, random: &mut Random) -> Step {
        if let Some(revision) = self.compacted.take() {
            return Step::Call(Request::Range(list(revision - 1, random)));
        }
        Step::Call(match random.below(10) {
            0..=3 => Request::Compact(compaction(known, random)),
            4..=5 => Request::HashKv { revision: known.old_revision(random) },
            6 => Request::Status,
            7..=8 => Request::Range(list(known.old_revision(random), random)),
            _ => return Step::Pause(Duration::from_millis(random.below(50))),
        })
    }

    fn answered(
        &mut self,
        request: &Request,
        answer: &Result<Response, Error>,
        _: &mut Known,
    ) -> Verdict {
        if let (Request::Compact(compact), Ok(_)) = (request, answer) {
            self.compacted = Some(compact.revision);
        }
        Ok(())
    }
}

/// Never beyond what the observer was told: it must not miss anything.
fn compaction(known: &Known, random: &mut Random) -> CompactRequest {
    let back = random.pick(&[0, 0, 1, 3, 20]);
    let revision = (known.observed as i64 - back).max(1);
    CompactRequest { revision, physical: random.one_in(2) }
}

fn list(revision: i64, random: &mut Random) -> RangeRequest {
    let everything = Bytes::from_static(b"\0");
    RangeRequest {
        key: everything.clone(),
        range_end: everything,
        revision,
        count_only: random.one_in(2),
        limit: random.pick(&[0, 1]),
        ..RangeRequest::default()
    }
}
