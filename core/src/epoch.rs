//! Reigns: which records count, and where history ends after a crash.
//!
//! Pure functions over what recovery found; the protocol's model checks these very functions.

use std::collections::BTreeSet;

use braid_storage::ids::{Epoch, GroupId, Revision};
use braid_storage::planted::{Bug, planted};

/// The decision that begins a reign.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decision {
    /// The reign.
    pub epoch: Epoch,
    /// Records of earlier reigns above this revision are void.
    pub base: Revision,
}

/// All reigns that the control group has decided, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decisions(Vec<Decision>);

impl Decisions {
    /// Adds the next reign. Returns `false`, and changes nothing, when it is not later than the
    /// last one.
    pub fn push(&mut self, decision: Decision) -> bool {
        let later = self.0.last().is_none_or(|last| last.epoch < decision.epoch);
        if later {
            self.0.push(decision);
        }
        later
    }

    /// The last reign, if there was one.
    #[must_use]
    pub fn last(&self) -> Option<&Decision> {
        self.0.last()
    }

    /// Whether a record of `epoch` at `revision` is void: a later reign began below it.
    #[must_use]
    pub fn void(&self, epoch: Epoch, revision: Revision) -> bool {
        !planted(Bug::ForgetVoidRecord)
            && self.0.iter().rev().take_while(|d| d.epoch > epoch).any(|d| revision > d.base)
    }
}

/// A record, as far as finding the end of history needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its revision.
    pub revision: Revision,
    /// The group whose log holds it.
    pub group: GroupId,
    /// All groups that must hold a part; empty when `group` is the only one.
    pub participants: Vec<GroupId>,
    /// Whether all parts of the record in this group are there.
    pub whole: bool,
}

/// Acknowledged data is gone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "acknowledged data is missing: the log notes that revision {durable} was acknowledged, but \
     revision {missing} is not complete (held by groups {held:?}, needed from {needed:?}); restore \
     the missing segments or start from a backup"
)]
pub struct Lost {
    /// The highest durable watermark found.
    pub durable: Revision,
    /// The first revision that is missing or torn.
    pub missing: Revision,
    /// Groups that hold a part of it.
    pub held: Vec<GroupId>,
    /// Groups that should, as far as the parts tell.
    pub needed: Vec<GroupId>,
}

/// The end of history: the last revision such that every revision up to it is present in all of
/// its participants.
///
/// `found` holds the records above `base` (the base of the last decided reign) that are not void,
/// in any order; `durable` is the highest durable watermark that any log notes.
///
/// # Errors
/// When history ends below `durable`.
pub fn end_of_history(
    base: Revision,
    mut found: Vec<Found>,
    durable: Revision,
) -> Result<Revision, Lost> {
    found.sort_by_key(|record| (record.revision, record.group));
    let mut end = base;
    for parts in found.chunk_by(|a, b| a.revision == b.revision) {
        let revision = parts[0].revision;
        if revision != end.next() || !complete(parts) {
            break;
        }
        end = revision;
    }
    if end >= durable || planted(Bug::CutAcknowledged) {
        return Ok(end);
    }
    Err(lost(end.next(), &found, durable))
}

fn complete(parts: &[Found]) -> bool {
    let held: BTreeSet<GroupId> = parts.iter().map(|part| part.group).collect();
    let all_held = |part: &Found| part.participants.iter().all(|group| held.contains(group));
    parts.iter().all(|part| part.whole && all_held(part))
}

fn lost(missing: Revision, found: &[Found], durable: Revision) -> Lost {
    let parts = || found.iter().filter(|part| part.revision == missing);
    let needed: BTreeSet<GroupId> = parts().flat_map(|part| part.participants.clone()).collect();
    Lost {
        durable,
        missing,
        held: parts().filter(|part| part.whole).map(|part| part.group).collect(),
        needed: needed.into_iter().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(revision: u64, group: u16, participants: &[u16]) -> Found {
        Found {
            revision: Revision(revision),
            group: GroupId(group),
            participants: participants.iter().copied().map(GroupId).collect(),
            whole: true,
        }
    }

    fn end(found: Vec<Found>, durable: u64) -> Result<Revision, Lost> {
        end_of_history(Revision(1), found, Revision(durable))
    }

    #[test]
    fn history_ends_before_the_first_gap() {
        let found = vec![record(5, 0, &[]), record(2, 0, &[]), record(3, 1, &[])];
        assert_eq!(end(found, 3), Ok(Revision(3)));
    }

    #[test]
    fn a_torn_write_is_void_as_a_whole() {
        let torn = vec![record(2, 0, &[]), record(3, 0, &[0, 1]), record(4, 1, &[])];
        assert_eq!(end(torn, 2), Ok(Revision(2)));
        let whole = vec![record(2, 0, &[]), record(3, 0, &[0, 1]), record(3, 1, &[0, 1])];
        assert_eq!(end(whole, 3), Ok(Revision(3)));
        let mut partial = vec![record(2, 0, &[])];
        partial[0].whole = false;
        assert_eq!(end(partial, 1), Ok(Revision(1)));
    }

    #[test]
    fn history_that_ends_below_a_durable_watermark_is_a_loss() {
        let lost = end(vec![record(2, 0, &[]), record(4, 0, &[])], 4).unwrap_err();
        assert_eq!((lost.missing, lost.durable), (Revision(3), Revision(4)));
        assert!(lost.to_string().contains("revision 3 is not complete"));
    }

    #[test]
    fn a_later_reign_voids_what_lies_above_its_base() {
        let mut decisions = Decisions::default();
        assert!(decisions.push(Decision { epoch: Epoch(1), base: Revision(1) }));
        assert!(decisions.push(Decision { epoch: Epoch(2), base: Revision(10) }));
        assert!(!decisions.push(Decision { epoch: Epoch(2), base: Revision(11) }));
        assert!(decisions.push(Decision { epoch: Epoch(3), base: Revision(20) }));
        assert!(!decisions.void(Epoch(1), Revision(10)));
        assert!(decisions.void(Epoch(1), Revision(11)));
        assert!(!decisions.void(Epoch(2), Revision(20)));
        assert!(decisions.void(Epoch(2), Revision(21)));
        assert!(!decisions.void(Epoch(3), Revision(99)));
    }
}
