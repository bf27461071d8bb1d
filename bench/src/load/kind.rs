//! What is measured: the kinds of operation.

use serde::Serialize;

/// A kind of operation; each has latencies, counts and errors of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// One put.
    Put,
    /// One linearizable read.
    Get,
    /// A range that is counted, not sent.
    Count,
    /// One page of a list.
    Page,
    /// A whole list.
    List,
    /// A transaction that creates a key.
    Create,
    /// A transaction that replaces a value.
    Update,
    /// A transaction that deletes a key.
    Delete,
    /// A transaction over two keys.
    Pair,
    /// An event at a watcher.
    Event,
    /// A lease that is granted.
    Grant,
    /// A lease that is kept alive.
    Keepalive,
    /// A connection with one request.
    Connection,
}

impl Kind {
    /// What readers of a report see.
    pub fn name(self) -> &'static str {
        match self {
            Self::Put => "put",
            Self::Get => "get",
            Self::Count => "count",
            Self::Page => "page",
            Self::List => "list",
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Pair => "pair",
            Self::Event => "event",
            Self::Grant => "grant",
            Self::Keepalive => "keepalive",
            Self::Connection => "connection",
        }
    }
}
