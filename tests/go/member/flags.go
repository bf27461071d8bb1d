package member

import (
	"flag"
	"os"
	"testing"
)

// The flags that every suite understands.
var (
	server    = flag.String("server", "", "server under test (absolute path)")
	reference = flag.String("reference", "", "released etcd to compare with (absolute path)")
	etcdctl   = flag.String("etcdctl", "", "released etcdctl (absolute path)")
	judge     = flag.String("judge", "", "program that judges recorded histories (absolute path)")
	long      = flag.Bool("long", false, "run what takes minutes too")
	work      = flag.String("work", "", "folder for data directories; its file system must know O_DIRECT")
)

// ServerBinary is the program under test.
func ServerBinary(t testing.TB) string { return required(t, *server, "-server") }

// ReferenceBinary is the released etcd.
func ReferenceBinary(t testing.TB) string { return required(t, *reference, "-reference") }

// EtcdctlBinary is the released command line client.
func EtcdctlBinary(t testing.TB) string { return required(t, *etcdctl, "-etcdctl") }

// JudgeBinary is the judge of recorded histories.
func JudgeBinary(t testing.TB) string { return required(t, *judge, "-judge") }

// SkipUnlessLong leaves out what takes minutes.
func SkipUnlessLong(t testing.TB) {
	t.Helper()
	if !*long {
		t.Skip("only with -long")
	}
}

func required(t testing.TB, value, name string) string {
	t.Helper()
	if value == "" {
		t.Skip("needs " + name)
	}
	return value
}

// WorkDir is a new folder, kept when the test fails.
func WorkDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp(*work, "member-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log("data and logs are kept in", dir)
			return
		}
		_ = os.RemoveAll(dir)
	})
	return dir
}

// Run starts a server for one test and kills it at the test's end.
func Run(t testing.TB, cfg Config) *Member {
	t.Helper()
	if cfg.Dir == "" {
		cfg.Dir = WorkDir(t)
	}
	m, err := Start(cfg)
	if m != nil && m.cmd != nil {
		t.Cleanup(func() { _ = m.Kill() })
	}
	if err != nil {
		t.Fatal(err)
	}
	return m
}
