package crash

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"google.golang.org/grpc"

	"braid/tests/member"
)

const (
	// fillBytes is the size of the values that fill the disk.
	fillBytes = 256 << 10
	// fillers is how many put at once: what has queued up when the disk is full must not take the
	// room that is left for deletes.
	fillers = 64
)

// filler fills a server's disk and remembers what was acknowledged.
type filler struct {
	m    *member.Member
	cfg  member.Config
	conn *grpc.ClientConn
	mu   sync.Mutex
	// held are the keys that must be there.
	held []int
	next int
}

// TestFullDisk: on a full disk puts are refused as etcd refuses them, everything else goes on, and
// nothing that was acknowledged is lost, over a kill and a start that finds no room.
func TestFullDisk(t *testing.T) {
	t.Run("cores=1", func(t *testing.T) { fullDisk(t, 1, "56m", "110m", "300m") })
	t.Run("cores=2", func(t *testing.T) { fullDisk(t, 2, "72m", "140m", "300m") })
}

// fullDisk fills a disk of the first size, and after a restart one of the second.
func fullDisk(t *testing.T, cores int, first, second, third string) {
	cfg := mounted(t, "tmpfs", "size="+first)
	cfg.Cores = cores
	f := &filler{m: member.Run(t, cfg), cfg: cfg}
	if f.m.Kind() == member.Etcd {
		t.Skip("etcd panics")
	}
	f.dial(t)
	f.fill(t)
	f.mustRefuse(t)
	f.mustServeOthers(t)
	f.mustListAlarms(t, 1)
	mustLog(t, f.m, "make room")

	f.mustNotStart(t)
	f.resize(t, second)
	if err := f.m.Restart(); err != nil {
		t.Fatal(err)
	}
	f.dial(t)
	f.mustBeThere(t)

	f.fill(t)
	f.resize(t, third)
	f.mustGoOn(t)
	f.mustListAlarms(t, 0)
	f.mustBeThere(t)
}

func (f *filler) dial(t *testing.T) {
	t.Helper()
	conn, err := f.m.Dial()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	f.conn = conn
}

func fillKey(i int) []byte { return fmt.Appendf(nil, "fill/%06d", i) }

func fillValue(i int) []byte { return bytes.Repeat(fillKey(i), fillBytes/len(fillKey(i))) }

func (f *filler) put(t *testing.T) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	f.mu.Lock()
	i := f.next
	f.next++
	f.mu.Unlock()
	_, err := pb.NewKVClient(f.conn).Put(ctx, &pb.PutRequest{Key: fillKey(i), Value: fillValue(i)})
	if err == nil {
		f.mu.Lock()
		f.held = append(f.held, i)
		f.mu.Unlock()
	}
	return err
}

// fill puts until the server refuses to.
func (f *filler) fill(t *testing.T) {
	t.Helper()
	var puts sync.WaitGroup
	for range fillers {
		puts.Go(func() {
			err := f.put(t)
			for err == nil {
				err = f.put(t)
			}
			if rpctypes.Error(err) != rpctypes.ErrNoSpace {
				t.Errorf("a put on a full disk: %v", err)
			}
		})
	}
	puts.Wait()
	if t.Failed() {
		t.Fatal(f.m.LogTail())
	}
}

// mustRefuse tries what takes space.
func (f *filler) mustRefuse(t *testing.T) {
	t.Helper()
	put := &pb.RequestOp{Request: &pb.RequestOp_RequestPut{RequestPut: &pb.PutRequest{Key: []byte("a")}}}
	_, inTxn := pb.NewKVClient(f.conn).Txn(t.Context(), &pb.TxnRequest{Success: []*pb.RequestOp{put}})
	_, grant := pb.NewLeaseClient(f.conn).LeaseGrant(t.Context(), &pb.LeaseGrantRequest{TTL: 60})
	for what, err := range map[string]error{"a put in a transaction": inTxn, "a new lease": grant} {
		if rpctypes.Error(err) != rpctypes.ErrNoSpace {
			t.Errorf("%s on a full disk: %v", what, err)
		}
	}
}

// mustServeOthers tries what gives space back, or takes none.
func (f *filler) mustServeOthers(t *testing.T) {
	t.Helper()
	f.mustBeThere(t)
	kv := pb.NewKVClient(f.conn)
	for len(f.held) > 3 {
		if _, err := kv.DeleteRange(t.Context(), &pb.DeleteRangeRequest{Key: fillKey(f.held[0])}); err != nil {
			t.Fatal("a delete on a full disk:", err)
		}
		f.held = f.held[1:]
		if len(f.held)%20 == 0 {
			f.mustBeThere(t)
		}
	}
	answer, err := kv.Range(t.Context(), &pb.RangeRequest{Key: []byte{0}, CountOnly: true})
	if err == nil {
		_, err = kv.Compact(t.Context(), &pb.CompactionRequest{Revision: answer.Header.Revision})
	}
	if err != nil {
		t.Fatal("a compaction on a full disk:", err)
	}
}

func (f *filler) mustBeThere(t *testing.T) {
	t.Helper()
	request := &pb.RangeRequest{Key: []byte("fill/"), RangeEnd: []byte("fill0")}
	answer, err := pb.NewKVClient(f.conn).Range(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string][]byte{}
	for _, kv := range answer.Kvs {
		found[string(kv.Key)] = kv.Value
	}
	lost := slices.ContainsFunc(f.held, func(i int) bool {
		return !bytes.Equal(found[string(fillKey(i))], fillValue(i))
	})
	if lost || len(found) != len(f.held) {
		t.Fatalf("%d keys are there, %d were acknowledged; one lost: %v", len(found), len(f.held), lost)
	}
}

func (f *filler) mustListAlarms(t *testing.T, want int) {
	t.Helper()
	answer, err := pb.NewMaintenanceClient(f.conn).Alarm(t.Context(), &pb.AlarmRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if len(answer.Alarms) != want {
		t.Errorf("alarms %v, not %d of them", answer.Alarms, want)
	}
	if health := f.health(t); strings.Contains(health, "ALARM NOSPACE") != (want > 0) {
		t.Errorf("/health says %s", health)
	}
	for _, alarm := range answer.Alarms {
		if alarm.Alarm != pb.AlarmType_NOSPACE || alarm.MemberID != answer.Header.MemberId {
			t.Errorf("alarm %v", alarm)
		}
	}
}

func (f *filler) health(t *testing.T) string {
	t.Helper()
	answer, err := http.Get("http://" + f.m.Address() + "/health")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// mustNotStart kills the server: the next start needs room for new segments, and says so.
func (f *filler) mustNotStart(t *testing.T) {
	t.Helper()
	if err := f.m.Kill(); err != nil {
		t.Fatal(err)
	}
	err := f.m.Restart()
	if err == nil || !strings.Contains(err.Error(), "make room") {
		t.Fatal("a start on a full disk:", err)
	}
}

// mustGoOn waits until the running server has seen that there is room again.
func (f *filler) mustGoOn(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(patience); f.put(t) != nil; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("no put although there is room again")
		}
	}
}

func (f *filler) resize(t *testing.T, size string) {
	t.Helper()
	remount := []string{"mount", "-o", "remount,size=" + size, f.m.DataDir()}
	line := append(slices.Clone(f.cfg.Prefix), remount...)
	if output, err := exec.Command(line[0], line[1:]...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
}
