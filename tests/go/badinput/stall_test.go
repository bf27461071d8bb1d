package badinput

import (
	"bytes"
	"fmt"
	"math"
	"testing"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/grpc"

	"braid/tests/member"
)

// fill writes count pairs of size bytes below "big/".
func fill(t *testing.T, m *member.Member, count, size int) {
	t.Helper()
	kv := pb.NewKVClient(dial(t, m))
	value := bytes.Repeat([]byte("v"), size)
	for i := range count {
		if _, err := kv.Put(deadline(t), &pb.PutRequest{Key: fmt.Appendf(nil, "big/%04d", i), Value: value}); err != nil {
			t.Fatal(err)
		}
	}
}

// stalled opens a stream that never reads more than the first window.
func stalled(t *testing.T, m *member.Member, method string, request any) {
	t.Helper()
	conn, err := m.Dial(grpc.WithInitialWindowSize(math.MaxUint16), grpc.WithInitialConnWindowSize(math.MaxUint16))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	stream, err := conn.NewStream(t.Context(), &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}, method)
	if err == nil {
		err = stream.SendMsg(request)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestStalledWatchers: writes of 100 MB go past watchers that never read.
func TestStalledWatchers(t *testing.T) {
	m := start(t)
	attack(t, m, func() {
		for range 20 {
			stalled(t, m, "/etcdserverpb.Watch/Watch", &pb.WatchRequest{RequestUnion: &pb.WatchRequest_CreateRequest{
				CreateRequest: &pb.WatchCreateRequest{Key: []byte{0}, RangeEnd: []byte{0}, PrevKv: true}}})
		}
		fill(t, m, 100, 1<<20)
	})
}

// TestStalledLists: many clients ask for a list of 50 MB and none takes it. etcd holds each
// answer as a whole and is not measured.
func TestStalledLists(t *testing.T) {
	m := start(t)
	fill(t, m, 50, 1<<20)
	if m.Kind() == member.Etcd {
		t.Skip("etcd holds every answer as a whole")
	}
	attack(t, m, func() {
		for range 100 {
			stalled(t, m, rangePath, &pb.RangeRequest{Key: []byte{0}, RangeEnd: []byte{0}})
		}
		mustServe(t, m)
	})
}

// TestManyLargeRequests: more bytes at once than a server should hold. Refusals are fine. etcd
// grows by the gigabyte and is not measured.
func TestManyLargeRequests(t *testing.T) {
	m := start(t)
	if m.Kind() == member.Etcd {
		t.Skip("etcd knows no budget for requests in flight")
	}
	attack(t, m, func() {
		value := bytes.Repeat([]byte("v"), 1_500_000)
		done := make(chan error)
		const writers = 200
		for i := range writers {
			kv := pb.NewKVClient(dial(t, m))
			go func() {
				_, err := kv.Put(deadline(t), &pb.PutRequest{Key: fmt.Appendf(nil, "k%d", i%10), Value: value})
				done <- err
			}()
		}
		refused := map[string]int{}
		for range writers {
			if err := <-done; err != nil {
				refused[err.Error()]++
			}
		}
		t.Log("refused:", refused)
	})
}

// TestTxnThatEndsEtcd: a put that keeps the value of a key that the same transaction deletes
// first ends etcd 3.7.1. Braid must refuse it or carry it out.
func TestTxnThatEndsEtcd(t *testing.T) {
	m := start(t)
	if m.Kind() == member.Etcd {
		t.Skip("etcd would end")
	}
	attack(t, m, func() {
		_, err := pb.NewKVClient(dial(t, m)).Txn(deadline(t), &pb.TxnRequest{Success: []*pb.RequestOp{
			{Request: &pb.RequestOp_RequestDeleteRange{RequestDeleteRange: &pb.DeleteRangeRequest{Key: []byte("h"), RangeEnd: []byte{0}}}},
			{Request: &pb.RequestOp_RequestPut{RequestPut: &pb.PutRequest{Key: []byte("honest"), IgnoreValue: true}}},
		}})
		t.Log("answer:", err)
	})
}
