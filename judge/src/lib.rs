//! What etcd promises, as code that says whether it was kept.
//!
//! The model tells what a right etcd would have answered; it shares no code with the engine but
//! the types of requests, answers and errors. A history says what clients asked and heard, and
//! when. The judge looks for one order of writes that explains all of it, and holds everything
//! that was told against that order. What it could not check it lists; it never calls that good.

pub mod compaction;
pub mod history;
pub mod malformed;
pub mod model;
pub mod order;
pub mod reader;
pub mod record;
pub mod verdict;
pub mod wire;

mod hash;
mod lease;
mod lock;
mod status;
mod watch;

use history::History;
use verdict::Verdict;

/// Judges a history; tries at most `steps` places for writes without an answer.
#[must_use]
pub fn judge(history: &History, steps: u64) -> Verdict {
    let mut verdict = Verdict::default();
    let mut stories = lease::Stories::of(history);
    let timeline = order::establish(history, &stories, steps, &mut verdict);
    let compactions = compaction::Compactions::of(history);
    compaction::check(history, &compactions, &mut verdict);
    watch::check(history, &timeline, &compactions, &mut verdict);
    stories.take_ends(history, &timeline);
    lease::check(history, &stories, &mut verdict);
    lock::check(history, &stories, &mut verdict);
    hash::check(history, &mut verdict);
    status::check(history, &compactions, &mut verdict);
    verdict
}
