package crash

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"
	"unsafe"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"

	"braid/tests/member"
)

const (
	// exitDisk is the exit code of a server whose disk failed.
	exitDisk = 74
	// shutdownFS is the request FS_IOC_SHUTDOWN: from then on all I/O fails.
	shutdownFS = 0x8004587d
	// withoutFlush leaves out of the journal what was not synced.
	withoutFlush = 2
)

// TestFailingDisk: a disk that fails in the middle of a storm ends the server with its own exit
// code, and whatever was acknowledged before is on the disk.
func TestFailingDisk(t *testing.T) {
	cfg := member.Config{Binary: member.ServerBinary(t), Dir: member.WorkDir(t), Cores: 2}
	disk := loopDisk(t, cfg.Dir)
	m := member.Run(t, cfg)
	if m.Kind() == member.Etcd {
		t.Skip("etcd panics")
	}
	acknowledged := putUntilFailure(t, m, func() { shutDown(t, m.DataDir()) })
	code, err := m.ExitCode()
	if err != nil || code != exitDisk {
		t.Errorf("exit code %d, %v\n%s", code, err, m.LogTail())
	}
	mustLog(t, m, "start again")
	disk.remount(t)
	if err := m.Restart(); err != nil {
		t.Fatal(err)
	}
	mustHaveAll(t, m, acknowledged)
}

type loop struct{ image, point string }

// loopDisk makes an ext4 of its own for the data directory; only root may.
func loopDisk(t *testing.T, dir string) loop {
	t.Helper()
	disk := loop{image: dir + "/image", point: dir + "/data"}
	if os.Geteuid() != 0 {
		t.Skip("needs root to mount an image")
	}
	if err := os.Mkdir(disk.point, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, line := range [][]string{
		{"truncate", "--size=256M", disk.image},
		{"mkfs.ext4", "-q", disk.image},
		{"mount", "-o", "loop", disk.image, disk.point},
	} {
		if output, err := exec.Command(line[0], line[1:]...).CombinedOutput(); err != nil {
			t.Skipf("%v: %v: %s", line, err, output)
		}
	}
	t.Cleanup(func() { disk.unmount(t) })
	return disk
}

func (l loop) remount(t *testing.T) {
	t.Helper()
	l.unmount(t)
	if output, err := exec.Command("mount", "-o", "loop", l.image, l.point).CombinedOutput(); err != nil {
		t.Fatalf("mounting again: %v: %s", err, output)
	}
}

// unmount tries again while the disk is busy: the kernel lets go of a ring's files only some time
// after the process that had them is gone.
func (l loop) unmount(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		output, err := exec.Command("umount", l.point).CombinedOutput()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("umount: %v: %s", err, output)
		}
	}
}

func shutDown(t *testing.T, dir string) {
	t.Helper()
	file, err := os.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	how := uint32(withoutFlush)
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, file.Fd(), shutdownFS, uintptr(unsafe.Pointer(&how))); errno != 0 {
		t.Fatal(errno)
	}
}

// putUntilFailure lets several writers put until the server is gone, and returns the keys of the
// answered puts.
func putUntilFailure(t *testing.T, m *member.Member, fail func()) []string {
	t.Helper()
	var acknowledged []string
	var mu sync.Mutex
	var writers sync.WaitGroup
	for w := range connections {
		conn, err := m.Dial()
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		writers.Go(func() {
			for i := 0; ; i++ {
				key := fmt.Sprintf("key/%d/%d", w, i)
				if putWithin(t.Context(), pb.NewKVClient(conn), key) != nil {
					return
				}
				mu.Lock()
				acknowledged = append(acknowledged, key)
				mu.Unlock()
			}
		})
	}
	time.Sleep(300 * time.Millisecond)
	fail()
	writers.Wait()
	return acknowledged
}

func putWithin(ctx context.Context, kv pb.KVClient, key string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_, err := kv.Put(ctx, &pb.PutRequest{Key: []byte(key), Value: []byte(key)})
	return err
}

func mustHaveAll(t *testing.T, m *member.Member, keys []string) {
	t.Helper()
	conn, err := m.Dial()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	answer, err := pb.NewKVClient(conn).Range(t.Context(), &pb.RangeRequest{Key: []byte("key/"), RangeEnd: []byte("key0")})
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, kv := range answer.Kvs {
		found[string(kv.Key)] = true
	}
	for _, key := range keys {
		if !found[key] {
			t.Errorf("%s was acknowledged and is gone", key)
		}
	}
	t.Logf("%d acknowledged puts, %d keys", len(keys), len(found))
}
