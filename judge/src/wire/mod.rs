//! A history as it is written: one JSON object a line. `docs/history-format.md` tells every field.
//!
//! These types only say what a line may hold. Whether lines fit together is `reader`'s to say.

mod bytes;
mod convert;
mod request;
mod response;
mod watch;

use serde::{Deserialize, Serialize};

pub use bytes::Text;
pub use convert::request;
pub use request::Request;
pub use response::{Kv, Response, response};
pub use watch::{Create, Told};

/// The format's version.
pub const VERSION: u32 = 1;

/// One line.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case", deny_unknown_fields)]
pub enum Line {
    /// The first line.
    History(Head),
    /// A client sends a request.
    Call {
        /// The client.
        client: u64,
        /// The call, unique in the history.
        id: u64,
        /// Before it was sent, in nanoseconds.
        time: u64,
        /// The member that is asked, where that matters.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        member: String,
        /// What is asked.
        request: Request,
    },
    /// A client hears what became of a call.
    Return {
        /// The client.
        client: u64,
        /// The call.
        id: u64,
        /// After the answer arrived, in nanoseconds.
        time: u64,
        /// The answer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        response: Option<Response>,
        /// The text of the error that was answered.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<String>,
        /// Why nobody knows whether it happened.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lost: Option<String>,
    },
    /// A client opens a watcher.
    Watch {
        /// The client.
        client: u64,
        /// The watcher, unique in the history.
        watch: u64,
        /// The stream that it lives on; 0 for one of its own.
        #[serde(default, skip_serializing_if = "is_default")]
        stream: u64,
        /// Before it was sent, in nanoseconds.
        time: u64,
        /// What is wanted.
        create: Create,
    },
    /// A watcher, or a whole stream, is told something.
    Told {
        /// The client.
        client: u64,
        /// The watcher; 0 when all of the stream are meant.
        #[serde(default, skip_serializing_if = "is_default")]
        watch: u64,
        /// The stream, when all of it is meant.
        #[serde(default, skip_serializing_if = "is_default")]
        stream: u64,
        /// After it arrived, in nanoseconds.
        time: u64,
        /// What was told.
        response: Told,
    },
    /// A client stops listening to a watcher.
    Unwatch {
        /// The client.
        client: u64,
        /// The watcher.
        watch: u64,
        /// When, in nanoseconds.
        time: u64,
        /// The client has waited long enough for everything up to this revision; 0: it has not.
        #[serde(default, skip_serializing_if = "is_default")]
        through: u64,
    },
    /// A client asks for a watcher's end, and goes on listening.
    Cancel {
        /// The client.
        client: u64,
        /// The watcher.
        watch: u64,
        /// Before it was sent, in nanoseconds.
        time: u64,
    },
    /// A client has come to hold a lock.
    Hold {
        /// The client.
        client: u64,
        /// The lock's name.
        lock: String,
        /// The lease that it lives by.
        lease: i64,
        /// After it knew, in nanoseconds.
        time: u64,
    },
    /// A client begins to give a lock back.
    Release {
        /// The client.
        client: u64,
        /// The lock's name.
        lock: String,
        /// Before it did anything for that, in nanoseconds.
        time: u64,
    },
    /// A member stopped, started or took the lead: leases may start their time anew.
    Restart {
        /// When it was over, in nanoseconds.
        time: u64,
        /// When it began, where it is known that each lease which lived then has its whole time
        /// again from there on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        renewed: Option<u64>,
    },
    /// A client has ended; without a client: the history has.
    End {
        /// The client.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        client: Option<u64>,
        /// When, in nanoseconds.
        time: u64,
    },
}

/// What holds for the whole history.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// The format's version: 1.
    pub version: u32,
    /// Whose clock the times come from.
    pub clock: Clock,
    /// The server's bound for the operations of a transaction.
    #[serde(default = "default_max_txn_ops")]
    pub max_txn_ops: usize,
    /// How long after its time a lease may still be there, in milliseconds.
    #[serde(default = "default_lease_late_ms")]
    pub lease_late_ms: u64,
    /// One member has given all answers, so that none is stale.
    #[serde(default, skip_serializing_if = "is_default")]
    pub one_member: bool,
}

/// Which times can be compared.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Clock {
    /// All: one clock, and the lines are in its order.
    One,
    /// Those of the same client; only its lines are in order.
    Client,
}

fn default_max_txn_ops() -> usize {
    128
}

fn default_lease_late_ms() -> u64 {
    10_000
}

/// Whether a field says no more than its absence would.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
