package clients

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/namespace"
)

func put(t *testing.T, ctx context.Context, kv clientv3.KV, key, value string, options ...clientv3.OpOption) int64 {
	t.Helper()
	answer, err := kv.Put(ctx, key, value, options...)
	must(t, err)
	return answer.Header.Revision
}

func TestPutGetDelete(t *testing.T) {
	ctx, client := startWithClient(t)
	equal(t, "first revision", put(t, ctx, client, "a", "1"), 2)
	put(t, ctx, client, "a", "2")
	got, err := client.Get(ctx, "a")
	must(t, err)
	equal(t, "value", string(got.Kvs[0].Value), "2")
	equal(t, "version", got.Kvs[0].Version, 2)
	old, err := client.Get(ctx, "a", clientv3.WithRev(2))
	must(t, err)
	equal(t, "old value", string(old.Kvs[0].Value), "1")
	deleted, err := client.Delete(ctx, "a", clientv3.WithPrevKV())
	must(t, err)
	equal(t, "deleted", deleted.Deleted, 1)
	equal(t, "previous value", string(deleted.PrevKvs[0].Value), "2")
	_, err = client.Get(ctx, "a", clientv3.WithRev(99))
	if !errors.Is(err, rpctypes.ErrFutureRev) {
		t.Errorf("read of the future: %v", err)
	}
}

func TestTxn(t *testing.T) {
	ctx, client := startWithClient(t)
	put(t, ctx, client, "a", "1")
	answer, err := client.Txn(ctx).
		If(clientv3.Compare(clientv3.Value("a"), "=", "1"), clientv3.Compare(clientv3.CreateRevision("b"), "=", 0)).
		Then(clientv3.OpPut("b", "2"), clientv3.OpGet("b"), clientv3.OpTxn(nil,
			[]clientv3.Op{clientv3.OpPut("c", "3")}, nil)).
		Else(clientv3.OpGet("a")).Commit()
	must(t, err)
	equal(t, "succeeded", answer.Succeeded, true)
	equal(t, "read of an own write", string(answer.Responses[1].GetResponseRange().Kvs[0].Value), "2")
	got, err := client.Get(ctx, "c")
	must(t, err)
	equal(t, "revision of the nested put", got.Kvs[0].ModRevision, answer.Header.Revision)
	_, err = client.Txn(ctx).Then(clientv3.OpPut("x", "1"), clientv3.OpPut("x", "2")).Commit()
	if !errors.Is(err, rpctypes.ErrDuplicateKey) {
		t.Errorf("two puts of one key: %v", err)
	}
}

// TestPages reads a list as kube-apiserver does: pinned revision, limit, next key.
func TestPages(t *testing.T) {
	ctx, client := startWithClient(t)
	const keys, page = 1000, 150
	for i := range keys {
		put(t, ctx, client, fmt.Sprintf("list/%04d", i), "v")
	}
	revision, seen := int64(0), 0
	for next := "list/"; ; {
		got, err := client.Get(ctx, next, clientv3.WithRange(clientv3.GetPrefixRangeEnd("list/")),
			clientv3.WithLimit(page), clientv3.WithRev(revision))
		must(t, err)
		equal(t, "remaining", got.Count, int64(keys-seen))
		if revision == 0 {
			revision = got.Header.Revision
		}
		seen += len(got.Kvs)
		if !got.More {
			break
		}
		next = string(got.Kvs[len(got.Kvs)-1].Key) + "\x00"
		put(t, ctx, client, "list/zzzz", "written between pages")
	}
	equal(t, "keys on all pages", seen, keys)
}

// TestLargeValues: near the limit, at it, and a list far above what one message may be in a request.
func TestLargeValues(t *testing.T) {
	ctx, client := startWithClient(t)
	value := bytes.Repeat([]byte("v"), 1_500_000)
	for i := range 20 {
		put(t, ctx, client, fmt.Sprintf("large/%02d", i), string(value))
	}
	got, err := client.Get(ctx, "large/", clientv3.WithPrefix())
	must(t, err)
	equal(t, "large pairs", len(got.Kvs), 20)
	for _, kv := range got.Kvs {
		if !bytes.Equal(kv.Value, value) {
			t.Fatalf("%s came back changed", kv.Key)
		}
	}
	_, err = client.Put(ctx, "too-large", string(bytes.Repeat(value, 2)))
	if err == nil {
		t.Error("a put of 3 MB was taken")
	}
}

func TestCompaction(t *testing.T) {
	ctx, client := startWithClient(t)
	for range 10 {
		put(t, ctx, client, "a", "v")
	}
	_, err := client.Compact(ctx, 8, clientv3.WithCompactPhysical())
	must(t, err)
	if _, err = client.Get(ctx, "a", clientv3.WithRev(7)); !errors.Is(err, rpctypes.ErrCompacted) {
		t.Errorf("read below the compaction: %v", err)
	}
	if _, err = client.Compact(ctx, 8); !errors.Is(err, rpctypes.ErrCompacted) {
		t.Errorf("second compaction: %v", err)
	}
	got, err := client.Get(ctx, "a", clientv3.WithRev(8))
	must(t, err)
	equal(t, "version at the compaction", got.Kvs[0].Version, 7)
}

func TestNamespace(t *testing.T) {
	ctx, client := startWithClient(t)
	kv := namespace.NewKV(client.KV, "tenant/")
	put(t, ctx, kv, "a", "1")
	got, err := kv.Get(ctx, "", clientv3.WithPrefix())
	must(t, err)
	equal(t, "key inside", string(got.Kvs[0].Key), "a")
	got, err = client.Get(ctx, "tenant/a")
	must(t, err)
	equal(t, "keys outside", got.Count, 1)
}
