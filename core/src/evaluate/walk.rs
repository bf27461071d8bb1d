//! Running a transaction's operations in order, each over what the earlier ones did.

use crate::api::{
    DeleteRangeRequest, DeleteRangeResponse, OperationResponse, PutRequest, PutResponse,
    RangeRequest, RangeResponse, TxnResponse,
};
use crate::error::Error;
use crate::evaluate::branch::{Branch, Step};
use crate::evaluate::overlaid::Overlaid;
use crate::evaluate::value::Reader;
use crate::evaluate::{
    Leases, PlannedAction, PlannedChange, Snapshot, State, delete, put, range, select,
};
use crate::ids::Revision;
use crate::kv_list::KvMeta;
use crate::overlay::{InFlight, Overlay};
use crate::version::View;

/// One run through a transaction.
pub struct Walk<'a> {
    /// The state before the transaction.
    pub view: &'a dyn View,
    /// Its figures.
    pub state: State,
    /// The revision that the transaction has if it changes anything.
    pub revision: Revision,
    /// Which leases exist.
    pub leases: Leases<'a>,
    /// The values that are there, and the note of those that are not.
    pub reader: Reader<'a>,
    /// Whether `revision` is a guess, and the run serves to find out what must be fetched.
    pub probing: bool,
    /// Newest versions of the keys changed so far.
    pub written: Overlay,
    /// The changes so far.
    pub changes: Vec<PlannedChange>,
}

impl Walk<'_> {
    /// Runs a branch. Its response has the header of the outermost one; etcd leaves the headers
    /// of transactions inside empty.
    ///
    /// # Errors
    /// An operation that cannot run after what the earlier ones did.
    pub fn run(&mut self, branch: &Branch<'_>) -> Result<TxnResponse, Error> {
        let responses = self.steps(&branch.steps)?;
        Ok(TxnResponse { revision: self.now(), succeeded: branch.succeeded, responses })
    }

    fn steps(&mut self, steps: &[Step<'_>]) -> Result<Vec<OperationResponse>, Error> {
        steps.iter().map(|step| self.step(step)).collect()
    }

    fn step(&mut self, step: &Step<'_>) -> Result<OperationResponse, Error> {
        Ok(match step {
            Step::Range(request) => OperationResponse::Range(self.range(request)?),
            Step::Put(request) => OperationResponse::Put(self.put(request)?),
            Step::Delete(request) => OperationResponse::DeleteRange(self.delete(request)),
            Step::Txn(Branch { succeeded, steps }) => OperationResponse::Txn(TxnResponse {
                revision: Revision(0),
                succeeded: *succeeded,
                responses: self.steps(steps)?,
            }),
        })
    }

    fn range(&mut self, request: &RangeRequest) -> Result<RangeResponse, Error> {
        let uncut;
        let request = if self.probing && !self.changes.is_empty() && select::has_filters(request) {
            // Which of the keys changed here pass the filters depends on the real revision, and
            // with it where the limit cuts: any key that passes may need its value.
            uncut = RangeRequest { limit: 0, ..request.clone() };
            &uncut
        } else {
            request
        };
        let view = Overlaid { base: self.view, newer: &self.written };
        let state = State { current: self.now(), ..self.state };
        range::read(&view, request, Snapshot::Newest, &state, &mut self.reader)
    }

    fn put(&mut self, request: &PutRequest) -> Result<PutResponse, Error> {
        let view = Overlaid { base: self.view, newer: &self.written };
        let plan = put::read(&view, request, self.leases, &mut self.reader)?;
        let (change, response) = plan.execute_as(self.next_sub(), self.revision);
        self.apply(change);
        Ok(response)
    }

    fn delete(&mut self, request: &DeleteRangeRequest) -> DeleteRangeResponse {
        let view = Overlaid { base: self.view, newer: &self.written };
        let plan = delete::read(&view, request, &mut self.reader);
        let revision = if plan.changes() { self.revision } else { self.now() };
        let outcome = plan.execute_from(self.next_sub(), revision);
        outcome.changes.into_iter().for_each(|change| self.apply(change));
        outcome.response
    }

    fn apply(&mut self, change: PlannedChange) {
        let put = match &change.action {
            PlannedAction::Put { create_revision, version, lease, value } => {
                let meta = KvMeta {
                    create_revision: *create_revision,
                    mod_revision: self.revision,
                    version: *version,
                    lease: *lease,
                };
                Some((meta, value.clone()))
            }
            PlannedAction::Delete => None,
        };
        let version = InFlight { revision: self.revision, sub: change.sub, put };
        self.written.insert(change.key.clone(), version);
        self.changes.push(change);
    }

    /// The request's size bounds the operations, the keys in memory the deletes: both far below
    /// what 32 bits hold.
    fn next_sub(&self) -> u32 {
        self.changes.len() as u32
    }

    /// The revision that a response shows at this point.
    fn now(&self) -> Revision {
        if self.changes.is_empty() { self.state.current } else { self.revision }
    }
}
