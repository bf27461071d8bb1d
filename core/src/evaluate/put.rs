//! Writing one key.

use bytes::Bytes;

use crate::api::{PutRequest, PutResponse};
use crate::error::Error;
use crate::evaluate::value::Reader;
use crate::evaluate::{Fetched, Leases, Outcome, PlannedAction, PlannedChange, Stop};
use crate::ids::{LeaseId, Revision};
use crate::kv_list::KvList;
use crate::version::{Found, View};

/// A put that cannot fail any more. It always changes something.
#[derive(Clone, Debug, PartialEq)]
pub struct PutPlan {
    key: Bytes,
    value: Bytes,
    lease: LeaseId,
    /// None when the key comes into being.
    create_revision: Option<Revision>,
    version: u64,
    prev_kv: Option<KvList>,
}

/// Finds out what a valid put will do.
///
/// # Errors
/// A lease or a key that must be there is missing, or values must be fetched first.
pub fn plan(
    view: &dyn View,
    request: &PutRequest,
    leases: Leases<'_>,
    fetched: &Fetched,
) -> Result<PutPlan, Stop> {
    let mut reader = Reader::new(fetched);
    let plan = read(view, request, leases, &mut reader)?;
    reader.finish(plan)
}

/// As [`plan`], with values that must be fetched first left empty and noted by `reader`.
pub(super) fn read(
    view: &dyn View,
    request: &PutRequest,
    leases: Leases<'_>,
    reader: &mut Reader<'_>,
) -> Result<PutPlan, Error> {
    check_lease(request, leases)?;
    let previous = view.get(&request.key);
    check_previous(request, previous.as_ref())?;
    Ok(PutPlan {
        key: request.key.clone(),
        value: value(request, previous.as_ref(), reader),
        lease: lease(request, previous.as_ref()),
        create_revision: previous.map(|found| found.meta.create_revision),
        version: previous.map_or(1, |found| found.meta.version + 1),
        prev_kv: prev_kv(request, previous.as_ref(), reader),
    })
}

/// Checks what a put needs of `view`: all that can fail at this point.
pub(super) fn check(
    view: &dyn View,
    request: &PutRequest,
    leases: Leases<'_>,
) -> Result<(), Error> {
    check_lease(request, leases)?;
    if request.ignore_value || request.ignore_lease {
        check_previous(request, view.get(&request.key).as_ref())?;
    }
    Ok(())
}

fn check_lease(request: &PutRequest, leases: Leases<'_>) -> Result<(), Error> {
    if request.lease != LeaseId(0) && !leases(request.lease) {
        return Err(Error::LeaseNotFound);
    }
    Ok(())
}

fn check_previous(request: &PutRequest, previous: Option<&Found<'_>>) -> Result<(), Error> {
    if (request.ignore_value || request.ignore_lease) && previous.is_none() {
        return Err(Error::KeyNotFound);
    }
    Ok(())
}

fn value(request: &PutRequest, previous: Option<&Found<'_>>, reader: &mut Reader<'_>) -> Bytes {
    match previous {
        Some(found) if request.ignore_value => {
            Bytes::copy_from_slice(reader.read_or_empty(&found.value))
        }
        _ => request.value.clone(),
    }
}

fn lease(request: &PutRequest, previous: Option<&Found<'_>>) -> LeaseId {
    match previous {
        Some(found) if request.ignore_lease => found.meta.lease,
        _ => request.lease,
    }
}

fn prev_kv(
    request: &PutRequest,
    previous: Option<&Found<'_>>,
    reader: &mut Reader<'_>,
) -> Option<KvList> {
    let found = previous.filter(|_| request.prev_kv)?;
    let mut kvs = KvList::default();
    kvs.push(&request.key, reader.read_or_empty(&found.value), found.meta);
    Some(kvs)
}

impl PutPlan {
    /// Does the put at `revision`.
    #[must_use]
    pub fn execute(self, revision: Revision) -> Outcome<PutResponse> {
        let (change, response) = self.execute_as(0, revision);
        Outcome { changes: vec![change], response }
    }

    /// As [`Self::execute`], for a put that is change number `sub` of its write.
    pub(super) fn execute_as(self, sub: u32, revision: Revision) -> (PlannedChange, PutResponse) {
        let action = PlannedAction::Put {
            create_revision: self.create_revision.unwrap_or(revision),
            version: self.version,
            lease: self.lease,
            value: self.value,
        };
        let response = PutResponse { revision, prev_kv: self.prev_kv };
        (PlannedChange { sub, key: self.key, action }, response)
    }
}
