package clients

import (
	"strings"
	"testing"

	"braid/tests/member"
)

// TestStopAndStart: a server that is asked to leave does so, and everything is there afterwards.
func TestStopAndStart(t *testing.T) {
	m := start(t)
	client, ctx := connect(t, m), deadline(t)
	put(t, ctx, client, "a", "1")
	must(t, m.Stop())
	must(t, m.Restart())
	got, err := client.Get(ctx, "a")
	must(t, err)
	equal(t, "keys after the restart", got.Count, 1)
	equal(t, "revision after the restart", got.Header.Revision, 2)
}

// TestSecondProcessIsRefused with words that name the data directory; the first one goes on.
func TestSecondProcessIsRefused(t *testing.T) {
	m := start(t)
	if m.Kind() == member.Etcd {
		t.Skip("etcd waits until the first process is gone")
	}
	second, err := member.Start(member.Config{Binary: member.ServerBinary(t), Dir: m.Dir()})
	if err == nil {
		_ = second.Kill()
		t.Fatal("two servers run on one data directory")
	}
	if !strings.Contains(err.Error(), m.DataDir()) {
		t.Errorf("the refusal does not name the data directory: %v", err)
	}
	put(t, deadline(t), connect(t, m), "a", "1")
}
