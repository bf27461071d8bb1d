//! Planning a write of any kind against some view.

use braid_storage::ids::{LeaseId, Revision};

use super::writes::{PendingWrite, WriteRequest};
use crate::api::Response;
use crate::evaluate::{
    self, DeletePlan, Outcome, Plan, PlannedChange, PutPlan, State, Stop, TxnWrite,
};
use crate::version::View;

/// What a write will do.
pub(super) enum Planned<'a> {
    /// It changes something, at a revision of its own.
    Change(Change<'a>),
    /// It changes nothing: this is its answer.
    Nothing(Response),
}

/// A write that changes something and cannot fail any more.
pub(super) enum Change<'a> {
    Put(PutPlan),
    Delete(DeletePlan),
    Txn(TxnWrite<'a>),
}

/// Plans `write` against `view`. An answer that changes nothing carries `state.current`.
///
/// # Errors
/// A reason to refuse it, or values that must be fetched first.
pub(super) fn plan<'a>(
    view: &dyn View,
    write: &'a PendingWrite,
    state: &State,
    leases: &dyn Fn(LeaseId) -> bool,
) -> Result<Planned<'a>, Stop> {
    let fetched = &write.fetched;
    match &write.request {
        WriteRequest::Put(put) => {
            evaluate::put::plan(view, put, leases, fetched).map(|p| Planned::Change(Change::Put(p)))
        }
        WriteRequest::DeleteRange(delete) => {
            let plan = evaluate::delete::plan(view, delete, fetched)?;
            if plan.changes() {
                return Ok(Planned::Change(Change::Delete(plan)));
            }
            Ok(Planned::Nothing(Response::DeleteRange(plan.execute(state.current).response)))
        }
        WriteRequest::Txn(txn) => match evaluate::txn::plan(view, txn, state, leases, fetched)? {
            Plan::Answer(response) => Ok(Planned::Nothing(Response::Txn(response))),
            Plan::Write(write) => Ok(Planned::Change(Change::Txn(write))),
        },
    }
}

impl Change<'_> {
    /// Does it at `revision`.
    pub(super) fn execute(
        self,
        view: &dyn View,
        revision: Revision,
    ) -> (Vec<PlannedChange>, Response) {
        match self {
            Self::Put(plan) => {
                let Outcome { changes, response } = plan.execute(revision);
                (changes, Response::Put(response))
            }
            Self::Delete(plan) => {
                let Outcome { changes, response } = plan.execute(revision);
                (changes, Response::DeleteRange(response))
            }
            Self::Txn(write) => {
                let Outcome { changes, response } = write.execute(view, revision);
                (changes, Response::Txn(response))
            }
        }
    }
}
