//! Watchers that begin anywhere, end, and go on elsewhere.

use std::time::Duration;

use braid_core::api::{DeleteRangeRequest, WatchCreate};
use bytes::Bytes;

use super::{Known, Reader, Step, Workload};
use crate::model::generate::Generator;
use crate::model::random::Random;

pub(super) struct Watching;

impl Workload for Watching {
    fn next(&mut self, known: &mut Known, random: &mut Random) -> Step {
        match random.below(12) {
            0..=3 => {
                let watchers = (0..random.between(1, 3)).map(|_| create(known, random)).collect();
                let reader =
                    random.pick(&[Reader::Eager, Reader::Eager, Reader::Slow, Reader::Never]);
                Step::Watch(watchers, reader)
            }
            4 => Step::Cancel,
            5 => Step::Close,
            6..=7 => Step::Resume,
            8..=9 => Step::Progress,
            _ => Step::Pause(Duration::from_millis(random.below(30))),
        }
    }
}

fn create(known: &Known, random: &mut Random) -> WatchCreate {
    let (key, range_end) = interval(random);
    let start = random.between(known.compaction.max(0), known.revision as i64 + 3);
    WatchCreate {
        key,
        range_end,
        start_revision: if random.one_in(3) { 0 } else { start },
        no_put: random.one_in(6),
        no_delete: random.one_in(6),
        prev_kv: random.one_in(2),
        fragment: random.one_in(4),
        progress_notify: random.one_in(2),
        ..WatchCreate::default()
    }
}

/// Not empty: nobody may watch an empty one.
fn interval(random: &mut Random) -> (Bytes, Bytes) {
    let DeleteRangeRequest { key, range_end, .. } = Generator::new(random.next_u64()).delete();
    let open = Bytes::from_static(b"\0");
    if random.one_in(2) {
        return (open.clone(), open);
    }
    let key = if key.is_empty() { open.clone() } else { key };
    let is_empty = !range_end.is_empty() && range_end <= key;
    (key, if is_empty { open } else { range_end })
}
