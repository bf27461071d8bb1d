//! Watch streams and their watchers.

mod config;
mod messages;

pub use config::WatchConfig;
pub use messages::{
    HistoryAnswer, HistoryId, HistoryQuery, InterestId, LiveEvent, Prev, WatchOutput, WatchStats,
};
