package crash

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/grpc"

	"braid/tests/member"
)

const (
	connections    = 8
	writersPerConn = 4
	sharedKeys     = 40
	ownKeys        = 12
	leaseTTL       = 100_000
)

// storm is many writers, a reader and a watcher on one server until it dies, with a record of
// all they tried and were told.
type storm struct {
	round  int
	writes []*write
	leases []*leaseRecord
	reads  []*pb.RangeResponse
	seen   []*group
	// compacted is the revision of an acknowledged compaction.
	compacted int64
	faults    []error
	mu        sync.Mutex
}

// leaseRecord is what is known of a lease: unknown where an answer is missing.
type leaseRecord struct {
	id                 int64
	granted            bool
	revokeTried, ended bool
}

// run lets the storm rage for a time and then kills the server in the middle of it.
func (s *storm) run(m *member.Member, random *rand.Rand, rage time.Duration, watchFrom, compactAt int64) error {
	var actors sync.WaitGroup
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for c := range connections {
		conn, err := m.Dial()
		if err != nil {
			return err
		}
		defer conn.Close()
		for w := range writersPerConn {
			seed := random.Uint64()
			actors.Go(func() { newWriter(s, conn, c*writersPerConn+w, seed).run(ctx) })
		}
		if c == 0 {
			actors.Go(func() { s.read(ctx, conn) })
			actors.Go(func() { s.watch(ctx, conn, watchFrom) })
			actors.Go(func() { s.compact(ctx, conn, compactAt, rage/2) })
		}
	}
	time.Sleep(rage)
	err := m.Kill()
	cancel()
	actors.Wait()
	return err
}

func (s *storm) record(w *write) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writes = append(s.writes, w)
}

func (s *storm) recordLease(l *leaseRecord) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leases = append(s.leases, l)
}

func (s *storm) fault(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, fmt.Errorf(format, args...))
}

// samplesKept bounds the reads that are checked against history.
const samplesKept = 30

// read takes snapshots of the shared keys: what it was shown must be in history.
func (s *storm) read(ctx context.Context, conn *grpc.ClientConn) {
	kv := pb.NewKVClient(conn)
	for {
		answer, err := kv.Range(ctx, &pb.RangeRequest{Key: []byte("shared/"), RangeEnd: []byte("shared0")})
		if err != nil {
			return
		}
		s.reads = append(s.reads, answer)
		s.reads = s.reads[max(0, len(s.reads)-samplesKept):]
	}
}

// watch records every event from a revision on: a watcher must never be shown what is lost later.
func (s *storm) watch(ctx context.Context, conn *grpc.ClientConn, from int64) {
	walk, err := openWalk(ctx, conn, from)
	for err == nil {
		err = walk.next()
	}
	s.seen = walk.groups()
}

// compact forgets history below the part that the checks walk.
func (s *storm) compact(ctx context.Context, conn *grpc.ClientConn, at int64, delay time.Duration) {
	if at == 0 {
		return
	}
	time.Sleep(delay)
	if _, err := pb.NewKVClient(conn).Compact(ctx, &pb.CompactionRequest{Revision: at}); err == nil {
		s.compacted = at
	}
}
