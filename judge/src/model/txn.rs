//! Transactions.

use std::cmp::Ordering;

use braid_core::api::{
    Compare, CompareTarget, Operation, OperationResponse, RangeRequest, TxnRequest, TxnResponse,
};
use braid_core::error::Error;
use braid_core::ids::Revision;
use bytes::Bytes;

use super::{Keys, Model, Pair};

impl Model {
    pub(super) fn txn(&mut self, request: &TxnRequest) -> Result<TxnResponse, Error> {
        let before = self.revision;
        self.check_txn(request)?;
        let done = self.run(request, before);
        if done.is_err() {
            self.roll_back();
        }
        let mut response = done?;
        response.revision = self.shown_revision();
        self.commit();
        Ok(response)
    }

    fn check_txn(&self, request: &TxnRequest) -> Result<(), Error> {
        for operation in self.chosen(request, self.revision).1 {
            match operation {
                Operation::Range(range) => self.check_range(range)?,
                Operation::Put(put) => self.check_put(put)?,
                Operation::Txn(inner) => self.check_txn(inner)?,
                Operation::DeleteRange(_) | Operation::Missing => (),
            }
        }
        Ok(())
    }

    fn check_range(&self, range: &RangeRequest) -> Result<(), Error> {
        if range.revision > self.revision as i64 {
            return Err(Error::FutureRevision);
        }
        if range.revision != 0 && range.revision < self.compacted {
            return Err(Error::Compacted);
        }
        Ok(())
    }

    /// Runs the chosen branch. The header of a transaction inside stays empty.
    fn run(&mut self, request: &TxnRequest, before: u64) -> Result<TxnResponse, Error> {
        let (succeeded, operations) = self.chosen(request, before);
        let mut responses = Vec::new();
        for operation in operations {
            responses.push(match operation {
                Operation::Range(range) => OperationResponse::Range(self.range(range)?),
                Operation::Put(put) => OperationResponse::Put(self.put(put)?),
                Operation::DeleteRange(delete) => {
                    OperationResponse::DeleteRange(self.delete(delete))
                }
                Operation::Txn(inner) => OperationResponse::Txn(self.run(inner, before)?),
                Operation::Missing => return Err(Error::KeyNotFound),
            });
        }
        Ok(TxnResponse { revision: Revision(0), succeeded, responses })
    }

    /// Whether the compares hold on the state before the whole transaction, right after the
    /// revision `before`, and what runs then.
    fn chosen<'a>(&self, request: &'a TxnRequest, before: u64) -> (bool, &'a [Operation]) {
        let succeeded = request.compare.iter().all(|compare| {
            holds(compare, &self.keys_within(&compare.key, &compare.range_end, before))
        });
        (succeeded, if succeeded { &request.success } else { &request.failure })
    }
}

fn holds(compare: &Compare, compared: &Keys) -> bool {
    let mut pairs: Vec<&Pair> = compared.values().collect();
    let nothing =
        Pair { create_revision: 0, mod_revision: 0, version: 0, lease: 0, value: Bytes::new() };
    if pairs.is_empty() {
        if matches!(compare.target, CompareTarget::Value(_)) {
            return false;
        }
        pairs.push(&nothing);
    }
    pairs.into_iter().all(|pair| pair_holds(compare, pair))
}

fn pair_holds(compare: &Compare, pair: &Pair) -> bool {
    let order = match &compare.target {
        CompareTarget::Version(wanted) => (pair.version as i64).cmp(wanted),
        CompareTarget::Create(wanted) => (pair.create_revision as i64).cmp(wanted),
        CompareTarget::Mod(wanted) => (pair.mod_revision as i64).cmp(wanted),
        CompareTarget::Value(wanted) => pair.value.cmp(wanted),
        CompareTarget::Lease(wanted) => pair.lease.cmp(wanted),
        CompareTarget::Unknown => Ordering::Equal,
    };
    match compare.result {
        0 => order == Ordering::Equal,
        1 => order == Ordering::Greater,
        2 => order == Ordering::Less,
        3 => order != Ordering::Equal,
        _ => true,
    }
}
