package differential

import (
	"testing"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"

	"braid/tests/member"
)

// TestEndlessDeleteWithPut: etcd takes a delete without end together with a put that it covers,
// where any other overlap is refused. Both run, in order, at one revision.
func TestEndlessDeleteWithPut(t *testing.T) {
	replay(t, []Op{
		watchAll(), putOf("a"), putOf("b"),
		txnOf(deleteOf("a", "\x00"), putIn("b")),
		everything(), {Kind: Barrier}, {Kind: Restart},
	})
}

// TestPutThenDeleteInSiblings: a put in one nested transaction and a delete of its key in a later
// one pass etcd's duplicate-key rule too.
func TestPutThenDeleteInSiblings(t *testing.T) {
	replay(t, []Op{
		watchAll(), putOf("a"),
		txnOf(nested(putIn("b")), nested(deleteOf("a", "c"))),
		txnOf(nested(deleteOf("a", "c")), nested(putIn("b"))),
		everything(), {Kind: Barrier}, {Kind: Restart},
	})
}

func replay(t *testing.T, ops []Op) {
	t.Helper()
	setup := newSetup(member.WorkDir(t), member.ReferenceBinary(t), member.ServerBinary(t), 0)
	if err := Replay(setup, ops); err != nil {
		t.Error(err)
	}
}

func watchAll() Op {
	return Op{Kind: Watch, Request: &pb.WatchRequest{RequestUnion: &pb.WatchRequest_CreateRequest{
		CreateRequest: &pb.WatchCreateRequest{Key: []byte{0}, RangeEnd: []byte{0}, PrevKv: true}}}}
}

func everything() Op { return Op{Request: &pb.RangeRequest{Key: []byte{0}, RangeEnd: []byte{0}}} }

func putOf(key string) Op { return Op{Request: &pb.PutRequest{Key: []byte(key), Value: []byte("v")}} }

func txnOf(ops ...*pb.RequestOp) Op { return Op{Request: &pb.TxnRequest{Success: ops}} }

func putIn(key string) *pb.RequestOp {
	return &pb.RequestOp{Request: &pb.RequestOp_RequestPut{
		RequestPut: &pb.PutRequest{Key: []byte(key), Value: []byte("in a transaction"), PrevKv: true}}}
}

func deleteOf(key, end string) *pb.RequestOp {
	return &pb.RequestOp{Request: &pb.RequestOp_RequestDeleteRange{
		RequestDeleteRange: &pb.DeleteRangeRequest{Key: []byte(key), RangeEnd: []byte(end), PrevKv: true}}}
}

func nested(ops ...*pb.RequestOp) *pb.RequestOp {
	return &pb.RequestOp{Request: &pb.RequestOp_RequestTxn{RequestTxn: &pb.TxnRequest{Success: ops}}}
}
