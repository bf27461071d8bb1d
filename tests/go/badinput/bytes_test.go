package badinput

import (
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"golang.org/x/net/http2"

	"braid/tests/member"
)

// TestGarbage: bytes that are neither HTTP/1 nor HTTP/2, or stop half way.
func TestGarbage(t *testing.T) {
	m := start(t)
	noise := make([]byte, 100_000)
	random := rand.New(rand.NewPCG(1, 1))
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	for name, bytes := range map[string]string{
		"nothing":           "",
		"noise":             string(noise),
		"zeros":             strings.Repeat("\x00", 10_000),
		"half preface":      http2.ClientPreface[:11],
		"preface and noise": http2.ClientPreface + string(noise),
		"TLS hello":         "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
		"bad request line":  "GET\r\n\r\n",
		"endless header":    "GET / HTTP/1.1\r\nA: " + strings.Repeat("a", 8<<20),
		"endless path":      "GET /" + strings.Repeat("a", 8<<20),
		"two lengths":       "POST /health HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
		"bad chunk":         "POST /health HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			attack(t, m, func() { throw(t, m, bytes) })
		})
	}
}

// throw sends bytes and takes what comes until the server has enough or falls silent. Errors are
// the server's good right here.
func throw(t *testing.T, m *member.Member, bytes string) {
	t.Helper()
	conn := dialRaw(t, m)
	_, _ = io.WriteString(conn, bytes)
	if tcp, ok := conn.(interface{ CloseWrite() error }); ok {
		_ = tcp.CloseWrite()
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(conn, 1<<20))
}

// TestManySilentConnections: they cost a socket each, not a server.
func TestManySilentConnections(t *testing.T) {
	m := start(t)
	attack(t, m, func() {
		for i := range 2000 {
			conn := dialRaw(t, m)
			if i%2 == 0 {
				_, _ = io.WriteString(conn, http2.ClientPreface)
			}
		}
		mustServe(t, m)
	})
}
