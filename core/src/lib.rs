//! Braid's engine: shards, the one revision order, transactions, watches and leases, as state
//! machines without I/O, clocks or unsafe code.

pub mod api;
pub mod attachments;
pub mod cells;
pub mod epoch;
pub mod error;
pub mod evaluate;
pub mod index;
pub mod interval;
pub mod kv_list;
pub mod lessor;
pub mod limits;
pub mod machine;
pub mod member;
pub mod overlay;
pub mod port;
pub mod recovery;
pub mod routing;
pub mod sequencer;
pub mod shard;
pub mod stages;
pub mod version;
pub mod watch;

pub use braid_storage::ids;
pub use braid_storage::planted;

/// What [`cells`] are built on; their model check puts the checker's own types here.
mod atomics {
    pub use std::sync::atomic::{AtomicU64, Ordering};
}
