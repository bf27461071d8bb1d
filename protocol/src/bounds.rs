//! How far a search goes.

/// The size of a model. What is bounded here is all that keeps the state space finite.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Members of the cluster.
    pub members: u8,
    /// Shards, beside the control group.
    pub shards: u8,
    /// Cores of each member. With more than one, their steps are told apart, and there is a
    /// watcher; leases and failing appends are then left out.
    pub cores: u8,
    /// Revisions that are taken in all.
    pub writes: u8,
    /// Times that the control group changes its leader.
    pub elections: u8,
    /// Times that each shard group changes its leader.
    pub takeovers: u8,
    /// Appends that fail, or new epochs that a leader decides on its own account.
    pub failures: u8,
    /// Whether followers learn and show what is committed.
    pub followers: bool,
    /// Whether there is a lease.
    pub lease: bool,
    /// Whether a setting changes.
    pub setting: bool,
}

impl Bounds {
    /// The control group and the shards' groups.
    #[must_use]
    pub fn groups(&self) -> u8 {
        1 + self.shards
    }
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            members: 2,
            shards: 2,
            cores: 1,
            writes: 2,
            elections: 2,
            takeovers: 2,
            failures: 0,
            followers: false,
            lease: false,
            setting: false,
        }
    }
}
