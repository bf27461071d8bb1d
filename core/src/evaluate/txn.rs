//! Transactions: compare, then do.

use crate::api::{TxnRequest, TxnResponse};
use crate::evaluate::branch::Branch;
use crate::evaluate::value::Reader;
use crate::evaluate::walk::Walk;
use crate::evaluate::{Fetched, Leases, Outcome, State, Stop};
use crate::ids::Revision;
use crate::overlay::Overlay;
use crate::version::View;

/// What a transaction will do.
#[derive(Clone, Debug, PartialEq)]
pub enum Plan<'a> {
    /// Nothing but answer.
    Answer(TxnResponse),
    /// Change something, at a revision that must be taken for it.
    Write(TxnWrite<'a>),
}

/// A transaction that changes something and cannot fail any more.
#[derive(Clone, Debug, PartialEq)]
pub struct TxnWrite<'a> {
    branch: Branch<'a>,
    fetched: &'a Fetched,
    compacted: i64,
}

/// Finds out what a valid transaction will do.
///
/// # Errors
/// An operation that cannot run, or values that must be fetched first. The values that compares
/// of nested transactions need may only show after others were fetched.
pub fn plan<'a>(
    view: &dyn View,
    request: &'a TxnRequest,
    state: &State,
    leases: Leases<'_>,
    fetched: &'a Fetched,
) -> Result<Plan<'a>, Stop> {
    let branch = Branch::choose(view, request, fetched)?;
    branch.check(view, state, leases)?;
    let mut walk = Walk {
        view,
        state: *state,
        revision: state.current.next(),
        leases,
        reader: Reader::new(fetched),
        probing: true,
        written: Overlay::default(),
        changes: Vec::new(),
    };
    let response = walk.run(&branch)?;
    let changes = !walk.changes.is_empty();
    walk.reader.finish(if changes {
        Plan::Write(TxnWrite { branch, fetched, compacted: state.compacted })
    } else {
        Plan::Answer(response)
    })
}

impl TxnWrite<'_> {
    /// Does the transaction at `revision`, on the view that it was planned on.
    ///
    /// # Panics
    /// When that view has changed since.
    #[must_use]
    pub fn execute(&self, view: &dyn View, revision: Revision) -> Outcome<TxnResponse> {
        let mut walk = Walk {
            view,
            state: State {
                current: revision.previous(),
                // Planning has checked what is readable.
                readable: revision,
                compacted: self.compacted,
            },
            revision,
            leases: &|_| true,
            reader: Reader::new(self.fetched),
            probing: false,
            written: Overlay::default(),
            changes: Vec::new(),
        };
        let response = walk.run(&self.branch);
        let response = response.map_err(Stop::Error).and_then(|done| walk.reader.finish(done));
        match response {
            Ok(response) => Outcome { changes: walk.changes, response },
            Err(stop) => panic!("a planned transaction stopped ({stop:?}): the view has changed"),
        }
    }
}
