package crash

import (
	"context"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"

	"braid/tests/member"
)

const (
	damagedKeys = 300
	// flips is how many places are tried; each costs a start.
	flips = 12
)

// TestFlippedBits: a data directory with one bit wrong is either served with every key right, or
// refused with the hurt file's name. It is never served with something missing.
func TestFlippedBits(t *testing.T) {
	m, files := stoppedServer(t)
	random := rand.New(rand.NewPCG(*seed, 4))
	for range flips {
		path := files[random.IntN(len(files))]
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		at := usedByte(content, random)
		content[at] ^= 1 << random.IntN(8)
		withContent(t, path, content, func() {
			mustBeWholeOrRefused(t, m, path, fmt.Sprintf("a bit flipped at %d of %s", at, filepath.Base(path)))
		})
	}
}

// TestFlippedBitsAtTheEnd: what was written right before the server stopped is as safe as the rest. A
// hurt last block must not pass for one that was never finished.
func TestFlippedBitsAtTheEnd(t *testing.T) {
	m, files := stoppedServer(t)
	const block, inTheHeader = 4096, 20
	for _, path := range files {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		last := (len(strings.TrimRight(string(content), "\x00")) - 1) / block * block
		for at := last; at > max(0, last-3*block); at -= block {
			hurt := slices.Clone(content)
			hurt[at+inTheHeader] ^= 1
			withContent(t, path, hurt, func() {
				mustBeWholeOrRefused(t, m, path, fmt.Sprintf("the block at %d (the last is at %d) of %s", at, last, filepath.Base(path)))
			})
		}
	}
}

// TestMissingAndTruncatedFiles: the same for a file that is gone or half of it.
func TestMissingAndTruncatedFiles(t *testing.T) {
	m, files := stoppedServer(t)
	for _, path := range files {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		withContent(t, path, content[:len(content)/2/4096*4096], func() {
			mustBeWholeOrRefused(t, m, path, "half of "+filepath.Base(path)+" cut off")
		})
		withContent(t, path, nil, func() {
			mustBeWholeOrRefused(t, m, path, filepath.Base(path)+" missing")
		})
	}
}

// stoppedServer has written keys and left in peace; files are those that hold its data.
func stoppedServer(t *testing.T) (*member.Member, []string) {
	t.Helper()
	m := member.Run(t, member.Config{Binary: member.ServerBinary(t), Shards: 4, Cores: 2})
	if m.Kind() == member.Etcd {
		t.Skip("etcd makes no such promise")
	}
	conn, err := m.Dial()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for i := range damagedKeys {
		if _, err := pb.NewKVClient(conn).Put(t.Context(), damagedPut(i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.Stop(); err != nil {
		t.Fatal(err)
	}
	return m, dataFiles(t, m.DataDir())
}

func damagedPut(i int) *pb.PutRequest {
	return &pb.PutRequest{Key: fmt.Appendf(nil, "k/%03d", i), Value: fmt.Appendf(nil, "value %d", i)}
}

// dataFiles are the files below dir with anything in them.
func dataFiles(t *testing.T, dir string) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if strings.Trim(string(content), "\x00") != "" {
			files = append(files, path)
		}
		return err
	})
	if err != nil || len(files) == 0 {
		t.Fatalf("no data files in %s: %v", dir, err)
	}
	return files
}

// usedByte is the place of a byte that is not zero: most of a segment may be empty.
func usedByte(content []byte, random *rand.Rand) int {
	for {
		if at := random.IntN(len(content)); content[at] != 0 {
			return at
		}
	}
}

// withContent runs check while the file at path has other content (none: it is missing), and puts
// the whole data directory back afterwards.
func withContent(t *testing.T, path string, content []byte, check func()) {
	t.Helper()
	dir := filepath.Dir(path)
	backup := t.TempDir()
	if err := os.CopyFS(backup, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	var err error
	if content == nil {
		err = os.Remove(path)
	} else {
		err = os.WriteFile(path, content, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	check()
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(dir, os.DirFS(backup)); err != nil {
		t.Fatal(err)
	}
}

func mustBeWholeOrRefused(t *testing.T, m *member.Member, path, what string) {
	t.Helper()
	err := m.Restart()
	defer func() { _ = m.Kill() }()
	if err == nil {
		mustBeWhole(t, m, what)
		return
	}
	if !strings.Contains(err.Error(), filepath.Base(path)) {
		t.Errorf("%s: the refusal does not name the file: %v", what, err)
	}
}

func mustBeWhole(t *testing.T, m *member.Member, what string) {
	t.Helper()
	conn, err := m.Dial()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	answer, err := pb.NewKVClient(conn).Range(ctx, &pb.RangeRequest{Key: []byte("k/"), RangeEnd: []byte("k0")})
	if err != nil {
		t.Errorf("%s: the server started, but reading fails: %v", what, err)
		return
	}
	if len(answer.Kvs) != damagedKeys {
		t.Errorf("%s: the server started with %d of %d keys", what, len(answer.Kvs), damagedKeys)
		return
	}
	for i, kv := range answer.Kvs {
		if want := damagedPut(i); string(kv.Value) != string(want.Value) {
			t.Errorf("%s: %s is %q, not %q", what, kv.Key, kv.Value, want.Value)
		}
	}
}
