//! What cores of one member tell each other.

use braid_storage::ids::{CoreId, Epoch, GroupId, LeaseId, Revision};

use crate::api::{Request, Response};
use crate::error::Error;
use crate::evaluate::PlannedChange;
use crate::machine::collect::{Collected, Need};
use crate::machine::figures::Figures;
use crate::machine::hashing::{HashPart, HashQuery};
use crate::machine::history::HistoryPart;
use crate::machine::page::{Page, PageQuery};
use crate::port::CallId;
use crate::watch::{HistoryId, HistoryQuery, InterestId, LiveEvent};

/// A message from one core to another. Mails between two cores arrive in the order sent.
#[derive(Clone, Debug, PartialEq)]
pub enum Mail {
    /// A request that the receiver executes; it answers with [`Mail::Answer`].
    Request(CallId, Box<Request>),
    /// The answer to a request of the receiver's front-ends.
    Answer(CallId, Result<Response, Error>),
    /// A question for a page of a range.
    Page(TaskId, Box<PageQuery>),
    /// Its answer.
    PageDone(TaskId, Result<Page, Error>),
    /// A question about keys for an evaluation elsewhere.
    Collect(Collect),
    /// A part of its answer.
    Collected(TaskId, Box<Collected>),
    /// The next part is wanted, or none any more.
    CollectOn(TaskId, bool),
    /// The outcome of a round of the coordinator: opens the receiver's gate.
    Parts(Parts),
    /// The sender covers the revisions of this round now.
    Covered(RoundId),
    /// Control state changed; act on it, then acknowledge.
    Update(UpdateId, Update),
    /// The sender acts on the update.
    Updated(UpdateId),
    /// The sender has dropped what the compaction under this update allows.
    Compacted(UpdateId),
    /// Figures about the receiver's shards are wanted.
    Figures(TaskId),
    /// They are here.
    FiguresDone(TaskId, Figures),
    /// A question for a checksum.
    Hash(TaskId, HashQuery),
    /// Its answer.
    HashDone(TaskId, HashPart),
    /// Committed events that the receiver has registered for; their bytes.
    Events(Vec<LiveEvent>, usize),
    /// Events up to this revision, later ones included, are left out for want of room.
    EventsLost(Revision),
    /// The receiver of events has taken a mail of so many bytes.
    EventsTaken(usize),
    /// The sender wants the events of an interval from now on.
    Register(InterestId, crate::interval::Interval),
    /// The events of the interest flow from this revision on.
    Registered(InterestId, Revision),
    /// They are not wanted any more.
    Unregister(InterestId),
    /// A question to the receiver's part of history.
    History(Box<HistoryQuery>),
    /// Its answer.
    HistoryDone(HistoryId, HistoryPart),
    /// Lead your shard groups.
    Lead,
    /// The sender leads its groups in these terms, barriers committed.
    Leading(Vec<(GroupId, u64)>),
    /// The reign begins; the control group was won in this term.
    Begin(Epoch, u64),
    /// The sender takes part in the reign.
    Begun,
}

/// Names something that a core waits for others to answer. Unique on the asking core.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TaskId(pub u64);

/// Names one closing of the gates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RoundId(pub u64);

/// Names a change of control state on its way to all cores.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UpdateId(pub u64);

/// What an evaluation on another core needs to know of the receiver's keys.
#[derive(Clone, Debug, PartialEq)]
pub struct Collect {
    /// The task of the asking core.
    pub task: TaskId,
    /// Whether the receiver closes its gate until the parts of the round come.
    pub close_gate: bool,
    /// The keys.
    pub needs: Vec<Need>,
    /// Leases whose attached keys are wanted.
    pub leases: Vec<LeaseId>,
}

/// What a round of the coordinator means for one core.
#[derive(Clone, Debug, PartialEq)]
pub struct Parts {
    /// The round.
    pub round: RoundId,
    /// Writes with their changes in the receiver's shards, in revision order.
    pub writes: Vec<Part>,
    /// Leases that nothing may be attached to any more.
    pub closed_leases: Vec<LeaseId>,
}

/// One write's changes in the shards of one core.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// The revision.
    pub revision: Revision,
    /// All groups that take part.
    pub participants: Vec<GroupId>,
    /// The changes, in order of `sub`.
    pub changes: Vec<PlannedChange>,
}

/// A change of control state that every core must act on before it is acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Update {
    /// The lease lives, for so many seconds at a time.
    LeaseLives(LeaseId, i64),
    /// The lease is over.
    LeaseOver(LeaseId),
    /// History below the revision may be forgotten.
    Compact(Revision),
}

/// Where an answer goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReplyTo {
    /// To a front-end of this core.
    Front(CallId),
    /// To a front-end of another core.
    Core(CoreId, CallId),
    /// Nobody asked: the member ends an expired lease.
    Expiry(LeaseId),
}
