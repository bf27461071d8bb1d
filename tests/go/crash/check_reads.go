package crash

import (
	"context"
	"fmt"
	"slices"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// stateAt replays history up to a revision.
func (t *Trial) stateAt(revision int64) (*state, error) {
	if revision > t.current() || revision < t.base.revision {
		return nil, fmt.Errorf("revision %d was shown, history has %d to %d", revision, t.base.revision, t.current())
	}
	state := t.base.clone()
	for _, g := range t.story[:revision-t.base.revision] {
		if err := state.apply(g); err != nil {
			return nil, err
		}
	}
	return state, nil
}

// checkReads: what readers saw before the kill was durable and one moment of all shards.
func (t *Trial) checkReads(s *storm) error {
	for _, answer := range s.reads {
		state, err := t.stateAt(answer.Header.Revision)
		if err == nil {
			err = state.compare("shared/", answer.Kvs)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// checkNow compares the whole keyspace with history.
func (t *Trial) checkNow(ctx context.Context, conn *grpc.ClientConn, now *state) error {
	return compareAt(ctx, conn, now, 0)
}

// checkPast compares it at older revisions.
func (t *Trial) checkPast(ctx context.Context, conn *grpc.ClientConn) error {
	for range 3 {
		revision := t.someRevision()
		state, err := t.stateAt(revision)
		if err != nil {
			return err
		}
		if err := compareAt(ctx, conn, state, revision); err != nil {
			return err
		}
	}
	return nil
}

func compareAt(ctx context.Context, conn *grpc.ClientConn, state *state, revision int64) error {
	answer, err := pb.NewKVClient(conn).Range(ctx,
		&pb.RangeRequest{Key: []byte{0}, RangeEnd: []byte{0}, Revision: revision})
	if err != nil {
		return fmt.Errorf("read at revision %d: %w", revision, err)
	}
	if answer.Count != int64(len(answer.Kvs)) {
		return fmt.Errorf("count is %d of %d keys", answer.Count, len(answer.Kvs))
	}
	return state.compare("", answer.Kvs)
}

// checkResumed: watches from any revision tell the same story.
func (t *Trial) checkResumed(ctx context.Context, conn *grpc.ClientConn) error {
	for range 2 {
		from := t.someRevision() + 1
		again, err := history(ctx, conn, from, t.current())
		if err != nil {
			return err
		}
		if err := samePrefix(t.story[from-t.base.revision-1:], again); err != nil {
			return fmt.Errorf("from revision %d: %w", from, err)
		}
	}
	return nil
}

// someRevision is one that can be read.
func (t *Trial) someRevision() int64 {
	return t.base.revision + t.random.Int64N(int64(len(t.story))+1)
}

// checkCompacted: an acknowledged compaction stays.
func checkCompacted(ctx context.Context, conn *grpc.ClientConn, compacted int64) error {
	if compacted < 2 {
		return nil
	}
	_, err := pb.NewKVClient(conn).Range(ctx, &pb.RangeRequest{Key: []byte{0}, Revision: compacted - 1})
	if rpctypes.ErrorDesc(err) != rpctypes.ErrorDesc(rpctypes.ErrGRPCCompacted) {
		return fmt.Errorf("revision %d is below an acknowledged compaction, but reading it says: %v", compacted-1, err)
	}
	return nil
}

// checkLeases: leases and the keys attached to them tell one story.
func (t *Trial) checkLeases(ctx context.Context, conn *grpc.ClientConn, s *storm, now *state) error {
	client := pb.NewLeaseClient(conn)
	t.leases = append(t.leases, s.leases...)
	listed, err := client.LeaseLeases(ctx, &pb.LeaseLeasesRequest{})
	if err != nil {
		return err
	}
	live := map[int64]bool{}
	for _, lease := range listed.Leases {
		live[lease.ID] = true
	}
	for key, kv := range now.pairs {
		if kv.Lease != 0 && !live[kv.Lease] {
			return fmt.Errorf("key %s is attached to lease %d, which is not there", key, kv.Lease)
		}
	}
	t.leases = slices.DeleteFunc(t.leases, func(l *leaseRecord) bool {
		if err == nil {
			err = checkLease(ctx, client, l, live[l.id], now)
		}
		return !live[l.id]
	})
	return err
}

func checkLease(ctx context.Context, client pb.LeaseClient, l *leaseRecord, alive bool, now *state) error {
	if l.granted && !l.revokeTried && !alive {
		return fmt.Errorf("lease %d was granted and is lost", l.id)
	}
	if l.ended && alive {
		return fmt.Errorf("lease %d was revoked and is back", l.id)
	}
	// Whoever is alive now has survived, and must go on to.
	l.granted = l.granted || alive
	l.revokeTried = l.revokeTried && !alive
	if !alive {
		return nil
	}
	return checkAttached(ctx, client, l.id, now)
}

func checkAttached(ctx context.Context, client pb.LeaseClient, id int64, now *state) error {
	answer, err := client.LeaseTimeToLive(ctx, &pb.LeaseTimeToLiveRequest{ID: id, Keys: true})
	if status.Code(err) != codes.OK {
		return err
	}
	var keys []string
	for _, key := range answer.Keys {
		keys = append(keys, string(key))
	}
	slices.Sort(keys)
	if want := now.attached(id); !slices.Equal(want, keys) {
		return fmt.Errorf("lease %d lists the keys %v, but attached are %v", id, keys, want)
	}
	return nil
}
