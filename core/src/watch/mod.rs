//! Watch streams and their watchers: one hub for each core.
//!
//! A hub holds every watch stream whose connection lives on its core. Shards, here and on other
//! cores, send it the committed events of the intervals that it registered; it delivers them in
//! the order of history up to the watermark. A watcher is either *synced* (live events come
//! straight to it) or behind, and then it is fed from the history, chunk by chunk, and from the
//! events delivered last, until it is synced.
//!
//! What must hold:
//! - A watcher gets every event of its interval from its start on, in order, once, and no
//!   revision is split over responses unless its client asked for fragments.
//! - A progress response never comes before an event of its revision or below.
//! - No queue or buffer here grows without bound, and a client that does not read delays nobody:
//!   its watchers fall behind, and nothing is stored for them.
//!
//! Not here: permissions, wire formats, and reading the index.

mod catch_up;
mod chunk;
mod config;
mod dealing;
mod delivery;
mod fragment;
mod hub;
mod interest;
mod interval_index;
mod live_buffer;
mod messages;
mod progress;
mod requests;
mod round;
mod size;
mod stream;
mod wait_queue;
mod watcher;

#[cfg(test)]
mod tests;

pub use config::WatchConfig;
pub use hub::WatchHub;
pub(crate) use interval_index::IntervalIndex;
pub use messages::{
    HistoryAnswer, HistoryId, HistoryQuery, InterestId, LiveEvent, Prev, WatchOutput, WatchStats,
};
