//! The part of a group's log that raft may still ask for.
//!
//! raft-rs asks synchronously for entries in `(applied, last]`; they stay in memory here. What is
//! applied lives in the segments alone.

use std::collections::VecDeque;

use raft::eraftpb::{ConfState, Entry, HardState, Snapshot};
use raft::{Error, GetEntriesContext, RaftState, Storage, StorageError};

/// Entries after `truncated`, oldest first.
pub(crate) struct Tail {
    hard_state: HardState,
    voters: Vec<u64>,
    truncated_index: u64,
    truncated_term: u64,
    entries: VecDeque<Entry>,
}

impl Tail {
    pub(crate) fn new(hard_state: HardState, voters: Vec<u64>, index: u64, term: u64) -> Self {
        Self {
            hard_state,
            voters,
            truncated_index: index,
            truncated_term: term,
            entries: VecDeque::new(),
        }
    }

    pub(crate) fn set_hard_state(&mut self, hard_state: HardState) {
        self.hard_state = hard_state;
    }

    pub(crate) fn append(&mut self, entries: &[Entry]) {
        let Some(first) = entries.first() else { return };
        while self.entries.back().is_some_and(|last| last.index >= first.index) {
            self.entries.pop_back();
        }
        self.entries.extend(entries.iter().cloned());
    }

    /// Forgets entries up to and including `index`.
    pub(crate) fn truncate_to(&mut self, index: u64) {
        while self.entries.front().is_some_and(|first| first.index <= index) {
            if let Some(entry) = self.entries.pop_front() {
                self.truncated_index = entry.index;
                self.truncated_term = entry.term;
            }
        }
    }

    fn position(&self, index: u64) -> Option<usize> {
        let first = self.entries.front()?.index;
        usize::try_from(index.checked_sub(first)?).ok().filter(|at| *at < self.entries.len())
    }
}

impl Storage for Tail {
    fn initial_state(&self) -> raft::Result<RaftState> {
        let conf_state = ConfState { voters: self.voters.clone(), ..ConfState::default() };
        Ok(RaftState::new(self.hard_state.clone(), conf_state))
    }

    fn entries(
        &self,
        low: u64,
        high: u64,
        max_size: impl Into<Option<u64>>,
        _context: GetEntriesContext,
    ) -> raft::Result<Vec<Entry>> {
        if low <= self.truncated_index {
            return Err(Error::Store(StorageError::Compacted));
        }
        let start = self.position(low).ok_or(Error::Store(StorageError::Unavailable))?;
        let wanted = usize::try_from(high.saturating_sub(low)).unwrap_or(usize::MAX);
        let mut entries: Vec<Entry> =
            self.entries.iter().skip(start).take(wanted).cloned().collect();
        raft::util::limit_size(&mut entries, max_size.into());
        Ok(entries)
    }

    fn term(&self, index: u64) -> raft::Result<u64> {
        if index == self.truncated_index {
            return Ok(self.truncated_term);
        }
        if index < self.truncated_index {
            return Err(Error::Store(StorageError::Compacted));
        }
        let at = self.position(index).ok_or(Error::Store(StorageError::Unavailable))?;
        Ok(self.entries[at].term)
    }

    fn first_index(&self) -> raft::Result<u64> {
        Ok(self.truncated_index + 1)
    }

    fn last_index(&self) -> raft::Result<u64> {
        Ok(self.entries.back().map_or(self.truncated_index, |entry| entry.index))
    }

    fn snapshot(&self, _request_index: u64, _to: u64) -> raft::Result<Snapshot> {
        Err(Error::Store(StorageError::SnapshotTemporarilyUnavailable))
    }
}
