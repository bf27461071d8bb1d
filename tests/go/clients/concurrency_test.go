package clients

import (
	"context"
	"fmt"
	"strconv"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/concurrency"
	"golang.org/x/sync/errgroup"
)

func session(t *testing.T, client *clientv3.Client) *concurrency.Session {
	t.Helper()
	s, err := concurrency.NewSession(client, concurrency.WithTTL(60))
	must(t, err)
	return s
}

// TestMutex: a counter that is read and written apart stays right under the lock.
func TestMutex(t *testing.T) {
	ctx, client := startWithClient(t)
	const holders, turns = 5, 6
	put(t, ctx, client, "counter", "0")
	var group errgroup.Group
	for range holders {
		mutex := concurrency.NewMutex(session(t, client), "lock")
		group.Go(func() error {
			for range turns {
				if err := increment(ctx, client, mutex); err != nil {
					return err
				}
			}
			return nil
		})
	}
	must(t, group.Wait())
	got, err := client.Get(ctx, "counter")
	must(t, err)
	equal(t, "counter", string(got.Kvs[0].Value), strconv.Itoa(holders*turns))
}

func increment(ctx context.Context, client *clientv3.Client, mutex *concurrency.Mutex) error {
	if err := mutex.Lock(ctx); err != nil {
		return err
	}
	got, err := client.Get(ctx, "counter")
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(string(got.Kvs[0].Value))
	if err != nil {
		return err
	}
	if _, err := client.Put(ctx, "counter", strconv.Itoa(n+1)); err != nil {
		return err
	}
	return mutex.Unlock(ctx)
}

func TestTryLock(t *testing.T) {
	ctx, client := startWithClient(t)
	first := concurrency.NewMutex(session(t, client), "lock")
	must(t, first.Lock(ctx))
	second := concurrency.NewMutex(session(t, client), "lock")
	equal(t, "second holder's error", second.TryLock(ctx), error(concurrency.ErrLocked))
	must(t, first.Unlock(ctx))
	must(t, second.TryLock(ctx))
}

// TestElection: the next candidate leads when the leader's session ends.
func TestElection(t *testing.T) {
	ctx, client := startWithClient(t)
	firstSession := session(t, client)
	first := concurrency.NewElection(firstSession, "office")
	must(t, first.Campaign(ctx, "first"))
	second := concurrency.NewElection(session(t, client), "office")
	won := make(chan error, 1)
	go func() { won <- second.Campaign(ctx, "second") }()
	observed := second.Observe(ctx)
	equal(t, "leader", string((<-observed).Kvs[0].Value), "first")
	must(t, first.Proclaim(ctx, "first again"))
	equal(t, "proclaimed", string((<-observed).Kvs[0].Value), "first again")
	must(t, firstSession.Close())
	must(t, <-won)
	leader, err := second.Leader(ctx)
	must(t, err)
	equal(t, "next leader", string(leader.Kvs[0].Value), "second")
	must(t, second.Resign(ctx))
}

// TestSTM moves money between accounts; none may appear or get lost.
func TestSTM(t *testing.T) {
	ctx, client := startWithClient(t)
	const accounts, transfers, start = 5, 10, 100
	for i := range accounts {
		put(t, ctx, client, account(i), strconv.Itoa(start))
	}
	var group errgroup.Group
	for from := range accounts {
		group.Go(func() error {
			for n := range transfers {
				if err := transfer(ctx, client, account(from), account((from+n+1)%accounts)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	must(t, group.Wait())
	got, err := client.Get(ctx, "account/", clientv3.WithPrefix())
	must(t, err)
	sum := 0
	for _, kv := range got.Kvs {
		n, err := strconv.Atoi(string(kv.Value))
		must(t, err)
		sum += n
	}
	equal(t, "money", sum, accounts*start)
}

func account(i int) string { return fmt.Sprintf("account/%d", i) }

func transfer(ctx context.Context, client *clientv3.Client, from, to string) error {
	if from == to {
		return nil
	}
	_, err := concurrency.NewSTM(client, func(stm concurrency.STM) error {
		for key, change := range map[string]int{from: -1, to: 1} {
			n, err := strconv.Atoi(stm.Get(key))
			if err != nil {
				return err
			}
			stm.Put(key, strconv.Itoa(n+change))
		}
		return nil
	}, concurrency.WithAbortContext(ctx), concurrency.WithIsolation(concurrency.SerializableSnapshot))
	return err
}

// TestLostSessionFreesTheLock: nobody revokes the lease, it only ends.
func TestLostSessionFreesTheLock(t *testing.T) {
	m := start(t)
	ctx, holder, waiter := deadline(t), connect(t, m), connect(t, m)
	asked := time.Now()
	short, err := concurrency.NewSession(holder, concurrency.WithTTL(2))
	must(t, err)
	must(t, concurrency.NewMutex(short, "lock").Lock(ctx))
	short.Orphan()
	must(t, concurrency.NewMutex(session(t, waiter), "lock").Lock(ctx))
	if lived := time.Since(asked); lived < 2*time.Second {
		t.Errorf("the lock was free %v after a lease of 2 s was asked for", lived)
	}
}
