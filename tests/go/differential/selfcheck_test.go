package differential

import (
	"context"
	"errors"
	"sync"
	"testing"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"braid/tests/member"
)

// TestPlantedFaultsAreFound compares etcd with an etcd whose answers are tampered with once: a
// comparison that overlooks any of these would be worthless.
func TestPlantedFaultsAreFound(t *testing.T) {
	reference := member.ReferenceBinary(t)
	for name, dial := range plantedFaults() {
		t.Run(name, func(t *testing.T) {
			setup := newSetup(member.WorkDir(t), reference, reference, 1)
			setup.ServerDial = []grpc.DialOption{dial}
			_, err := Run(setup, 7, 600)
			var mismatch *Mismatch
			if !errors.As(err, &mismatch) {
				t.Fatalf("not found; the run ended with: %v", err)
			}
			t.Logf("found at step %d: %s", mismatch.Step, mismatch.Difference)
		})
	}
}

func plantedFaults() map[string]grpc.DialOption {
	return map[string]grpc.DialOption{
		"wrong count":    onAnswer(func(r *pb.RangeResponse) bool { r.Count++; return true }),
		"wrong revision": onAnswer(func(r *pb.PutResponse) bool { r.Header.Revision++; return true }),
		// Again and again: some hashes are not compared.
		"wrong hash": onAnswer(func(r *pb.HashKVResponse) bool { r.Hash ^= 1; return false }),
		"lost key": onAnswer(func(r *pb.RangeResponse) bool {
			found := len(r.Kvs) > 1
			r.Kvs = r.Kvs[:len(r.Kvs)/2]
			return found
		}),
		"wrong error": grpc.WithUnaryInterceptor(changeError),
		"lost event":  onEvents(func(r *pb.WatchResponse) bool { r.Events = r.Events[1:]; return true }),
		"swapped events": onEvents(func(r *pb.WatchResponse) bool {
			if len(r.Events) < 2 {
				return false
			}
			r.Events[0], r.Events[1] = r.Events[1], r.Events[0]
			return true
		}),
		"lost previous value": onEvents(func(r *pb.WatchResponse) bool {
			found := r.Events[0].PrevKv != nil
			r.Events[0].PrevKv = nil
			return found
		}),
	}
}

// onAnswer applies fault to unary answers of one type until it has taken hold once.
func onAnswer[T any](fault func(T) bool) grpc.DialOption {
	// Unary calls come one after the other: no lock is needed.
	calls, done := 0, false
	return grpc.WithUnaryInterceptor(func(ctx context.Context, method string, request, reply any,
		conn *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
		err := invoke(ctx, method, request, reply, conn, options...)
		if answer, ok := reply.(T); ok && err == nil && !done {
			calls++
			done = calls > 5 && fault(answer)
		}
		return err
	})
}

func changeError(ctx context.Context, method string, request, reply any,
	conn *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
	err := invoke(ctx, method, request, reply, conn, options...)
	if status.Code(err) == codes.OutOfRange {
		return status.Error(codes.OutOfRange, status.Convert(err).Message()+".")
	}
	return err
}

// onEvents applies fault to watch responses with events until it has taken hold once.
func onEvents(fault func(*pb.WatchResponse) bool) grpc.DialOption {
	var mu sync.Mutex
	done := false
	return grpc.WithStreamInterceptor(func(ctx context.Context, desc *grpc.StreamDesc, conn *grpc.ClientConn,
		method string, open grpc.Streamer, options ...grpc.CallOption) (grpc.ClientStream, error) {
		stream, err := open(ctx, desc, conn, method, options...)
		return &tamperedStream{stream, func(r *pb.WatchResponse) {
			mu.Lock()
			defer mu.Unlock()
			if !done && len(r.Events) > 0 {
				done = fault(r)
			}
		}}, err
	})
}

type tamperedStream struct {
	grpc.ClientStream
	tamper func(*pb.WatchResponse)
}

func (s *tamperedStream) RecvMsg(message any) error {
	err := s.ClientStream.RecvMsg(message)
	if response, ok := message.(*pb.WatchResponse); ok && err == nil {
		s.tamper(response)
	}
	return err
}
