package differential

import (
	"bytes"
	"cmp"
	"slices"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
	"google.golang.org/protobuf/proto"
)

// normal brings an answer into a form in which everything that etcd leaves open looks the same:
// ids of cluster and member, raft's term, the order of keys that sort as equal, seconds gone by.
func normal(request, response proto.Message) proto.Message {
	response = proto.Clone(response)
	switch r := response.(type) {
	case *pb.RangeResponse:
		normalHeader(r.Header)
		normalRange(request.(*pb.RangeRequest), r)
	case *pb.TxnResponse:
		normalTxn(request.(*pb.TxnRequest), r)
	case *pb.LeaseTimeToLiveResponse:
		normalHeader(r.Header)
		slices.SortFunc(r.Keys, bytes.Compare)
	case *pb.LeaseLeasesResponse:
		normalHeader(r.Header)
		slices.SortFunc(r.Leases, func(a, b *pb.LeaseStatus) int { return cmp.Compare(a.ID, b.ID) })
	case interface{ GetHeader() *pb.ResponseHeader }:
		normalHeader(r.GetHeader())
	}
	return response
}

// normalHeader keeps the revision, and of the rest only whether it is there.
func normalHeader(header *pb.ResponseHeader) {
	if header == nil {
		return
	}
	header.ClusterId = min(header.ClusterId, 1)
	header.MemberId = min(header.MemberId, 1)
	header.RaftTerm = min(header.RaftTerm, 1)
}

func normalTxn(request *pb.TxnRequest, response *pb.TxnResponse) {
	normalHeader(response.Header)
	branch := request.Failure
	if response.Succeeded {
		branch = request.Success
	}
	for i, op := range response.Responses {
		if i >= len(branch) {
			return
		}
		normalOperation(branch[i], op)
	}
}

func normalOperation(request *pb.RequestOp, response *pb.ResponseOp) {
	switch r := response.Response.(type) {
	case *pb.ResponseOp_ResponseRange:
		normalHeader(r.ResponseRange.GetHeader())
		if request.GetRequestRange() != nil {
			normalRange(request.GetRequestRange(), r.ResponseRange)
		}
	case *pb.ResponseOp_ResponsePut:
		normalHeader(r.ResponsePut.GetHeader())
	case *pb.ResponseOp_ResponseDeleteRange:
		normalHeader(r.ResponseDeleteRange.GetHeader())
	case *pb.ResponseOp_ResponseTxn:
		if request.GetRequestTxn() != nil {
			normalTxn(request.GetRequestTxn(), r.ResponseTxn)
		}
	}
}

// normalRange orders pairs that etcd's unstable sort leaves in any order. Where a limit cuts
// through such equals, which of them are left is open too: only their common part stays.
func normalRange(request *pb.RangeRequest, response *pb.RangeResponse) {
	order := comparator(request.SortTarget)
	if order == nil || len(response.Kvs) == 0 {
		return
	}
	sortTies(response.Kvs, order)
	if response.More && cutsAfterSorting(request) {
		last := response.Kvs[len(response.Kvs)-1]
		first := slices.IndexFunc(response.Kvs, func(kv *mvccpb.KeyValue) bool { return order(kv, last) == 0 })
		for i := first; i < len(response.Kvs); i++ {
			response.Kvs[i] = commonPart(request.SortTarget, last)
		}
	}
}

// cutsAfterSorting tells whether the limit comes last. Without order and filters etcd takes the first
// pairs by key, and sorts those.
func cutsAfterSorting(r *pb.RangeRequest) bool {
	return r.SortOrder != pb.RangeRequest_NONE || r.MinModRevision != 0 || r.MaxModRevision != 0 ||
		r.MinCreateRevision != 0 || r.MaxCreateRevision != 0
}

type pairOrder func(a, b *mvccpb.KeyValue) int

// comparator is nil where keys decide: no two are equal.
func comparator(target pb.RangeRequest_SortTarget) pairOrder {
	switch target {
	case pb.RangeRequest_VERSION:
		return func(a, b *mvccpb.KeyValue) int { return cmp.Compare(a.Version, b.Version) }
	case pb.RangeRequest_CREATE:
		return func(a, b *mvccpb.KeyValue) int { return cmp.Compare(a.CreateRevision, b.CreateRevision) }
	case pb.RangeRequest_MOD:
		return func(a, b *mvccpb.KeyValue) int { return cmp.Compare(a.ModRevision, b.ModRevision) }
	case pb.RangeRequest_VALUE:
		return func(a, b *mvccpb.KeyValue) int { return bytes.Compare(a.Value, b.Value) }
	default:
		return nil
	}
}

// sortTies orders each run of equal pairs by key and leaves the runs where they are.
func sortTies(kvs []*mvccpb.KeyValue, order pairOrder) {
	for start := 0; start < len(kvs); {
		end := start + 1
		for end < len(kvs) && order(kvs[start], kvs[end]) == 0 {
			end++
		}
		slices.SortFunc(kvs[start:end], func(a, b *mvccpb.KeyValue) int { return bytes.Compare(a.Key, b.Key) })
		start = end
	}
}

func commonPart(target pb.RangeRequest_SortTarget, kv *mvccpb.KeyValue) *mvccpb.KeyValue {
	switch target {
	case pb.RangeRequest_VERSION:
		return &mvccpb.KeyValue{Version: kv.Version}
	case pb.RangeRequest_CREATE:
		return &mvccpb.KeyValue{CreateRevision: kv.CreateRevision}
	case pb.RangeRequest_MOD:
		return &mvccpb.KeyValue{ModRevision: kv.ModRevision}
	default:
		return &mvccpb.KeyValue{Value: kv.Value}
	}
}
