//! The bound on what one write may bring into the log.

use braid_core::api::Request;
use braid_core::error::Error;
use braid_core::evaluate::{footprint, validate};

use crate::limits::Limits;

/// What etcd's raft proposal adds to a request: a header with the request's id (13 or 14 bytes,
/// depending on the id), and the request's own tag and length.
const ENVELOPE_BYTES: usize = 14 + 1;

/// Refuses a write of `len` encoded bytes that etcd would find too large to propose. What is wrong
/// with it otherwise comes first, as in etcd.
///
/// # Errors
/// It is invalid, or too large.
pub fn check(request: &Request, len: usize, limits: &Limits) -> Result<(), Error> {
    if len + ENVELOPE_BYTES + prost::length_delimiter_len(len) <= limits.max_request_bytes {
        return Ok(());
    }
    match request {
        Request::Put(put) => validate::validate_put(put)?,
        Request::DeleteRange(delete) => validate::validate_delete(delete)?,
        Request::Txn(txn) if footprint::is_read_only(txn) => return Ok(()),
        Request::Txn(txn) => validate::validate_txn(txn, limits.max_txn_ops)?,
        _ => return Ok(()),
    }
    Err(Error::RequestTooLarge)
}
