// Package differential sends the same random operations to a server under test and to a
// released etcd, one after the other, and compares everything that a client can see.
package differential

import (
	"fmt"
	"strings"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
)

// Op is one step of a run. A list of them can be replayed against fresh servers: all revisions
// and ids in it are concrete.
type Op struct {
	Kind Kind
	// Request is nil for Barrier and Restart.
	Request proto.Message
	// Stream names the watch stream that a Watch operation is sent on.
	Stream int
}

// Kind is how an operation is carried out.
type Kind int

// The kinds of operations.
const (
	// Unary sends Request and compares the answer.
	Unary Kind = iota
	// RangeStream sends a RangeRequest and compares the chunks, joined.
	RangeStream
	// KeepAlive sends one LeaseKeepAliveRequest on a stream of its own.
	KeepAlive
	// Watch sends a WatchRequest on a watch stream.
	Watch
	// Barrier waits until every watcher has seen everything and compares the events.
	Barrier
	// Restart kills and restarts both servers, after a barrier.
	Restart
)

var kindNames = [...]string{"unary", "range-stream", "keep-alive", "watch", "barrier", "restart"}

// longestOp bounds one operation in a report; values can be large.
const longestOp = 2000

// String is the operation for a report.
func (op Op) String() string {
	text := kindNames[op.Kind]
	if op.Kind == Watch {
		text += fmt.Sprintf(" on stream %d", op.Stream)
	}
	if op.Request == nil {
		return text
	}
	name := op.Request.ProtoReflect().Descriptor().Name()
	return clip(fmt.Sprintf("%s %s{%s}", text, name, compact(op.Request)), longestOp)
}

func compact(message proto.Message) string {
	return prototext.MarshalOptions{}.Format(message)
}

func clip(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	return fmt.Sprintf("%s… (%d bytes)", text[:limit], len(text))
}

// method is where a unary request goes and what comes back.
type method struct {
	path     string
	response func() proto.Message
}

// methodOf is the RPC that takes this request; each has a type of its own.
func methodOf(request proto.Message) method {
	switch request.(type) {
	case *pb.RangeRequest:
		return method{"KV/Range", func() proto.Message { return new(pb.RangeResponse) }}
	case *pb.PutRequest:
		return method{"KV/Put", func() proto.Message { return new(pb.PutResponse) }}
	case *pb.DeleteRangeRequest:
		return method{"KV/DeleteRange", func() proto.Message { return new(pb.DeleteRangeResponse) }}
	case *pb.TxnRequest:
		return method{"KV/Txn", func() proto.Message { return new(pb.TxnResponse) }}
	case *pb.CompactionRequest:
		return method{"KV/Compact", func() proto.Message { return new(pb.CompactionResponse) }}
	case *pb.HashKVRequest:
		return method{"Maintenance/HashKV", func() proto.Message { return new(pb.HashKVResponse) }}
	default:
		return leaseMethodOf(request)
	}
}

func leaseMethodOf(request proto.Message) method {
	switch request.(type) {
	case *pb.LeaseGrantRequest:
		return method{"Lease/LeaseGrant", func() proto.Message { return new(pb.LeaseGrantResponse) }}
	case *pb.LeaseRevokeRequest:
		return method{"Lease/LeaseRevoke", func() proto.Message { return new(pb.LeaseRevokeResponse) }}
	case *pb.LeaseTimeToLiveRequest:
		return method{"Lease/LeaseTimeToLive", func() proto.Message { return new(pb.LeaseTimeToLiveResponse) }}
	case *pb.LeaseLeasesRequest:
		return method{"Lease/LeaseLeases", func() proto.Message { return new(pb.LeaseLeasesResponse) }}
	default:
		panic(fmt.Sprintf("no method takes %T", request))
	}
}

// Report prints a list of operations, one a line.
func Report(ops []Op) string {
	var text strings.Builder
	for i, op := range ops {
		fmt.Fprintf(&text, "%5d  %s\n", i, op)
	}
	return text.String()
}
