//! A group: raft-rs with asynchronous persistence, seen as a plain state machine.
//!
//! The caller proposes payloads, takes what must be appended ([`Group::poll_unstable`]), reports
//! when the log has synced it ([`Group::persisted`]), and takes what is committed
//! ([`Group::poll_committed`]). Entries hold whole batches, so raft's cost is per batch.

use braid_storage::ids::GroupId;
use bytes::Bytes;
use raft::eraftpb::{Entry, EntryType, HardState};
use raft::{Config, RawNode, StateRole};

use crate::error::GroupError;
use crate::tail::Tail;

/// Ticks are not driven yet (a member alone needs no heartbeats); raft-rs wants sane relations.
const HEARTBEAT_TICK: usize = 1;
const ELECTION_TICK: usize = 10;
/// Indexes and terms above are damage: counting one up every nanosecond takes a century to get here.
const FURTHEST: u64 = 1 << 62;

/// What recovery knows of a group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Restored {
    /// Last term seen.
    pub term: u64,
    /// Whom this member voted for in that term; 0 for nobody.
    pub vote: u64,
    /// Index of the last entry of the log.
    pub last_index: u64,
    /// Term of that entry.
    pub last_term: u64,
}

/// What must be on disk before [`Group::persisted`] may be called with `number`.
#[derive(Debug)]
pub struct Unstable {
    /// Names this set of changes; grows.
    pub number: u64,
    /// Term and vote, when they changed.
    pub vote: Option<Vote>,
    /// Entries to append, in index order.
    pub entries: Vec<NewEntry>,
}

/// A changed term and vote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vote {
    /// The term.
    pub term: u64,
    /// Whom this member voted for.
    pub vote: u64,
    /// The commit index known then.
    pub commit: u64,
}

/// An entry to append.
#[derive(Clone, Debug)]
pub struct NewEntry {
    /// Its index.
    pub index: u64,
    /// Its term.
    pub term: u64,
    /// What was proposed; empty for a new leader's barrier.
    pub payload: Bytes,
}

/// One Raft group of this member.
pub struct Group {
    id: GroupId,
    node: RawNode<Tail>,
    term: u64,
    vote: u64,
    /// The last ready that waits for the disk; 0 when none does.
    unsynced: u64,
    committed: Vec<NewEntry>,
}

impl Group {
    /// A group as recovery found it, with `member` as its only voter.
    ///
    /// With one voter everything in its log is committed, so the whole log counts as applied.
    ///
    /// # Errors
    /// When no log can be in this state, or raft-rs refuses it.
    pub fn restore(id: GroupId, member: u64, restored: Restored) -> Result<Self, GroupError> {
        let (index, term) = (restored.last_index, restored.term.max(restored.last_term));
        if index > FURTHEST || term > FURTHEST {
            return Err(GroupError::TooFar { group: id, index, term });
        }
        let hard_state = HardState {
            term,
            vote: restored.vote,
            commit: restored.last_index,
            ..HardState::default()
        };
        let tail = Tail::new(hard_state, vec![member], restored.last_index, restored.last_term);
        let config = Config {
            id: member,
            heartbeat_tick: HEARTBEAT_TICK,
            election_tick: ELECTION_TICK,
            min_election_tick: ELECTION_TICK,
            // A constant timeout: raft-rs would draw it from a thread-local generator.
            max_election_tick: ELECTION_TICK + 1,
            applied: restored.last_index,
            max_size_per_msg: u64::MAX,
            max_committed_size_per_ready: u64::MAX,
            ..Config::default()
        };
        let logger = slog::Logger::root(slog::Discard, slog::o!());
        let node = RawNode::new(&config, tail, &logger)
            .map_err(|source| GroupError::Restore { group: id, source })?;
        Ok(Self {
            id,
            node,
            term: restored.term,
            vote: restored.vote,
            unsynced: 0,
            committed: Vec::new(),
        })
    }

    /// The group's name.
    #[must_use]
    pub fn id(&self) -> GroupId {
        self.id
    }

    /// The current term.
    #[must_use]
    pub fn term(&self) -> u64 {
        self.node.raft.term
    }

    /// Index of the last entry, in flight ones included.
    #[must_use]
    pub fn last_index(&self) -> u64 {
        self.node.raft.raft_log.last_index()
    }

    /// Index of the last committed entry.
    #[must_use]
    pub fn commit_index(&self) -> u64 {
        self.node.raft.raft_log.committed
    }

    /// Whether this member leads the group.
    #[must_use]
    pub fn is_leader(&self) -> bool {
        self.node.raft.state == StateRole::Leader
    }

    /// Starts an election; its winner commits a barrier entry (with an empty payload).
    ///
    /// # Errors
    /// When raft-rs refuses.
    pub fn campaign(&mut self) -> Result<(), GroupError> {
        self.node.campaign().map_err(|source| GroupError::Campaign { group: self.id, source })
    }

    /// Appends `payload` to the group's log; it is committed once [`Self::poll_committed`] says so.
    ///
    /// # Errors
    /// When this member does not lead the group.
    pub fn propose(&mut self, payload: Bytes) -> Result<(), GroupError> {
        self.node
            .propose(Vec::new(), payload.into())
            .map_err(|source| GroupError::Propose { group: self.id, source })
    }

    /// What must be written to the log next, if anything.
    pub fn poll_unstable(&mut self) -> Option<Unstable> {
        if !self.node.has_ready() {
            return None;
        }
        let mut ready = self.node.ready();
        self.collect(ready.take_committed_entries());
        let vote = ready.hs().and_then(|hard_state| self.changed_vote(hard_state));
        if let Some(hard_state) = ready.hs() {
            let hard_state = hard_state.clone();
            self.node.mut_store().set_hard_state(hard_state);
        }
        let appended = ready.take_entries();
        self.node.mut_store().append(&appended);
        let number = ready.number();
        self.node.advance_append_async(ready);
        let entries: Vec<NewEntry> = appended.into_iter().map(NewEntry::from).collect();
        if entries.is_empty() && vote.is_none() {
            self.nothing_to_persist(number);
            return None;
        }
        self.unsynced = number;
        Some(Unstable { number, vote, entries })
    }

    /// Everything up to this [`Unstable::number`] is on disk.
    pub fn persisted(&mut self, number: u64) {
        if self.unsynced == number {
            self.unsynced = 0;
        }
        self.node.on_persist_ready(number);
    }

    /// What has been committed since the last call, in index order. The caller applies it before
    /// it asks again.
    pub fn poll_committed(&mut self, into: &mut Vec<NewEntry>) {
        while self.node.has_ready() {
            let mut ready = self.node.ready();
            debug_assert!(ready.entries().is_empty(), "entries are taken by poll_unstable first");
            self.collect(ready.take_committed_entries());
            if let Some(hard_state) = ready.hs() {
                let hard_state = hard_state.clone();
                self.node.mut_store().set_hard_state(hard_state);
            }
            let number = ready.number();
            self.node.advance_append_async(ready);
            self.nothing_to_persist(number);
        }
        if let Some(last) = self.committed.last() {
            let applied = last.index;
            self.node.advance_apply_to(applied);
            self.node.mut_store().truncate_to(applied);
        }
        into.append(&mut self.committed);
    }

    /// A ready without anything for the disk. raft-rs takes a number to mean "this and all
    /// before", so it must not overtake a ready that still waits for its sync.
    fn nothing_to_persist(&mut self, number: u64) {
        if self.unsynced == 0 {
            self.node.on_persist_ready(number);
        }
    }

    fn collect(&mut self, entries: Vec<Entry>) {
        let normal = entries.into_iter().filter(|e| e.get_entry_type() == EntryType::EntryNormal);
        self.committed.extend(normal.map(NewEntry::from));
    }

    fn changed_vote(&mut self, hard_state: &HardState) -> Option<Vote> {
        if (self.term, self.vote) == (hard_state.term, hard_state.vote) {
            return None;
        }
        (self.term, self.vote) = (hard_state.term, hard_state.vote);
        Some(Vote { term: hard_state.term, vote: hard_state.vote, commit: hard_state.commit })
    }
}

impl From<Entry> for NewEntry {
    fn from(entry: Entry) -> Self {
        Self { index: entry.index, term: entry.term, payload: entry.data }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leading(restored: Restored) -> Group {
        let mut group = Group::restore(GroupId(0), 7, restored).unwrap();
        group.campaign().unwrap();
        let mut committed = Vec::new();
        while let Some(unstable) = group.poll_unstable() {
            group.persisted(unstable.number);
            group.poll_committed(&mut committed);
        }
        assert!(group.is_leader());
        assert_eq!(committed.len(), 1, "the barrier of the term");
        group
    }

    #[test]
    fn nothing_is_committed_before_it_is_persisted() {
        let mut group = leading(Restored::default());
        let mut committed = Vec::new();
        group.propose(Bytes::from_static(b"a")).unwrap();
        group.propose(Bytes::from_static(b"b")).unwrap();
        let unstable = group.poll_unstable().unwrap();
        assert_eq!(unstable.entries.len(), 2);
        group.propose(Bytes::from_static(b"c")).unwrap();
        let later = group.poll_unstable().unwrap();
        group.poll_committed(&mut committed);
        assert!(committed.is_empty());
        group.persisted(unstable.number);
        group.poll_committed(&mut committed);
        assert_eq!(committed.len(), 2);
        group.persisted(later.number);
        group.poll_committed(&mut committed);
        assert_eq!(
            committed.iter().map(|e| &e.payload[..]).collect::<Vec<_>>(),
            [b"a", b"b", b"c"]
        );
    }

    #[test]
    fn a_state_that_no_log_reaches_is_refused() {
        for (last_index, last_term) in [(u64::MAX, 1), (1, u64::MAX)] {
            let restored = Restored { last_index, last_term, ..Restored::default() };
            let refused = Group::restore(GroupId(3), 7, restored).map(drop).unwrap_err();
            assert!(refused.to_string().contains("group 3"), "{refused}");
        }
    }

    #[test]
    fn a_restored_group_goes_on_in_a_later_term() {
        let restored = Restored { term: 3, vote: 7, last_index: 41, last_term: 3 };
        let mut group = leading(restored);
        assert!(group.term() > 3);
        assert_eq!(group.last_index(), 42);
        group.propose(Bytes::from_static(b"x")).unwrap();
        assert_eq!(group.poll_unstable().unwrap().entries[0].index, 43);
    }
}
