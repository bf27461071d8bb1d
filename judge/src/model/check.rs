//! What etcd refuses without looking at its keys.

use std::collections::BTreeSet;

use braid_core::api::{Operation, PutRequest, RangeRequest, Request, TxnRequest};
use braid_core::error::Error;

use super::within;

/// Checks a request.
pub fn request(request: &Request, max_txn_ops: usize) -> Result<(), Error> {
    match request {
        Request::Range(range) => check_range(range),
        Request::Put(put) => check_put(put),
        Request::DeleteRange(delete) => check_key(&delete.key),
        Request::Txn(txn) => {
            check_txn(txn, max_txn_ops as i64)?;
            changed(&txn.success)?;
            changed(&txn.failure)?;
            Ok(())
        }
        _ => Ok(()),
    }
}

fn check_key(key: &[u8]) -> Result<(), Error> {
    if key.is_empty() {
        return Err(Error::KeyNotProvided);
    }
    Ok(())
}

fn check_range(range: &RangeRequest) -> Result<(), Error> {
    check_key(&range.key)?;
    let orders = [0, 1, 2];
    let targets = [0, 1, 2, 3, 4];
    if !orders.contains(&range.sort_order) || !targets.contains(&range.sort_target) {
        return Err(Error::InvalidSortOption);
    }
    Ok(())
}

fn check_put(put: &PutRequest) -> Result<(), Error> {
    check_key(&put.key)?;
    if put.ignore_value && !put.value.is_empty() {
        return Err(Error::ValueProvided);
    }
    if put.ignore_lease && put.lease.0 != 0 {
        return Err(Error::LeaseProvided);
    }
    Ok(())
}

fn check_txn(txn: &TxnRequest, max_ops: i64) -> Result<(), Error> {
    let lengths = [txn.compare.len(), txn.success.len(), txn.failure.len()];
    let used = lengths.into_iter().max().unwrap_or(0) as i64;
    if used > max_ops {
        return Err(Error::TooManyOps);
    }
    for compare in &txn.compare {
        check_key(&compare.key)?;
    }
    for operation in txn.success.iter().chain(&txn.failure) {
        check_operation(operation, max_ops - used)?;
    }
    Ok(())
}

fn check_operation(operation: &Operation, max_ops: i64) -> Result<(), Error> {
    match operation {
        Operation::Range(range) => check_range(range),
        Operation::Put(put) => check_put(put),
        Operation::DeleteRange(delete) => check_key(&delete.key),
        Operation::Txn(txn) => check_txn(txn, max_ops),
        Operation::Missing => Err(Error::KeyNotFound),
    }
}

/// What the operations of a branch change.
#[derive(Default)]
struct Changed {
    puts: BTreeSet<Vec<u8>>,
    /// Key and range end of each delete.
    deletes: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Changed {
    /// Whether etcd notices that `key` was changed already. It takes the end of a delete without
    /// end for a key below all others, and so never notices such a delete.
    fn has(&self, key: &[u8]) -> bool {
        let deleted =
            self.deletes.iter().any(|(start, end)| end != b"\0" && within(key, start, end));
        deleted || self.puts.contains(key)
    }
}

/// What a branch changes, when etcd sees no key changed twice in it.
fn changed(operations: &[Operation]) -> Result<Changed, Error> {
    let mut all = Changed::default();
    for operation in operations {
        if let Operation::DeleteRange(delete) = operation {
            all.deletes.push((delete.key.to_vec(), delete.range_end.to_vec()));
        }
    }
    for operation in operations {
        if let Operation::Txn(txn) = operation {
            let success = changed(&txn.success)?;
            let failure = changed(&txn.failure)?;
            if success.puts.iter().chain(&failure.puts).any(|key| all.has(key)) {
                return Err(Error::DuplicateKey);
            }
            for branch in [success, failure] {
                all.puts.extend(branch.puts);
                all.deletes.extend(branch.deletes);
            }
        }
    }
    for operation in operations {
        if let Operation::Put(put) = operation {
            if all.has(&put.key) {
                return Err(Error::DuplicateKey);
            }
            all.puts.insert(put.key.to_vec());
        }
    }
    Ok(all)
}
