//! Random requests about few keys, every option with its edges.

use braid_core::api::{Compare, CompareTarget, Operation, PutRequest, Request, TxnRequest};
use braid_core::ids::LeaseId;

use super::{Known, Step, Workload};
use crate::model::generate::{Generator, Hints};
use crate::model::random::Random;

const TXN_DEPTH: usize = 2;

pub(super) struct Mixed;

impl Workload for Mixed {
    fn next(&mut self, known: &mut Known, random: &mut Random) -> Step {
        let mut generator = Generator::new(random.next_u64());
        let hints = Hints { revision: known.revision, compacted: known.compacted };
        let mut request = match random.below(40) {
            0..=15 => Request::Put(generator.put()),
            16..=20 => Request::DeleteRange(generator.delete()),
            21..=29 => Request::Range(generator.range(hints)),
            _ => Request::Txn(generator.txn(hints, TXN_DEPTH)),
        };
        let lease = known.any_lease(random);
        name_lease(&mut request, lease);
        Step::Call(request)
    }
}

/// The generator knows nothing of the leases that live: puts one in wherever it names any.
fn name_lease(request: &mut Request, lease: LeaseId) {
    match request {
        Request::Put(put) => name_in_put(put, lease),
        Request::Txn(txn) => name_in_txn(txn, lease),
        _ => {}
    }
}

fn name_in_put(put: &mut PutRequest, lease: LeaseId) {
    if put.lease != LeaseId(0) {
        put.lease = lease;
    }
}

fn name_in_txn(txn: &mut TxnRequest, lease: LeaseId) {
    for Compare { target, .. } in &mut txn.compare {
        if let CompareTarget::Lease(wanted) = target {
            *wanted = lease.0;
        }
    }
    for operation in txn.success.iter_mut().chain(&mut txn.failure) {
        match operation {
            Operation::Put(put) => name_in_put(put, lease),
            Operation::Txn(txn) => name_in_txn(txn, lease),
            _ => {}
        }
    }
}
