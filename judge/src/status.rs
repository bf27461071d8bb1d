//! Figures of a member: its disk holds what it needs, and what is applied was in the log before.
//! While it runs its indexes only grow. (Its revision is part of the real-time order.)

use std::collections::BTreeMap;

use braid_core::api::{Response, Status};

use crate::compaction::Compactions;
use crate::history::{History, Operation};
use crate::verdict::{Check, Verdict};

/// Answers of one member between two restarts.
type Run<'a> = Vec<(&'a Operation, &'a Status)>;

/// Checks all answers.
pub fn check(history: &History, compactions: &Compactions, verdict: &mut Verdict) {
    let mut runs: BTreeMap<(&str, u64, usize), Run<'_>> = BTreeMap::new();
    for operation in &history.operations {
        let Some(Response::Status(status)) = operation.response() else { continue };
        verdict.examine(Check::Status);
        let domain = history.domain(operation.client);
        let certain = compactions.certain(domain, operation.called.line);
        let possible = compactions.possible(domain, operation.ended.line);
        let compacted = status.compact_revision;
        // 0: it was not noted.
        let right = compacted == 0 || (certain..=possible).contains(&compacted);
        if let Some(how) = strange(status).or((!right).then_some("another compaction")) {
            violate(&[operation], &format!("{how}: {status:?}"), verdict);
        }
        let restarts = |line| history.restarts.iter().filter(|at| at.line < line).count();
        let run = restarts(operation.called.line);
        if run == restarts(operation.ended.line) {
            runs.entry((&operation.member, domain, run)).or_default().push((operation, status));
        }
    }
    for run in runs.into_values() {
        check_growth(run, verdict);
    }
}

/// What is wrong with one answer alone.
fn strange(status: &Status) -> Option<&'static str> {
    if status.db_size_in_use > status.db_size {
        return Some("more of the disk is in use than there is");
    }
    (status.raft_applied_index > status.raft_index).then_some("more is applied than was logged")
}

/// Indexes never go back from one answer to the next one that was asked for.
fn check_growth(mut run: Run<'_>, verdict: &mut Verdict) {
    let mut ended = run.clone();
    ended.sort_by_key(|(operation, _)| operation.ended.line);
    run.sort_by_key(|(operation, _)| operation.called.line);
    let mut ended = ended.into_iter().peekable();
    let mut highest: Option<(&Operation, u64, u64)> = None;
    for (operation, status) in run {
        while let Some((before, known)) =
            ended.next_if(|(before, _)| before.ended.line < operation.called.line)
        {
            let (_, index, applied) = highest.unwrap_or((before, 0, 0));
            let index = index.max(known.raft_index);
            highest = Some((before, index, applied.max(known.raft_applied_index)));
        }
        let Some((before, index, applied)) = highest else { continue };
        if status.raft_index < index || status.raft_applied_index < applied {
            let how = format!("indexes go back from {index} and {applied}: {status:?}");
            violate(&[before, operation], &how, verdict);
        }
    }
}

fn violate(shown_by: &[&Operation], how: &str, verdict: &mut Verdict) {
    let lines: Vec<u64> = shown_by.iter().map(|operation| operation.ended.line).collect();
    verdict.violate(Check::Status, &lines, how);
}
