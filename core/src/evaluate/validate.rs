//! What is wrong with a request by itself, whatever the state of the keys.
//!
//! The order of the checks is etcd's: a request with several faults gets etcd's error.

use crate::api::{DeleteRangeRequest, Operation, PutRequest, RangeRequest, TxnRequest};
use crate::error::Error;
use crate::evaluate::{duplicates, select};
use crate::ids::LeaseId;

/// Checks a range.
///
/// # Errors
/// What etcd answers.
pub fn validate_range(request: &RangeRequest) -> Result<(), Error> {
    key_given(&request.key)?;
    if !(0..=2).contains(&request.sort_order) || !(0..=4).contains(&request.sort_target) {
        return Err(Error::InvalidSortOption);
    }
    Ok(())
}

/// Checks a range whose answer is wanted as a stream.
///
/// # Errors
/// What etcd answers.
pub fn validate_range_stream(request: &RangeRequest) -> Result<(), Error> {
    validate_range(request)?;
    if !select::is_default_order(request) {
        return Err(Error::StreamSort);
    }
    if select::has_filters(request) {
        return Err(Error::StreamFilter);
    }
    Ok(())
}

/// Checks a put.
///
/// # Errors
/// What etcd answers.
pub fn validate_put(request: &PutRequest) -> Result<(), Error> {
    key_given(&request.key)?;
    if request.ignore_value && !request.value.is_empty() {
        return Err(Error::ValueProvided);
    }
    if request.ignore_lease && request.lease != LeaseId(0) {
        return Err(Error::LeaseProvided);
    }
    Ok(())
}

/// Checks a delete.
///
/// # Errors
/// What etcd answers.
pub fn validate_delete(request: &DeleteRangeRequest) -> Result<(), Error> {
    key_given(&request.key)
}

/// Checks a transaction with at most `max_txn_ops` compares or operations in one branch, nested
/// transactions counted along the way down.
///
/// # Errors
/// What etcd answers.
pub fn validate_txn(request: &TxnRequest, max_txn_ops: usize) -> Result<(), Error> {
    validate_operations(request, max_txn_ops)?;
    duplicates::check(&request.success)?;
    duplicates::check(&request.failure)
}

fn validate_operations(request: &TxnRequest, budget: usize) -> Result<(), Error> {
    let widest = request.compare.len().max(request.success.len()).max(request.failure.len());
    let rest = budget.checked_sub(widest).ok_or(Error::TooManyOps)?;
    request.compare.iter().try_for_each(|compare| key_given(&compare.key))?;
    let mut operations = request.success.iter().chain(&request.failure);
    operations.try_for_each(|operation| validate_operation(operation, rest))
}

fn validate_operation(operation: &Operation, budget: usize) -> Result<(), Error> {
    match operation {
        Operation::Range(range) => validate_range(range),
        Operation::Put(put) => validate_put(put),
        Operation::DeleteRange(delete) => validate_delete(delete),
        Operation::Txn(txn) => validate_operations(txn, budget),
        Operation::Missing => Err(Error::KeyNotFound),
    }
}

fn key_given(key: &[u8]) -> Result<(), Error> {
    if key.is_empty() { Err(Error::KeyNotProvided) } else { Ok(()) }
}
