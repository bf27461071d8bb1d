package differential

import pb "go.etcd.io/etcd/api/v3/etcdserverpb"

// avoidKnownPanic keeps etcd alive. Its duplicate-key rule does not see that a delete without end
// (range_end "\0") covers a key that is put later in the transaction. If that put says
// ignore_value or ignore_lease, etcd 3.7.1 ends, at each restart again, because the pair that it
// checked for is gone when the put runs. A tree with such a delete loses the two flags.
func avoidKnownPanic(txn *pb.TxnRequest) {
	if !anyOperation(txn, isEndlessDelete) {
		return
	}
	anyOperation(txn, func(op *pb.RequestOp) bool {
		if put := op.GetRequestPut(); put != nil {
			put.IgnoreValue, put.IgnoreLease = false, false
		}
		return false
	})
}

func isEndlessDelete(op *pb.RequestOp) bool {
	return string(op.GetRequestDeleteRange().GetRangeEnd()) == "\x00"
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
