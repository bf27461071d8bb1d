package crash

import (
	"context"
	"fmt"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/grpc"
)

// walk reads history by a watch of the whole keyspace.
type walk struct {
	rpc    pb.Watch_WatchClient
	result []*group
}

func openWalk(ctx context.Context, conn *grpc.ClientConn, from int64) (*walk, error) {
	w := &walk{}
	var err error
	if w.rpc, err = pb.NewWatchClient(conn).Watch(ctx); err != nil {
		return w, err
	}
	return w, w.rpc.Send(&pb.WatchRequest{RequestUnion: &pb.WatchRequest_CreateRequest{
		CreateRequest: &pb.WatchCreateRequest{Key: []byte{0}, RangeEnd: []byte{0}, StartRevision: from, PrevKv: true},
	}})
}

// next takes one response.
func (w *walk) next() error {
	response, err := w.rpc.Recv()
	if err != nil {
		return err
	}
	if response.Canceled {
		return fmt.Errorf("watch was cancelled: %v", response)
	}
	for _, event := range response.Events {
		revision := event.Kv.ModRevision
		if len(w.result) == 0 || w.last().revision != revision {
			w.result = append(w.result, &group{revision: revision})
		}
		w.last().events = append(w.last().events, event)
	}
	return nil
}

func (w *walk) last() *group { return w.result[len(w.result)-1] }

// groups are the revisions so far. A server may still owe nothing of the last one: revisions are
// never split over responses.
func (w *walk) groups() []*group { return w.result }

// history walks from one revision to another, both included.
func history(ctx context.Context, conn *grpc.ClientConn, from, to int64) ([]*group, error) {
	if from > to {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	w, err := openWalk(ctx, conn, from)
	for err == nil && (len(w.result) == 0 || w.last().revision < to) {
		err = w.next()
	}
	if err != nil {
		return nil, fmt.Errorf("history from %d to %d, %d revisions read: %w", from, to, len(w.result), err)
	}
	return w.result, nil
}
