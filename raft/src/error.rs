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
    /// No log ever comes this far: a damaged or forged frame.
    #[error(
        "group {group}: the recovered log ends at index {index} in term {term}, which no log reaches: restore the data directory from a backup"
    )]
    TooFar {
        /// The group.
        group: GroupId,
        /// Index of the last entry.
        index: u64,
        /// The last term.
        term: u64,
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
