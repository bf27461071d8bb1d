package crash

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	v3electionpb "go.etcd.io/etcd/server/v3/etcdserver/api/v3election/v3electionpb"
	v3lockpb "go.etcd.io/etcd/server/v3/etcdserver/api/v3lock/v3lockpb"
	"google.golang.org/grpc"

	"braid/tests/member"
	"braid/tests/record"
)

const (
	contenders = 6
	// contenderTTL in seconds is how long a queue waits, after a kill, for holders that have gone.
	contenderTTL = 2
	contention   = 4 * time.Second
	// heldMax is long, as the judge tries a place for every write whose revision nobody tells.
	heldMax = 100 * time.Millisecond
	// holdsLeast are far fewer than there are: the queues must move before and after a kill.
	holdsLeast = 20
)

// TestLocksOfAKilledServer: a lock has one holder, and an election one leader, over kills of the
// server; the judge reads who held what, and finds one more who does.
func TestLocksOfAKilledServer(t *testing.T) {
	recorder, err := record.Create(filepath.Join(member.WorkDir(t), "history.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	m := member.Run(t, member.Config{Binary: member.ServerBinary(t), Dial: recorder.Options()})
	for range *kills {
		contend(t, m)
		recorder.Restart()
		if err := m.Restart(); err != nil {
			t.Fatal(err)
		}
	}
	hearAll(t, m)
	holds := 0
	recorder.MustBeBrokenBy(t, func(line string) string {
		if !strings.Contains(line, `"event":"hold"`) {
			return line
		}
		holds++
		if holds > 1 {
			return line
		}
		return line + intruder(line, 1_000_000)
	})
	if holds < holdsLeast {
		t.Errorf("%d holds", holds)
	}
}

// intruder is the lines of a client that holds a lock as well.
func intruder(hold string, client int) string {
	_, rest, _ := strings.Cut(hold, `"time":`)
	at, _, _ := strings.Cut(rest, ",")
	return fmt.Sprintf(`{"event":"hold","client":%d,"time":%s{"event":"end","client":%d,"time":%s}`+"\n",
		client, rest, client, at)
}

// contend lets clients queue up for a lock and an election until the server is killed.
func contend(t *testing.T, m *member.Member) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var actors sync.WaitGroup
	for number := range contenders {
		conn, err := m.Dial()
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		actors.Go(func() {
			for ctx.Err() == nil {
				// Whatever goes wrong, the next attempt has another lease.
				if take(ctx, conn, number%2 == 0) != nil {
					time.Sleep(10 * time.Millisecond)
				}
			}
		})
		if number == 0 {
			actors.Go(func() { (&storm{}).watch(ctx, conn, 1) })
		}
	}
	time.Sleep(contention)
	if err := m.Kill(); err != nil {
		t.Error(err)
	}
	cancel()
	actors.Wait()
}

// take waits for its turn, holds for a moment, and gives it back.
func take(ctx context.Context, conn *grpc.ClientConn, lock bool) error {
	lease := rand.Int64N(1<<62) + 1
	_, err := pb.NewLeaseClient(conn).LeaseGrant(ctx, &pb.LeaseGrantRequest{ID: lease, TTL: contenderTTL})
	if err != nil {
		return err
	}
	hold := func() { time.Sleep(rand.N(heldMax)) }
	if lock {
		locks := v3lockpb.NewLockClient(conn)
		held, err := locks.Lock(ctx, &v3lockpb.LockRequest{Name: []byte("l"), Lease: lease})
		if err != nil {
			return err
		}
		hold()
		_, err = locks.Unlock(ctx, &v3lockpb.UnlockRequest{Key: held.Key})
		return err
	}
	elections := v3electionpb.NewElectionClient(conn)
	won, err := elections.Campaign(ctx, &v3electionpb.CampaignRequest{Name: []byte("e"), Lease: lease, Value: []byte("me")})
	if err != nil {
		return err
	}
	hold()
	_, err = elections.Proclaim(ctx, &v3electionpb.ProclaimRequest{Leader: won.Leader, Value: []byte("still me")})
	if err != nil {
		return err
	}
	_, err = elections.Resign(ctx, &v3electionpb.ResignRequest{Leader: won.Leader})
	return err
}

// hearAll reads history to its end, so that the judge knows what the last kill has left.
func hearAll(t *testing.T, m *member.Member) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := m.Dial()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	now, err := pb.NewKVClient(conn).Range(ctx, &pb.RangeRequest{Key: []byte{0}, CountOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := history(ctx, conn, 1, now.Header.Revision); err != nil {
		t.Error(err)
	}
}
