package differential

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// Answer is what one server said to one operation.
type Answer struct {
	Message proto.Message
	Code    codes.Code
	Text    string
	// Fault is a broken promise that needs no comparison to be seen.
	Fault string
}

// String is the answer for a report.
func (a Answer) String() string {
	text := a.Code.String()
	switch {
	case a.Fault != "":
		text = "FAULT " + a.Fault
	case a.Code != codes.OK:
		text += " " + a.Text
	case a.Message != nil:
		text += " {" + compact(a.Message) + "}"
	}
	return clip(text, 2*longestOp)
}

func failed(err error) Answer {
	s := status.Convert(err)
	return Answer{Code: s.Code(), Text: s.Message()}
}

// patience bounds one request; no operation here takes a second on a healthy server.
const patience = 30 * time.Second

func callUnary(conn *grpc.ClientConn, request proto.Message) Answer {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	target := methodOf(request)
	response := target.response()
	if err := conn.Invoke(ctx, "/etcdserverpb."+target.path, request, response); err != nil {
		return failed(err)
	}
	return Answer{Message: response}
}

func callRangeStream(conn *grpc.ClientConn, request *pb.RangeRequest) Answer {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	stream, err := pb.NewKVClient(conn).RangeStream(ctx, request)
	if err != nil {
		return failed(err)
	}
	whole := &pb.RangeResponse{}
	final := false
	for {
		chunk, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return Answer{Message: whole, Fault: unlessFinal(final)}
		}
		if err != nil {
			return failed(err)
		}
		if final {
			return Answer{Fault: "a chunk follows the one with the header"}
		}
		part := chunk.GetRangeResponse()
		if fault := chunkFault(part); fault != "" {
			return Answer{Fault: fault}
		}
		final = part.Header != nil
		proto.Merge(whole, part)
	}
}

func unlessFinal(final bool) string {
	if final {
		return ""
	}
	return "the stream ended without a header"
}

// chunkFault: only the last chunk carries anything but pairs.
func chunkFault(chunk *pb.RangeResponse) string {
	if chunk.Header == nil && (chunk.More || chunk.Count != 0) {
		return fmt.Sprintf("chunk without header but with more=%v count=%d", chunk.More, chunk.Count)
	}
	return ""
}

func callKeepAlive(conn *grpc.ClientConn, request *pb.LeaseKeepAliveRequest) Answer {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	stream, err := pb.NewLeaseClient(conn).LeaseKeepAlive(ctx)
	if err != nil {
		return failed(err)
	}
	if err := stream.Send(request); err != nil {
		return failed(err)
	}
	response, err := stream.Recv()
	if err != nil {
		return failed(err)
	}
	return Answer{Message: response}
}
