//! Which answer belongs to which request, and which errors mean that nothing has happened.

use braid_core::api::{Request, Response};
use braid_core::error::Error;

use crate::history::Outcome;

/// Whether a response answers a request of this kind.
pub fn fits(request: &Request, response: &Response) -> bool {
    matches!(
        (request, response),
        (Request::Range(_), Response::Range(_))
            | (Request::Put(_), Response::Put(_))
            | (Request::DeleteRange(_), Response::DeleteRange(_))
            | (Request::Txn(_), Response::Txn(_))
            | (Request::Compact(_), Response::Compact { .. })
            | (Request::LeaseGrant { .. }, Response::LeaseGrant { .. })
            | (Request::LeaseRevoke { .. }, Response::LeaseRevoke { .. })
            | (Request::LeaseKeepAlive { .. }, Response::LeaseKeepAlive { .. })
            | (Request::LeaseTimeToLive { .. }, Response::LeaseTimeToLive { .. })
            | (Request::LeaseLeases, Response::LeaseLeases { .. })
            | (Request::HashKv { .. }, Response::HashKv { .. })
            | (Request::Status, Response::Status(_))
    )
}

/// Errors by which a request has certainly changed nothing.
const REFUSALS: [Error; 15] = [
    Error::KeyNotProvided,
    Error::KeyNotFound,
    Error::ValueProvided,
    Error::LeaseProvided,
    Error::TooManyOps,
    Error::DuplicateKey,
    Error::InvalidSortOption,
    Error::RequestTooLarge,
    Error::Compacted,
    Error::FutureRevision,
    Error::LeaseTtlTooLarge,
    Error::LeaseNotFound,
    Error::LeaseExists,
    Error::NoSpace,
    Error::TooManyRequests,
];

/// Whether a request that was answered by this error has certainly changed nothing.
#[must_use]
pub fn is_refusal(error: Error) -> bool {
    REFUSALS.contains(&error)
}

/// What an error says about the request's outcome: most leave it open.
pub fn outcome(text: String) -> Outcome {
    match REFUSALS.into_iter().find(|error| error.to_string() == text) {
        Some(error) => Outcome::Refused(error),
        None => Outcome::Unknown(text),
    }
}
