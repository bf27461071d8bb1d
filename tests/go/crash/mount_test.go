package crash

import (
	"bufio"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"braid/tests/member"
)

// mountScript mounts a file system of type $1 with options $2 at $3 and stays until its input ends.
const mountScript = `mount -t "$1" -o "$2" none "$3" && echo mounted && exec cat`

// mounted gives the server's data directory a file system of its own: in a mount namespace that
// lives as long as the test, so that it outlives the server and needs no privilege. It skips the
// test where the system forbids such namespaces.
func mounted(t *testing.T, kind, options string) member.Config {
	t.Helper()
	cfg := member.Config{Binary: member.ServerBinary(t), Dir: member.WorkDir(t)}
	point := cfg.Dir + "/data"
	if err := os.Mkdir(point, 0o700); err != nil {
		t.Fatal(err)
	}
	holder := exec.Command("unshare", "--user", "--map-root-user", "--mount",
		"sh", "-c", mountScript, "sh", kind, options, point)
	input, err := holder.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := holder.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := holder.Start(); err != nil {
		t.Skip("no namespaces:", err)
	}
	t.Cleanup(func() {
		_ = input.Close()
		_ = holder.Wait()
	})
	if line, _ := bufio.NewReader(output).ReadString('\n'); line != "mounted\n" {
		t.Skipf("no namespace with %s in it", kind)
	}
	cfg.Prefix = []string{"nsenter", "--target", strconv.Itoa(holder.Process.Pid),
		"--user", "--mount", "--preserve-credentials", "--"}
	return cfg
}

// TestFileSystemsInMemory: kills on file systems that know no O_DIRECT, or did not for long. What
// the server does there is chosen by its probe alone.
func TestFileSystemsInMemory(t *testing.T) {
	t.Run("tmpfs", func(t *testing.T) {
		survive(t, recordedTrial(t, mounted(t, "tmpfs", "size=1g")), *kills)
	})
	t.Run("ramfs", func(t *testing.T) {
		trial := recordedTrial(t, mounted(t, "ramfs", "mode=700"))
		survive(t, trial, *kills)
		mustLog(t, trial.member, "no O_DIRECT here")
	})
}

// mustLog fails the test unless the server said text; etcd says other things.
func mustLog(t *testing.T, m *member.Member, text string) {
	t.Helper()
	log, err := os.ReadFile(m.LogPath())
	if err != nil {
		t.Fatal(err)
	}
	if m.Kind() == member.Braid && !strings.Contains(string(log), text) {
		t.Errorf("the server's log lacks %q:\n%s", text, log)
	}
}
