//! Braid's engine: shards, the one revision order, transactions, watches and leases, as state
//! machines without I/O, clocks or unsafe code.

pub mod api;
pub mod error;
pub mod evaluate;
pub mod index;
pub mod interval;
pub mod kv_list;
pub mod port;
pub mod version;
pub mod watch;

pub use braid_storage::ids;
