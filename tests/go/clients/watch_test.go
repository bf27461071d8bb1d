package clients

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// collect takes events until there are n.
func collect(t *testing.T, ctx context.Context, watch clientv3.WatchChan, n int) []*clientv3.Event {
	t.Helper()
	var events []*clientv3.Event
	for len(events) < n {
		select {
		case answer, open := <-watch:
			if !open || answer.Err() != nil {
				t.Fatalf("watch ended after %d events of %d: %v", len(events), n, answer.Err())
			}
			events = append(events, answer.Events...)
		case <-ctx.Done():
			t.Fatalf("%d events of %d came", len(events), n)
		}
	}
	return events
}

func TestWatchFromThePast(t *testing.T) {
	ctx, client := startWithClient(t)
	for i := range 5 {
		put(t, ctx, client, "a", fmt.Sprint(i))
	}
	watch := client.Watch(ctx, "a", clientv3.WithRev(3), clientv3.WithPrevKV())
	put(t, ctx, client, "a", "5")
	for i, event := range collect(t, ctx, watch, 5) {
		equal(t, "revision", event.Kv.ModRevision, int64(i+3))
		equal(t, "previous value", string(event.PrevKv.Value), fmt.Sprint(i))
	}
}

// TestWatchSurvivesRestart: the client reconnects and goes on where it was.
func TestWatchSurvivesRestart(t *testing.T) {
	m := start(t)
	client, ctx := connect(t, m), deadline(t)
	watch := client.Watch(ctx, "k", clientv3.WithPrefix())
	put(t, ctx, client, "k/1", "before")
	collect(t, ctx, watch, 1)
	must(t, m.Kill())
	must(t, m.Restart())
	put(t, ctx, client, "k/2", "after")
	equal(t, "event after the restart", string(collect(t, ctx, watch, 1)[0].Kv.Value), "after")
}

func TestWatchOfCompactedPast(t *testing.T) {
	ctx, client := startWithClient(t)
	for range 5 {
		put(t, ctx, client, "a", "v")
	}
	_, err := client.Compact(ctx, 5)
	must(t, err)
	answer := <-client.Watch(ctx, "a", clientv3.WithRev(2))
	equal(t, "compact revision", answer.CompactRevision, 5)
	if !errors.Is(answer.Err(), rpctypes.ErrCompacted) {
		t.Errorf("error is %v", answer.Err())
	}
}

// TestProgressRequest: the answer is a bookmark for everything before it.
func TestProgressRequest(t *testing.T) {
	ctx, client := startWithClient(t)
	watch := client.Watch(ctx, "quiet", clientv3.WithCreatedNotify())
	if created := <-watch; !created.Created {
		t.Fatalf("first answer is %+v", created)
	}
	revision := put(t, ctx, client, "other", "v")
	must(t, client.RequestProgress(ctx))
	answer := <-watch
	if !answer.IsProgressNotify() || answer.Header.Revision < revision {
		t.Errorf("answer to the progress request is %+v", answer)
	}
}

func TestProgressNotify(t *testing.T) {
	m := start(t, "--watch-progress-notify-interval=200ms")
	client, ctx := connect(t, m), deadline(t)
	answer := <-client.Watch(ctx, "quiet", clientv3.WithProgressNotify())
	if !answer.IsProgressNotify() {
		t.Errorf("answer is %+v", answer)
	}
}

func TestFilters(t *testing.T) {
	ctx, client := startWithClient(t)
	deletes := client.Watch(ctx, "a", clientv3.WithFilterPut(), clientv3.WithRev(1))
	puts := client.Watch(ctx, "a", clientv3.WithFilterDelete(), clientv3.WithRev(1))
	put(t, ctx, client, "a", "1")
	_, err := client.Delete(ctx, "a")
	must(t, err)
	put(t, ctx, client, "a", "2")
	_, err = client.Delete(ctx, "a")
	must(t, err)
	for i, event := range collect(t, ctx, deletes, 2) {
		equal(t, "delete", event.Kv.ModRevision, int64(3+2*i))
	}
	for i, event := range collect(t, ctx, puts, 2) {
		equal(t, "put", event.Kv.ModRevision, int64(2+2*i))
	}
}

// TestFragments: one revision of 5 MB comes in pieces and is whole again in the client.
func TestFragments(t *testing.T) {
	ctx, client := startWithClient(t)
	value := strings.Repeat("v", 1_000_000)
	for i := range 5 {
		put(t, ctx, client, fmt.Sprintf("big/%d", i), value)
	}
	_, err := client.Delete(ctx, "big/", clientv3.WithPrefix())
	must(t, err)
	watch := client.Watch(ctx, "big/", clientv3.WithPrefix(), clientv3.WithRev(7), clientv3.WithPrevKV(), clientv3.WithFragment())
	for _, event := range collect(t, ctx, watch, 5) {
		equal(t, "bytes of the previous value", len(event.PrevKv.Value), len(value))
	}
}

// TestManyWatchers share a stream and each gets its own events and no others.
func TestManyWatchers(t *testing.T) {
	ctx, client := startWithClient(t)
	const watchers = 300
	var watches []clientv3.WatchChan
	for i := range watchers {
		watches = append(watches, client.Watch(ctx, fmt.Sprintf("w/%03d", i), clientv3.WithRev(1)))
	}
	for round := range 3 {
		for i := range watchers {
			put(t, ctx, client, fmt.Sprintf("w/%03d", i), fmt.Sprint(round))
		}
	}
	for i, watch := range watches {
		for round, event := range collect(t, ctx, watch, 3) {
			equal(t, "key", string(event.Kv.Key), fmt.Sprintf("w/%03d", i))
			equal(t, "value", string(event.Kv.Value), fmt.Sprint(round))
		}
	}
}
