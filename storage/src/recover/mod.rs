//! Recovery: from the bytes of the segments to the entries that count.
//!
//! Two passes over the logs, each fed with windows of bounded size. The first ([`Scan`]) checks
//! all of it and finds where each log ends and which entries were superseded; it keeps a few
//! numbers per group, nothing per entry. The second ([`Replay`]) hands the surviving entries out
//! in log order, and may be repeated: to learn the control group's decisions before the shards'
//! records, say.
//!
//! ```text
//! let inventory = Inventory::new(cluster, member, files)?;
//! let mut scan = Scan::new(inventory);
//! while let Some(read) = scan.wants() { scan.feed(&disk.read(read))?; }
//! let recovered = scan.finish();
//! let mut replay = recovered.replay();
//! while let Some(read) = replay.wants() { replay.feed(&disk.read(read), &mut visit)?; }
//! ```
//!
//! Non-goals: what the payloads mean, and whether what is left reaches the durable W: that takes
//! all groups and is the engine's question.

use std::collections::BTreeMap;

use crate::ids::{GroupId, Revision, SegmentId};

mod error;
mod inventory;
mod replay;
mod scan;
mod survey;
mod window;

pub use error::{Corruption, FrameMark, RecoveryError};
pub use inventory::{Inventory, SegmentFile};
pub use replay::{RecoveredEntry, Replay};
pub use scan::{Cut, LogTail, Scan};
pub use survey::GroupState;
pub use window::ReadRequest;

/// What the first pass found.
#[derive(Debug, Default)]
pub struct Recovered {
    /// The highest watermark in any frame: everything up to it was acknowledged.
    pub durable_w: Revision,
    /// The raft groups that have a frame.
    pub groups: BTreeMap<GroupId, GroupState>,
    /// The logs' ends, in log order; a log without a frame has none. Before anything relies on
    /// what was recovered, the driver syncs the files of the last generation: a killed process
    /// leaves bytes that can be read and yet are not durable.
    pub tails: Vec<LogTail>,
    /// The torn writes.
    pub cuts: Vec<Cut>,
    /// Segments without a frame that counts. They may be removed or recycled once the first
    /// segments of this generation are durable, not before: else their ids could be used again.
    pub unused: Vec<SegmentId>,
    ends: Vec<scan::SegmentEnd>,
}

impl Recovered {
    /// The second pass, from the start.
    #[must_use]
    pub fn replay(&self) -> Replay<'_> {
        Replay::new(self)
    }
}
