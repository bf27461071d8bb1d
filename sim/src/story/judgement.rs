//! What the judge says of a story.

use braid_judge::judge;
use braid_judge::reader::assemble;
use braid_judge::wire::Line;

use crate::failure::{Failure, Verdict};

/// Places that are tried for writes without an answer: far more than it takes where an observer
/// has heard of everything.
const SEARCH_STEPS_MAX: u64 = 200_000;

/// Judges what was written down.
pub(super) fn of(lines: Vec<Line>) -> Verdict {
    let history = assemble(lines).map_err(|why| Failure::new("a history", why.to_string()))?;
    let verdict = judge(&history, SEARCH_STEPS_MAX);
    if let Some(broken) = verdict.violations().first() {
        return Err(Failure::new(broken.check.promise(), broken.how.clone()));
    }
    match verdict.undecided().first() {
        Some(undecided) => Err(Failure::new("what happened can be told", undecided.clone())),
        None => Ok(()),
    }
}
