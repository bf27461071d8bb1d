package differential

import (
	"context"
	"fmt"
	"sync"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/grpc"
)

// watchStream is one Watch RPC to one server with the log of what came back.
type watchStream struct {
	rpc    pb.Watch_WatchClient
	cancel context.CancelFunc
	done   chan struct{}

	mu      sync.Mutex
	log     *streamLog
	changed chan struct{}
	end     error
	// creates were sent; refused of them were seen to fail.
	creates, refused int
}

func openWatchStream(conn *grpc.ClientConn) (*watchStream, error) {
	ctx, cancel := context.WithCancel(context.Background())
	rpc, err := pb.NewWatchClient(conn).Watch(ctx)
	if err != nil {
		cancel()
		return nil, err
	}
	s := &watchStream{rpc: rpc, cancel: cancel, done: make(chan struct{}),
		log: newStreamLog(), changed: make(chan struct{}, 1)}
	go s.receive()
	return s, nil
}

func (s *watchStream) receive() {
	defer close(s.done)
	for {
		response, err := s.rpc.Recv()
		s.mu.Lock()
		if err != nil {
			s.end = err
		} else {
			s.log.add(response)
		}
		s.mu.Unlock()
		select {
		case s.changed <- struct{}{}:
		default:
		}
		if err != nil {
			return
		}
	}
}

func (s *watchStream) close() {
	s.cancel()
	<-s.done
}

// until waits for the log to satisfy condition; what names it in the error.
func (s *watchStream) until(what string, condition func(*streamLog) bool) error {
	return s.untilWhile(what, condition, func() {})
}

// untilWhile also calls nudge now and then while it waits.
func (s *watchStream) untilWhile(what string, condition func(*streamLog) bool, nudge func()) error {
	deadline := time.After(patience)
	for {
		s.mu.Lock()
		met, end := condition(s.log), s.end
		s.mu.Unlock()
		switch {
		case met:
			return nil
		case end != nil:
			return fmt.Errorf("watch stream ended while waiting for %s: %w", what, end)
		}
		select {
		case <-s.changed:
		case <-time.After(20 * time.Millisecond):
			nudge()
		case <-deadline:
			return fmt.Errorf("no %s within %v", what, patience)
		}
	}
}

// send passes one request on and waits for the answer that it must have.
func (s *watchStream) send(request *pb.WatchRequest, compacted int64) error {
	cancel := request.GetCancelRequest()
	known := cancel != nil && s.isLive(cancel.WatchId)
	if err := s.rpc.Send(request); err != nil {
		return fmt.Errorf("watch stream ended: %w", s.endError(err))
	}
	if create := request.GetCreateRequest(); create != nil {
		return s.awaitCreated(create, compacted)
	}
	if known {
		return s.until("cancel", func(l *streamLog) bool { return l.live[cancel.WatchId] == nil })
	}
	return nil
}

func (s *watchStream) endError(err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.end != nil {
		return s.end
	}
	return err
}

func (s *watchStream) isLive(id int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.live[id] != nil
}

// awaitCreated also waits for the cancel that a compacted start brings, because a later
// compaction would change the revision in it.
func (s *watchStream) awaitCreated(create *pb.WatchCreateRequest, compacted int64) error {
	s.creates++
	refused := 0
	err := s.until("created", func(l *streamLog) bool {
		refused = len(l.refusals)
		return l.answered() == s.creates
	})
	wasRefused := refused > s.refused
	s.refused = refused
	if err != nil || wasRefused || create.StartRevision <= 0 || create.StartRevision >= compacted {
		return err
	}
	return s.awaitCompacted()
}

// awaitCompacted waits for the server's cancel and then sends one as well: etcd keeps the id of
// a watcher that compaction ended, and tells no progress on its stream, until the client cancels.
func (s *watchStream) awaitCompacted() error {
	var last *watcherLog
	err := s.until("cancel of a compacted watcher", func(l *streamLog) bool {
		last = l.watchers[len(l.watchers)-1]
		return last.canceled != nil
	})
	if err != nil {
		return err
	}
	return s.rpc.Send(&pb.WatchRequest{RequestUnion: &pb.WatchRequest_CancelRequest{
		CancelRequest: &pb.WatchCancelRequest{WatchId: last.id}}})
}

// reach waits until every watcher of the stream has seen all up to revision. A first bookmark may
// answer a request that is older than the newest watcher, so it takes two.
func (s *watchStream) reach(revision int64) error {
	s.mu.Lock()
	s.log.bookmarks = nil
	s.mu.Unlock()
	what := fmt.Sprintf("progress to revision %d", revision)
	nudge := func() {
		_ = s.rpc.Send(&pb.WatchRequest{RequestUnion: &pb.WatchRequest_ProgressRequest{
			ProgressRequest: &pb.WatchProgressRequest{}}})
	}
	nudge()
	nudge()
	return s.untilWhile(what, func(l *streamLog) bool {
		return len(l.live) == 0 || l.bookmarksFrom(revision) >= 2
	}, nudge)
}
