//! Room on the disk: the log asks for its next segment well ahead. Where there is no room for it,
//! what takes space is refused, as etcd refuses it, and everything else goes on in the segment
//! that is there: deletes, compactions and ends of leases make room, and reads need none.

use braid_storage::ids::SegmentId;

use super::writes::WriteRequest;
use super::{Core, Output};
use crate::api::Request;
use crate::evaluate::cost;

impl Core {
    /// Asks for the segments that the log will need.
    pub(super) fn poll_segments(&mut self) {
        while let Some(segment) = self.log.wants_segment() {
            self.disk_bytes += u64::from(segment.segment_bytes);
            self.out.push_back(Output::PrepareSegment(segment));
        }
    }

    pub(super) fn handle_no_space(&mut self) {
        if !std::mem::replace(&mut self.out_of_space, true) {
            self.sequencer.cells().lose_space();
        }
    }

    pub(super) fn handle_segment_ready(&mut self, segment: SegmentId) {
        if std::mem::take(&mut self.out_of_space) {
            self.sequencer.cells().find_space();
        }
        self.log.segment_ready(segment);
    }

    /// Whether the request has to be refused because some core's log has no room to grow.
    pub(super) fn lacks_space_for(&self, request: &Request) -> bool {
        !self.sequencer.cells().have_space() && takes_space(request)
    }

    /// Whether the next write of the queue has to wait until it is known if the disk has room for
    /// another segment: what is left of this one is for writes that make room.
    pub(super) fn waits_for_room(&self) -> bool {
        self.writes.next().is_some_and(write_takes_space)
            && self.log.is_short_of_room(self.writes.batch_bytes)
            && self.sequencer.cells().have_space()
    }

    /// As [`Self::lacks_space_for`], for a write that was taken already.
    pub(super) fn lacks_space_for_write(&self, request: &WriteRequest) -> bool {
        !self.sequencer.cells().have_space() && write_takes_space(request)
    }
}

fn takes_space(request: &Request) -> bool {
    match request {
        Request::Put(_) | Request::LeaseGrant { .. } => true,
        Request::Txn(txn) => cost::txn(txn) > 0,
        _ => false,
    }
}

fn write_takes_space(request: &WriteRequest) -> bool {
    match request {
        WriteRequest::Put(_) => true,
        WriteRequest::Txn(txn) => cost::txn(txn) > 0,
        WriteRequest::DeleteRange(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{CompactRequest, DeleteRangeRequest, Operation, PutRequest, TxnRequest};
    use braid_storage::ids::LeaseId;

    fn txn(success: Vec<Operation>, failure: Vec<Operation>) -> Request {
        Request::Txn(TxnRequest { success, failure, ..TxnRequest::default() })
    }

    #[test]
    fn what_takes_space() {
        let put = || Operation::Put(PutRequest::default());
        let nested = TxnRequest { failure: vec![put()], ..TxnRequest::default() };
        for request in [
            Request::Put(PutRequest::default()),
            Request::LeaseGrant { lease: LeaseId(0), ttl: 60 },
            txn(vec![put()], vec![]),
            txn(vec![], vec![Operation::Txn(nested)]),
        ] {
            assert!(takes_space(&request), "{request:?}");
        }
    }

    #[test]
    fn what_gives_it_back_or_takes_none() {
        let delete = || Operation::DeleteRange(DeleteRangeRequest::default());
        for request in [
            Request::DeleteRange(DeleteRangeRequest::default()),
            txn(vec![delete()], vec![delete()]),
            Request::Compact(CompactRequest::default()),
            Request::LeaseRevoke { lease: LeaseId(1) },
            Request::LeaseKeepAlive { lease: LeaseId(1) },
            Request::Status,
        ] {
            assert!(!takes_space(&request), "{request:?}");
        }
    }
}
