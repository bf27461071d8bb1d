package badinput

import (
	"net"
	"testing"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"

	"braid/tests/member"
)

// TestMoreConnectionsThanFiles: those that are connected are served, and so is everybody again
// once there is room.
func TestMoreConnectionsThanFiles(t *testing.T) {
	m := member.Run(t, member.Config{Binary: member.ServerBinary(t), Prefix: []string{"prlimit", "--nofile=256:256"}})
	attack(t, m, func() {
		early := pb.NewKVClient(dial(t, m))
		read := &pb.RangeRequest{Key: []byte("honest")}
		if _, err := early.Range(deadline(t), read); err != nil {
			t.Fatal(err)
		}
		var crowd []net.Conn
		for range 600 {
			crowd = append(crowd, dialRaw(t, m))
		}
		if _, err := early.Range(deadline(t), read); err != nil {
			t.Errorf("a client that was there first is not served: %v", err)
		}
		for _, conn := range crowd {
			_ = conn.Close()
		}
	})
}
