//! Figures about the whole member: every core tells its own, the asking core adds them up.

use braid_storage::ids::CoreId;

use super::Core;
use super::mail::{Mail, ReplyTo, TaskId};
use crate::api::{Response, Status};
use crate::shard::Shard;

/// One core's figures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Bytes of its segments on disk, of this and earlier starts.
    pub disk_bytes: u64,
    /// About what the history that is not compacted takes of them.
    pub held_bytes: u64,
    /// Keys that live.
    pub keys: u64,
    /// Sum of its groups' last indexes.
    pub raft_index: u64,
    /// Sum of its groups' commit indexes.
    pub raft_applied: u64,
}

impl std::ops::AddAssign for Figures {
    fn add_assign(&mut self, other: Self) {
        self.disk_bytes += other.disk_bytes;
        self.held_bytes += other.held_bytes;
        self.keys += other.keys;
        self.raft_index += other.raft_index;
        self.raft_applied += other.raft_applied;
    }
}

/// A Status request that waits for cores.
pub(super) struct Gathering {
    to: ReplyTo,
    missing: u16,
    sum: Figures,
}

impl Core {
    pub(super) fn handle_status(&mut self, to: ReplyTo) {
        let task = self.new_task();
        let missing = self.routing.cores();
        self.reads.figures.insert(task, Gathering { to, missing, sum: Figures::default() });
        for core in (0..missing).map(CoreId) {
            self.mail(core, Mail::Figures(task));
        }
    }

    pub(super) fn handle_figures_query(&mut self, from: CoreId, task: TaskId) {
        self.advance();
        let figures = self.figures();
        self.mail(from, Mail::FiguresDone(task, figures));
    }

    fn figures(&self) -> Figures {
        let control = self.control.as_ref().map(|control| control.group());
        let groups = || self.shards.iter().map(Shard::group).chain(control);
        Figures {
            disk_bytes: self.disk_bytes,
            held_bytes: self.shards.iter().map(|shard| shard.index().held_bytes()).sum(),
            keys: self.shards.iter().map(|shard| shard.index().len()).sum(),
            raft_index: groups().map(braid_raft::Group::last_index).sum(),
            raft_applied: groups().map(braid_raft::Group::commit_index).sum(),
        }
    }

    pub(super) fn handle_figures(&mut self, task: TaskId, figures: Figures) {
        let Some(gathering) = self.reads.figures.get_mut(&task) else { return };
        gathering.sum += figures;
        gathering.missing -= 1;
        if gathering.missing == 0
            && let Some(Gathering { to, sum, .. }) = self.reads.figures.remove(&task)
        {
            let status = self.status(sum);
            self.reply(to, Ok(Response::Status(status)));
        }
    }

    fn status(&self, sum: Figures) -> Status {
        Status {
            revision: self.applied,
            db_size: sum.disk_bytes,
            db_size_in_use: sum.held_bytes,
            raft_index: sum.raft_index,
            raft_applied_index: sum.raft_applied,
            keys: sum.keys,
            compact_revision: self.compaction.compacted(),
            no_space: !self.sequencer.cells().have_space(),
        }
    }
}
