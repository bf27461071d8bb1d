package differential

import (
	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"google.golang.org/grpc/codes"
)

// difference is one that stays, with the reason that docs/differences.md gives.
type difference struct {
	reason string
	match  func(op Op, want, got Answer) bool
}

// accepted is the list of differences that stay. A stale entry hides bugs: keep it short.
var accepted = []difference{
	{
		reason: "etcd answers HashKV at the revision of one of its last compactions with the hash that " +
			"this compaction computed, from some time after it on, even where the history is gone",
		match: func(op Op, want, got Answer) bool {
			request, ok := op.Request.(*pb.HashKVRequest)
			return ok && (isHashAtCompaction(request.Revision, got) || isHashAtZero(request.Revision, want))
		},
	},
}

// isHashAtCompaction: the server hashed the revision of its last compaction, or refused one
// before that.
func isHashAtCompaction(revision int64, got Answer) bool {
	if revision <= 0 {
		return false
	}
	if got.Code != codes.OK {
		return got.Text == rpctypes.ErrorDesc(rpctypes.ErrGRPCCompacted)
	}
	return got.Message.(*pb.HashKVResponse).CompactRevision >= revision
}

func isAccepted(op Op, want, got Answer) bool {
	for _, d := range accepted {
		if d.match(op, want, got) {
			return true
		}
	}
	return false
}

// isHashAtZero: there was a compaction at revision 0, which etcd then takes for the revision that
// a request for the latest one means.
func isHashAtZero(revision int64, want Answer) bool {
	return revision == 0 && want.Code == codes.OK && want.Message.(*pb.HashKVResponse).HashRevision == 0
}
