package crash

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"syscall"
	"testing"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"

	"braid/tests/member"
)

const (
	// restarts is how many are compared with the first settled few.
	restarts = 20
	// settled is after how many starts the directory has what it keeps of each size.
	settled = 4
	// segmentBytes is the default size of a segment.
	segmentBytes = 16 << 20
)

// TestRestartsDoNotGrowTheDirectory kills and restarts the server, with one write in between and
// another number of cores each time: together this must not cost a single segment.
func TestRestartsDoNotGrowTheDirectory(t *testing.T) {
	m := member.Run(t, member.Config{Binary: member.ServerBinary(t), Cores: 2})
	if m.Kind() == member.Etcd {
		t.Skip("etcd has no segments")
	}
	var before, after int64
	for start := range settled + restarts {
		putAndKill(t, m, start)
		after = diskBytes(t, m.DataDir())
		if start < settled {
			before = after
		}
		m.SetCores(1 + start%2)
		if err := m.Restart(); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d bytes on disk after %d starts, %d after %d", before, settled, after, settled+restarts)
	if after-before >= segmentBytes {
		t.Errorf("%d restarts took %d bytes", restarts, after-before)
	}
	mustHold(t, m, settled+restarts)
}

func restartKey(start int) []byte { return fmt.Appendf(nil, "start/%03d", start) }

func putAndKill(t *testing.T, m *member.Member, start int) {
	t.Helper()
	conn, err := m.Dial()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	put := &pb.PutRequest{Key: restartKey(start), Value: []byte("here")}
	if _, err := pb.NewKVClient(conn).Put(t.Context(), put); err != nil {
		t.Fatal(err)
	}
	if err := m.Kill(); err != nil {
		t.Fatal(err)
	}
}

// mustHold fails the test unless there is a key of each start.
func mustHold(t *testing.T, m *member.Member, starts int) {
	t.Helper()
	conn, err := m.Dial()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	request := &pb.RangeRequest{Key: restartKey(0), RangeEnd: []byte("start0")}
	answer, err := pb.NewKVClient(conn).Range(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	if len(answer.Kvs) != starts {
		t.Errorf("%d keys of %d starts", len(answer.Kvs), starts)
	}
}

// diskBytes is what the files below dir take of the disk.
func diskBytes(t *testing.T, dir string) int64 {
	t.Helper()
	var bytes int64
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		var stat syscall.Stat_t
		err = syscall.Stat(path, &stat)
		bytes += stat.Blocks * 512
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return bytes
}
