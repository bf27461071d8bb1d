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

mod error;
mod found;
mod inventory;
mod replay;
mod scan;
mod survey;
mod window;

pub use error::{Corruption, FrameMark, RecoveryError};
pub use found::{Cut, Leftover, LogTail, Recovered};
pub use inventory::{Inventory, SegmentFile};
pub use replay::{RecoveredEntry, Replay};
pub use scan::Scan;
pub use survey::GroupState;
pub use window::ReadRequest;
