//! What clients do: each kind is a small program that is asked for its next step and told the
//! answers.

mod append;
mod bank;
mod kubernetes;
mod leases;
mod mixed;
mod queue;
mod request;
mod upkeep;
mod watching;

use std::time::Duration;

use braid_core::api::{RangeResponse, Request, Response, WatchCreate, WatchResponse};
use braid_core::error::Error;
use braid_core::ids::LeaseId;

use crate::failure::Verdict;
use crate::model::random::Random;

/// A kind of client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Random requests about few keys.
    Mixed,
    /// Leases with keys.
    Leases,
    /// Compactions, checksums, figures.
    Upkeep,
    /// Watchers that come and go.
    Watching,
    /// Transfers between accounts.
    Bank,
    /// Lists that only grow.
    Append,
    /// An API server of Kubernetes.
    Kubernetes,
    /// Locks and elections.
    Queue,
}

/// What a client does next.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Sends a request and waits for its answer.
    Call(Request),
    /// Sends a request and goes on.
    Send(Request),
    /// Opens a watch stream with these watchers.
    Watch(Vec<WatchCreate>, Reader),
    /// Goes on with a watch that has ended, on any core.
    Resume,
    /// Cancels one of its watchers.
    Cancel,
    /// Closes one of its streams.
    Close,
    /// Asks how far a stream has come.
    Progress,
    /// Lets time pass.
    Pause(Duration),
    /// Says that it holds a lock, by a lease.
    Hold(&'static str, LeaseId),
    /// Says that it does not hold a lock any more.
    Release(&'static str),
}

/// How a client takes what its stream holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// At once.
    Eager,
    /// Late.
    Slow,
    /// Not before the end.
    Never,
}

/// What all clients know.
#[derive(Clone, Debug)]
pub struct Known {
    /// The time.
    pub now: Duration,
    /// The highest revision that anybody has seen.
    pub revision: u64,
    /// The revision up to which the observer was told everything.
    pub observed: u64,
    /// The highest compaction that was asked for; -1 for none.
    pub compaction: i64,
    /// The highest compaction that was acknowledged; -1 for none.
    pub compacted: i64,
    /// Leases that were granted and, as far as anybody knows, live.
    pub leases: Vec<LeaseId>,
    /// The last lease id that was used.
    pub last_lease: i64,
}

impl Known {
    /// What is known of a new cluster.
    #[must_use]
    pub fn new() -> Self {
        Self {
            now: Duration::ZERO,
            revision: 1,
            observed: 1,
            compaction: -1,
            compacted: -1,
            leases: Vec::new(),
            last_lease: 0,
        }
    }

    /// Any revision that is seen and not compacted.
    pub fn old_revision(&self, random: &mut Random) -> i64 {
        let oldest = self.compaction.max(1);
        random.between(oldest, self.revision.max(oldest as u64) as i64)
    }

    /// A lease id that nobody has used.
    pub fn new_lease(&mut self) -> LeaseId {
        self.last_lease += 1;
        LeaseId(self.last_lease)
    }

    /// Any lease, mostly one that lives.
    pub fn any_lease(&self, random: &mut Random) -> LeaseId {
        match self.leases.len() as u64 {
            0 => LeaseId(-4),
            _ if random.one_in(20) => LeaseId(-4),
            len => self.leases[random.below(len) as usize],
        }
    }
}

impl Default for Known {
    fn default() -> Self {
        Self::new()
    }
}

/// A client's program.
pub trait Workload {
    /// The next step.
    fn next(&mut self, known: &mut Known, random: &mut Random) -> Step;

    /// The answer to a request.
    ///
    /// # Errors
    /// When it cannot be right.
    fn answered(&mut self, _: &Request, _: &Result<Response, Error>, _: &mut Known) -> Verdict {
        Ok(())
    }

    /// What one of its watchers is told.
    ///
    /// # Errors
    /// When it cannot be right.
    fn told(&mut self, _: &WatchResponse) -> Verdict {
        Ok(())
    }

    /// Nothing happens any more, and this is all that is there.
    ///
    /// # Errors
    /// When it is not what the client knows.
    fn at_rest(&self, _everything: &RangeResponse) -> Verdict {
        Ok(())
    }
}

impl Kind {
    /// Draws the clients of a life.
    #[must_use]
    pub fn draw(random: &mut Random) -> Vec<Self> {
        let crowds: [&[Self]; 9] = [
            &[Self::Mixed],
            &[Self::Leases],
            &[Self::Mixed, Self::Mixed, Self::Upkeep, Self::Watching],
            &[Self::Leases, Self::Mixed],
            &[Self::Mixed, Self::Leases, Self::Upkeep, Self::Watching],
            &[Self::Bank, Self::Bank, Self::Append, Self::Upkeep, Self::Watching],
            &[Self::Kubernetes, Self::Kubernetes, Self::Upkeep],
            &[Self::Queue, Self::Queue, Self::Queue, Self::Upkeep],
            &[Self::Bank, Self::Append, Self::Kubernetes, Self::Queue, Self::Leases],
        ];
        let crowd = random.pick(&crowds);
        (0..random.between(1, 10)).map(|_| random.pick(crowd)).collect()
    }

    /// A program of this kind.
    #[must_use]
    pub fn start(self, seed: u64) -> Box<dyn Workload> {
        match self {
            Self::Mixed => Box::new(mixed::Mixed),
            Self::Leases => Box::new(leases::Leases::new(seed)),
            Self::Upkeep => Box::new(upkeep::Upkeep::default()),
            Self::Watching => Box::new(watching::Watching),
            Self::Bank => Box::new(bank::Bank::default()),
            Self::Append => Box::new(append::Append::new(seed)),
            Self::Kubernetes => Box::new(kubernetes::Kubernetes::default()),
            Self::Queue => Box::new(queue::Queue::new(seed)),
        }
    }
}
