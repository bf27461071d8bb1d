// Package badinput sends a server what no honest client sends. It must answer with an error or
// close the connection, go on serving everybody else, and not grow.
package badinput

import (
	"context"
	"net"
	"testing"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/grpc"

	"braid/tests/member"
)

const (
	// patience bounds the wait for what must come; the machine may be busy.
	patience = 60 * time.Second
	// growthLimit is how much memory an attack may cost, whatever it sends.
	growthLimit = 600 << 20
)

func start(t *testing.T) *member.Member {
	t.Helper()
	return member.Run(t, member.Config{Binary: member.ServerBinary(t)})
}

// dialRaw opens a bare TCP connection.
func dialRaw(t *testing.T, m *member.Member) net.Conn {
	t.Helper()
	conn, err := net.DialTimeout("tcp", m.Address(), patience)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return conn
}

func dial(t *testing.T, m *member.Member) *grpc.ClientConn {
	t.Helper()
	conn, err := m.Dial()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func deadline(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// mustServe checks that an honest client is served on a new connection.
func mustServe(t *testing.T, m *member.Member) {
	t.Helper()
	kv := pb.NewKVClient(dial(t, m))
	if _, err := kv.Put(deadline(t), &pb.PutRequest{Key: []byte("honest"), Value: []byte("v")}); err != nil {
		t.Fatalf("an honest client's put fails: %v\n%s", err, m.LogTail())
	}
	answer, err := kv.Range(deadline(t), &pb.RangeRequest{Key: []byte("honest")})
	if err != nil || answer.Count != 1 {
		t.Fatalf("an honest client's read fails: %v %v\n%s", answer, err, m.LogTail())
	}
}

// attack runs what is bad, then checks that the server stands, serves and has not grown much.
func attack(t *testing.T, m *member.Member, bad func()) {
	t.Helper()
	mustServe(t, m)
	before, err := m.ResidentBytes()
	if err != nil {
		t.Fatal(err)
	}
	bad()
	mustServe(t, m)
	after, err := m.ResidentBytes()
	if err != nil {
		t.Fatal(err)
	}
	if after-before > growthLimit {
		t.Errorf("the server grew from %d to %d bytes", before, after)
	}
}
