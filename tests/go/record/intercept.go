package record

import (
	"context"
	"strings"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Options make a connection write down what goes over it.
func (r *Recorder) Options() []grpc.DialOption {
	return []grpc.DialOption{grpc.WithUnaryInterceptor(r.unary), grpc.WithStreamInterceptor(r.stream)}
}

// queues are services that write keys for their clients.
var queues = []string{"/v3lockpb.", "/v3electionpb."}

func (r *Recorder) unary(ctx context.Context, method string, request, answer any, conn *grpc.ClientConn,
	invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
	for _, service := range queues {
		if strings.HasPrefix(method, service) {
			return r.queued(ctx, method, request, answer, conn, invoke, options)
		}
	}
	noted := requestOf(request)
	if noted == nil {
		return invoke(ctx, method, request, answer, conn, options...)
	}
	id := r.call(conn, noted)
	err := invoke(ctx, method, request, answer, conn, options...)
	if err != nil {
		r.returned(id, nil, err)
	} else {
		r.returned(id, responseOf(answer), nil)
	}
	return err
}

func (r *Recorder) stream(ctx context.Context, desc *grpc.StreamDesc, conn *grpc.ClientConn, method string,
	open grpc.Streamer, options ...grpc.CallOption) (grpc.ClientStream, error) {
	stream, err := open(ctx, desc, conn, method, options...)
	if err != nil {
		return nil, err
	}
	switch method {
	case pb.Watch_Watch_FullMethodName:
		return newWatchStream(r, conn, stream), nil
	case pb.Lease_LeaseKeepAlive_FullMethodName:
		return &keepAliveStream{ClientStream: stream, recorder: r, conn: conn}, nil
	}
	return stream, nil
}

// failure tells an error that says that nothing has happened from one after which nobody knows.
func failure(err error) (refused, lost string) {
	switch status.Code(err) {
	case codes.InvalidArgument, codes.OutOfRange, codes.NotFound, codes.FailedPrecondition:
		return status.Convert(err).Message(), ""
	}
	return "", err.Error()
}

// keepAliveStream pairs renewals with their answers, which come in order.
type keepAliveStream struct {
	grpc.ClientStream
	recorder *Recorder
	conn     *grpc.ClientConn
	calls    queue
}

func (s *keepAliveStream) SendMsg(message any) error {
	s.calls.push(s.recorder.call(s.conn, requestOf(message)))
	return s.ClientStream.SendMsg(message)
}

func (s *keepAliveStream) RecvMsg(message any) error {
	err := s.ClientStream.RecvMsg(message)
	if err == nil {
		s.recorder.returned(s.calls.pop(), responseOf(message), nil)
		return nil
	}
	for id := s.calls.pop(); id != 0; id = s.calls.pop() {
		s.recorder.returned(id, nil, status.Error(codes.Unavailable, err.Error()))
	}
	return err
}
