package differential

import pb "go.etcd.io/etcd/api/v3/etcdserverpb"

// lastKey is beyond all keys of the pool.
var lastKey = []byte{0xff, 0xff, 0xff}

// avoidKnownDeath keeps etcd alive. Its duplicate-key rule does not see that a delete without end
// (range_end "\0") covers a key that is put in the same transaction. When both run, etcd 3.7.1
// can end, at each restart again: at once if the put has ignore_value or ignore_lease (the pair
// that was checked for is gone), or at a later read at that revision, once it is the compacted
// one. In a tree with puts such deletes get an end; TestEndlessDeleteWithPut covers the rest.
func avoidKnownDeath(txn *pb.TxnRequest) {
	if !anyOperation(txn, func(op *pb.RequestOp) bool { return op.GetRequestPut() != nil }) {
		return
	}
	anyOperation(txn, func(op *pb.RequestOp) bool {
		if string(op.GetRequestDeleteRange().GetRangeEnd()) == "\x00" {
			op.GetRequestDeleteRange().RangeEnd = lastKey
		}
		return false
	})
}

// anyOperation calls found on the operations of a tree until it is true for one.
func anyOperation(txn *pb.TxnRequest, found func(*pb.RequestOp) bool) bool {
	for _, branch := range [][]*pb.RequestOp{txn.Success, txn.Failure} {
		for _, op := range branch {
			if found(op) || (op.GetRequestTxn() != nil && anyOperation(op.GetRequestTxn(), found)) {
				return true
			}
		}
	}
	return false
}
