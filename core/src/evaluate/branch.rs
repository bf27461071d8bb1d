//! The way through a transaction: which branches run, nested ones included.
//!
//! All compares look at the state before the transaction.

use crate::api::{DeleteRangeRequest, Operation, PutRequest, RangeRequest, TxnRequest};
use crate::error::Error;
use crate::evaluate::{Fetched, Leases, State, Stop, compare, put, range};
use crate::version::View;

/// The branch of a transaction that runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Branch<'a> {
    /// Whether it is the one for success.
    pub succeeded: bool,
    /// Its operations.
    pub steps: Vec<Step<'a>>,
}

/// An operation that runs.
#[derive(Clone, Debug, PartialEq)]
pub enum Step<'a> {
    /// Read.
    Range(&'a RangeRequest),
    /// Write.
    Put(&'a PutRequest),
    /// Delete.
    Delete(&'a DeleteRangeRequest),
    /// What runs of a transaction inside.
    Txn(Branch<'a>),
}

impl<'a> Branch<'a> {
    /// Decides all compares on the way.
    ///
    /// # Errors
    /// Values must be fetched first, to know.
    pub fn choose(
        view: &dyn View,
        request: &'a TxnRequest,
        fetched: &Fetched,
    ) -> Result<Self, Stop> {
        let succeeded = compare::all_hold(view, &request.compare, fetched)?;
        let operations = if succeeded { &request.success } else { &request.failure };
        let steps = operations.iter().map(|operation| Step::choose(view, operation, fetched));
        Ok(Self { succeeded, steps: steps.collect::<Result<_, _>>()? })
    }

    /// Checks what the operations need of the state before the transaction.
    ///
    /// # Errors
    /// The first operation's that cannot run.
    pub fn check(&self, view: &dyn View, state: &State, leases: Leases<'_>) -> Result<(), Error> {
        self.steps.iter().try_for_each(|step| match step {
            Step::Range(request) => range::check_in_txn(request, state),
            Step::Put(request) => put::check(view, request, leases),
            Step::Delete(_) => Ok(()),
            Step::Txn(branch) => branch.check(view, state, leases),
        })
    }
}

impl<'a> Step<'a> {
    fn choose(view: &dyn View, operation: &'a Operation, fetched: &Fetched) -> Result<Self, Stop> {
        Ok(match operation {
            Operation::Range(request) => Self::Range(request),
            Operation::Put(request) => Self::Put(request),
            Operation::DeleteRange(request) => Self::Delete(request),
            Operation::Txn(request) => Self::Txn(Branch::choose(view, request, fetched)?),
            Operation::Missing => return Err(Error::KeyNotFound.into()),
        })
    }
}
