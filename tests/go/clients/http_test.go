package clients

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"braid/tests/member"
)

// TestHTTPSameAsEtcd compares what load balancers and probes see with a released etcd.
func TestHTTPSameAsEtcd(t *testing.T) {
	want := member.Run(t, member.Config{Binary: member.ReferenceBinary(t)})
	got := start(t)
	settle(t, want)
	for _, path := range []string{
		"/version", "/health", "/health?serializable=true", "/health?exclude=NOSPACE",
		"/livez", "/readyz", "/livez?verbose", "/readyz?verbose", "/livez/serializable_read",
		"/readyz/linearizable_read", "/readyz?exclude=non_learner&verbose", "/livez/nothing", "/nothing",
	} {
		equal(t, path, fetch(t, http.MethodGet, got, path), fetch(t, http.MethodGet, want, path))
	}
	equal(t, "POST /health", fetch(t, http.MethodPost, got, "/health"), fetch(t, http.MethodPost, want, "/health"))
}

// settle waits until a released etcd has raised its storage version, some seconds after its start.
func settle(t *testing.T, m *member.Member) {
	t.Helper()
	for range 100 {
		if strings.Contains(fetch(t, http.MethodGet, m, "/version"), `\"storage\":\"3.7.0\"`) {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatal("the reference keeps its first storage version")
}

// fetch is status, type and body as one text. The lines are sorted: etcd lists its checks in
// random order.
func fetch(t *testing.T, method string, m *member.Member, path string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(deadline(t), method, "http://"+m.Address()+path, nil)
	must(t, err)
	answer, err := http.DefaultClient.Do(request)
	must(t, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	must(t, err)
	lines := slices.Sorted(strings.Lines(string(body)))
	return fmt.Sprintf("%d %s %q", answer.StatusCode, answer.Header.Get("Content-Type"), lines)
}

// TestMetrics: the names that dashboards need, after some work.
func TestMetrics(t *testing.T) {
	m := start(t)
	client, ctx := connect(t, m), deadline(t)
	put(t, ctx, client, "a", "1")
	text := fetch(t, http.MethodGet, m, "/metrics")
	for _, name := range []string{
		"etcd_server_has_leader", "etcd_server_proposals_committed_total", "etcd_mvcc_db_total_size_in_bytes",
		"etcd_disk_wal_fsync_duration_seconds_bucket", "grpc_server_handled_total",
		"process_resident_memory_bytes", "etcd_debugging_mvcc_keys_total",
	} {
		if !strings.Contains(text, `"`+name) {
			t.Errorf("no metric %s", name)
		}
	}
}
