//! A whole history: what clients asked, what they heard, and when.

use braid_core::api::{Request, Response, WatchCreate, WatchResponse};
use braid_core::error::Error;

use crate::wire::{Clock, Head};

/// Everything that was recorded, lines fitted together.
#[derive(Clone, Debug)]
pub struct History {
    /// What holds for all of it.
    pub head: Head,
    /// Calls in the order in which they were made.
    pub operations: Vec<Operation>,
    /// Watchers in the order in which they were opened.
    pub watchers: Vec<Watcher>,
    /// Times during which a client held a lock.
    pub holds: Vec<Hold>,
    /// When leases may have started their time anew.
    pub restarts: Vec<Restart>,
    /// How many lines there were.
    pub lines: u64,
}

impl History {
    /// Those of one domain have comparable times, and lines in the order of time.
    #[must_use]
    pub fn domain(&self, client: u64) -> u64 {
        domain(self.head.clock, client)
    }
}

pub(crate) fn domain(clock: Clock, client: u64) -> u64 {
    if clock == Clock::One { 0 } else { client }
}

/// A line of the history and the time it tells.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Moment {
    /// The line, from 1 on.
    pub line: u64,
    /// Nanoseconds.
    pub time: u64,
}

/// A call and what became of it.
#[derive(Clone, Debug)]
pub struct Operation {
    /// Who called.
    pub client: u64,
    /// The member that was asked; empty where that was not noted.
    pub member: String,
    /// The request.
    pub request: Request,
    /// Before it was sent.
    pub called: Moment,
    /// After the outcome was known.
    pub ended: Moment,
    /// The highest revision that anyone whose times compare had seen before the call.
    pub seen: u64,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a call.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It was answered.
    Answered(Response),
    /// It was refused and has changed nothing.
    Refused(Error),
    /// It may have happened or not, now or later. The reason is for people.
    Unknown(String),
}

impl Operation {
    /// The answer.
    #[must_use]
    pub fn response(&self) -> Option<&Response> {
        match &self.outcome {
            Outcome::Answered(response) => Some(response),
            _ => None,
        }
    }
}

/// A watcher and all that it was told.
#[derive(Clone, Debug)]
pub struct Watcher {
    /// Whose it is.
    pub client: u64,
    /// Its number in the history.
    pub number: u64,
    /// The stream that it lives on; 0 for one of its own.
    pub stream: u64,
    /// What was wanted.
    pub create: WatchCreate,
    /// Before it was sent.
    pub opened: Moment,
    /// Before its end was asked for, while the client went on listening.
    pub canceled: Option<Moment>,
    /// What it was told.
    pub told: Vec<Told>,
    /// The revision up to which the client has waited for it to be told everything; 0 for none.
    pub through: u64,
    /// When the client stopped listening.
    pub closed: Option<Moment>,
}

impl Watcher {
    /// Whether it was told of its beginning and not of its end.
    #[must_use]
    pub fn is_open(&self) -> bool {
        let told = |is: fn(&WatchResponse) -> bool| self.told.iter().any(|told| is(&told.response));
        told(|response| response.created) && !told(|response| response.canceled)
    }
}

/// Something that a watcher was told.
#[derive(Clone, Debug)]
pub struct Told {
    /// After it arrived.
    pub at: Moment,
    /// What it was.
    pub response: WatchResponse,
}

/// A time during which a client held a lock.
#[derive(Clone, Debug)]
pub struct Hold {
    /// The client.
    pub client: u64,
    /// The lock.
    pub lock: String,
    /// The lease that the hold lives by.
    pub lease: i64,
    /// After the client knew.
    pub from: Moment,
    /// Before the client gave it back; none when it never did.
    pub until: Option<Moment>,
}

/// A member stopped and started, or took the lead. Times are in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub struct Restart {
    /// The line.
    pub line: u64,
    /// When it was over.
    pub over: u64,
    /// When it began, where each lease which lived then certainly has its whole time again from
    /// there on.
    pub renewed: Option<u64>,
}
