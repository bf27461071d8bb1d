package clients

import (
	"bufio"
	"os/exec"
	"strings"
	"testing"
	"time"

	"braid/tests/member"
)

// terminal is a user's terminal with etcdctl.
type terminal struct {
	t        *testing.T
	etcdctl  string
	endpoint string
}

func newTerminal(t *testing.T) *terminal {
	t.Helper()
	return &terminal{t, member.EtcdctlBinary(t), start(t).Address()}
}

func (u *terminal) command(args ...string) *exec.Cmd {
	args = append([]string{"--endpoints", u.endpoint, "--command-timeout=30s"}, args...)
	return exec.CommandContext(deadline(u.t), u.etcdctl, args...)
}

// run gives both outputs, trimmed; a failing command's text too.
func (u *terminal) run(args ...string) (string, error) {
	out, err := u.command(args...).CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

func (u *terminal) expect(want string, args ...string) {
	u.t.Helper()
	out, err := u.run(args...)
	if err != nil || out != want {
		u.t.Errorf("etcdctl %s: %v\n got  %q\n want %q", strings.Join(args, " "), err, out, want)
	}
}

// contains expects success and a part of the output.
func (u *terminal) contains(want string, args ...string) string {
	u.t.Helper()
	out, err := u.run(args...)
	if err != nil || !strings.Contains(out, want) {
		u.t.Errorf("etcdctl %s: %v\n got     %q\n without %q", strings.Join(args, " "), err, out, want)
	}
	return out
}

func TestEtcdctlKeys(t *testing.T) {
	u := newTerminal(t)
	u.expect("OK", "put", "a", "1")
	u.expect("OK", "put", "b", "2")
	u.expect("a\n1", "get", "a")
	u.expect("a\n1\nb\n2", "get", "", "--from-key")
	u.expect("b\n\na", "get", "--prefix", "", "--keys-only", "--order=DESCEND")
	u.expect("OK\na\n1", "put", "a", "3", "--prev-kv")
	u.expect("1", "get", "a", "--rev=2", "--print-value-only")
	u.contains(`"revision":4`, "get", "a", "-w", "json")
	u.contains("3", "get", "a", "--stream")
	u.expect("2", "del", "--range", "a", "c")
	u.contains("compacted revision 5", "compaction", "5", "--physical")
	u.fails("required revision has been compacted", "get", "a", "--rev=2")
}

func (u *terminal) fails(want string, args ...string) {
	u.t.Helper()
	out, err := u.run(args...)
	if err == nil || !strings.Contains(out, want) {
		u.t.Errorf("etcdctl %s: %v\n got     %q\n without %q", strings.Join(args, " "), err, out, want)
	}
}

func TestEtcdctlTxn(t *testing.T) {
	u := newTerminal(t)
	u.expect("OK", "put", "a", "1")
	command := u.command("txn")
	command.Stdin = strings.NewReader("value(\"a\") = \"1\"\n\nput b 2\nget a\n\nput c 3\n\n")
	out, err := command.CombinedOutput()
	must(t, err)
	equal(t, "output", string(out), "SUCCESS\n\nOK\n\na\n1\n")
	u.expect("b\n2", "get", "b")
}

func TestEtcdctlLease(t *testing.T) {
	u := newTerminal(t)
	granted := u.contains("granted with TTL(600s)", "lease", "grant", "600")
	id := strings.Fields(granted)[1]
	u.expect("OK", "put", "--lease="+id, "a", "1")
	u.contains("attached keys([a])", "lease", "timetolive", id, "--keys")
	u.contains(id, "lease", "list")
	u.contains("keepalived with TTL(600)", "lease", "keep-alive", "--once", id)
	u.expect("lease "+id+" revoked", "lease", "revoke", id)
	u.expect("", "get", "a")
}

// TestEtcdctlWatch reads a watch in one terminal while another writes.
func TestEtcdctlWatch(t *testing.T) {
	u := newTerminal(t)
	u.expect("OK", "put", "a", "1")
	watch := u.command("watch", "a", "--rev=2", "--prev-kv")
	out, err := watch.StdoutPipe()
	must(t, err)
	must(t, watch.Start())
	u.expect("OK", "put", "a", "2")
	lines := bufio.NewScanner(out)
	for _, want := range []string{"PUT", "a", "1", "PUT", "a", "1", "a", "2"} {
		if !lines.Scan() {
			t.Fatalf("the watch ended before %q", want)
		}
		equal(t, "line", lines.Text(), want)
	}
	must(t, watch.Process.Kill())
	_ = watch.Wait()
}

func TestEtcdctlLockAndElect(t *testing.T) {
	u := newTerminal(t)
	u.expect("held", "lock", "mutex", "echo", "held")
	leader := u.command("elect", "office", "me")
	must(t, leader.Start())
	defer func() { _ = leader.Process.Kill(); _ = leader.Wait() }()
	// It campaigns in its own time.
	for began := time.Now(); time.Since(began) < patience; {
		if out, _ := u.run("get", "office", "--prefix", "--print-value-only"); out == "me" {
			break
		}
	}
	u.contains("me", "get", "office", "--prefix", "--print-value-only")
}

func TestEtcdctlMaintenance(t *testing.T) {
	u := newTerminal(t)
	u.contains("is healthy", "endpoint", "health")
	u.contains("3.7.1", "endpoint", "status", "-w", "table")
	u.contains("default", "member", "list")
	u.contains(u.endpoint, "endpoint", "hashkv")
	u.expect("", "alarm", "list")
}

// TestEtcdctlDefrag: done, or refused with words that say so; never silence.
func TestEtcdctlDefrag(t *testing.T) {
	u := newTerminal(t)
	out, err := u.run("defrag")
	if err == nil && !strings.Contains(out, "Finished defragmenting") || err != nil && out == "" {
		t.Errorf("defrag: %v %q", err, out)
	}
	u.contains("is healthy", "endpoint", "health")
}

func TestEtcdctlCheckPerf(t *testing.T) {
	member.SkipUnlessLong(t)
	u := newTerminal(t)
	out, err := u.run("check", "perf", "--load=s")
	if err != nil && !strings.Contains(out, "PASS: Throughput") {
		t.Errorf("check perf: %v %s", err, out)
	}
}
