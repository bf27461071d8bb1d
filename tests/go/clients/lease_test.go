package clients

import (
	"errors"
	"testing"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
)

func TestLeaseRevokeTakesItsKeys(t *testing.T) {
	ctx, client := startWithClient(t)
	lease, err := client.Grant(ctx, 1000)
	must(t, err)
	put(t, ctx, client, "a", "1", clientv3.WithLease(lease.ID))
	put(t, ctx, client, "b", "1", clientv3.WithLease(lease.ID))
	left, err := client.TimeToLive(ctx, lease.ID, clientv3.WithAttachedKeys())
	must(t, err)
	equal(t, "granted time", left.GrantedTTL, 1000)
	equal(t, "attached keys", len(left.Keys), 2)
	_, err = client.Revoke(ctx, lease.ID)
	must(t, err)
	got, err := client.Get(ctx, "", clientv3.WithFromKey())
	must(t, err)
	equal(t, "keys left", got.Count, 0)
	equal(t, "revision", got.Header.Revision, 4)
	_, err = client.Put(ctx, "c", "1", clientv3.WithLease(lease.ID))
	if !errors.Is(err, rpctypes.ErrLeaseNotFound) {
		t.Errorf("put with a revoked lease: %v", err)
	}
}

// TestLeaseExpiry: the keys go, and not before the granted time is over.
func TestLeaseExpiry(t *testing.T) {
	ctx, client := startWithClient(t)
	// The lease's time runs before its answer is here.
	asked := time.Now()
	lease, err := client.Grant(ctx, 1)
	must(t, err)
	put(t, ctx, client, "a", "1", clientv3.WithLease(lease.ID))
	events := collect(t, ctx, client.Watch(ctx, "a", clientv3.WithRev(3)), 1)
	equal(t, "type", events[0].Type, clientv3.EventTypeDelete)
	if lived := time.Since(asked); lived < time.Duration(lease.TTL)*time.Second {
		t.Errorf("a lease of %d s ended after %v", lease.TTL, lived)
	}
}

// TestKeepAlive holds a short lease for three times its length.
func TestKeepAlive(t *testing.T) {
	ctx, client := startWithClient(t)
	lease, err := client.Grant(ctx, 2)
	must(t, err)
	put(t, ctx, client, "a", "1", clientv3.WithLease(lease.ID))
	answers, err := client.KeepAlive(ctx, lease.ID)
	must(t, err)
	for begin := time.Now(); time.Since(begin) < 3*time.Duration(lease.TTL)*time.Second; {
		answer, open := <-answers
		if !open {
			t.Fatal("the lease ended although it was kept alive")
		}
		equal(t, "time to live", answer.TTL, lease.TTL)
	}
	got, err := client.Get(ctx, "a")
	must(t, err)
	equal(t, "keys", got.Count, 1)
}

// TestLeaseSurvivesRestart: with its keys, and its time starts anew.
func TestLeaseSurvivesRestart(t *testing.T) {
	m := start(t)
	client, ctx := connect(t, m), deadline(t)
	lease, err := client.Grant(ctx, 5)
	must(t, err)
	put(t, ctx, client, "a", "1", clientv3.WithLease(lease.ID))
	time.Sleep(time.Second)
	must(t, m.Kill())
	restarted := time.Now()
	must(t, m.Restart())
	left, err := client.TimeToLive(ctx, lease.ID, clientv3.WithAttachedKeys())
	must(t, err)
	equal(t, "attached keys", len(left.Keys), 1)
	collect(t, ctx, client.Watch(ctx, "a", clientv3.WithRev(3)), 1)
	if lived := time.Since(restarted); lived < 5*time.Second {
		t.Errorf("the lease ended %v after the restart", lived)
	}
}
