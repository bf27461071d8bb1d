//! Why a group cannot do what it was asked.

use braid_storage::ids::GroupId;

/// A group refused an operation.
#[derive(Debug, thiserror::Error)]
pub enum GroupError {
    /// What was read back from the log does not make a valid Raft state.
    #[error("group {group}: the recovered log is not a valid raft state: {source}")]
    Restore {
        /// The group.
        group: GroupId,
        /// What raft-rs says.
        source: raft::Error,
    },
    /// The group does not lead, so it cannot take a proposal.
    #[error("group {group}: proposal refused: {source}")]
    Propose {
        /// The group.
        group: GroupId,
        /// What raft-rs says.
        source: raft::Error,
    },
    /// The group cannot campaign.
    #[error("group {group}: cannot campaign: {source}")]
    Campaign {
        /// The group.
        group: GroupId,
        /// What raft-rs says.
        source: raft::Error,
    },
}
