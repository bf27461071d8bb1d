package badinput

import (
	"bytes"
	"io"
	"net"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"braid/tests/member"
)

// wire is an HTTP/2 connection without any manners.
type wire struct {
	*http2.Framer
	conn net.Conn
}

func newWire(t *testing.T, m *member.Member) *wire {
	t.Helper()
	conn := dialRaw(t, m)
	framer := http2.NewFramer(conn, conn)
	framer.AllowIllegalWrites = true
	_, _ = io.WriteString(conn, http2.ClientPreface)
	_ = framer.WriteSettings()
	return &wire{framer, conn}
}

// headers is the block of a call to a method.
func headers(path, contentType string, more ...hpack.HeaderField) []byte {
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	for _, field := range append([]hpack.HeaderField{
		{Name: ":method", Value: "POST"}, {Name: ":scheme", Value: "http"},
		{Name: ":path", Value: path}, {Name: ":authority", Value: "localhost"},
		{Name: "content-type", Value: contentType}, {Name: "te", Value: "trailers"},
	}, more...) {
		// A bytes.Buffer takes everything.
		_ = encoder.WriteField(field)
	}
	return block.Bytes()
}

const rangePath = "/etcdserverpb.KV/Range"

func (w *wire) open(stream uint32, end bool) error {
	return w.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, EndHeaders: true, EndStream: end,
		BlockFragment: headers(rangePath, "application/grpc")})
}

// until repeats a write until the server has had enough or n are sent; n of 0 is many.
func until(n int, write func(i int) error) {
	for i := range n {
		if write(i) != nil {
			return
		}
	}
}

// enough is far beyond what any honest client sends at once.
const enough = 200_000

// TestFloods: each of these once brought servers down. Reads are left to the kernel: the
// attacker never reads an answer.
func TestFloods(t *testing.T) {
	for name, flood := range map[string]func(*wire){
		"settings": func(w *wire) { until(enough, func(int) error { return w.WriteSettings() }) },
		"ping":     func(w *wire) { until(enough, func(int) error { return w.WritePing(false, [8]byte{}) }) },
		"rapid reset": func(w *wire) {
			until(enough/4, func(i int) error {
				stream := uint32(2*i + 1)
				if err := w.open(stream, true); err != nil {
					return err
				}
				return w.WriteRSTStream(stream, http2.ErrCodeCancel)
			})
		},
		"continuation": func(w *wire) {
			_ = w.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: headers(rangePath, "application/grpc")})
			filler := bytes.Repeat([]byte{0x00, 0x01, 'a', 0x01, 'b'}, 3000)
			until(enough/20, func(int) error { return w.WriteContinuation(1, false, filler) })
		},
		"empty data": func(w *wire) {
			_ = w.open(1, false)
			until(enough, func(int) error { return w.WriteData(1, false, nil) })
		},
		"priority":      func(w *wire) { until(enough, func(int) error { return w.WritePriority(1, http2.PriorityParam{}) }) },
		"window update": func(w *wire) { until(enough, func(int) error { return w.WriteWindowUpdate(0, 1<<31-1) }) },
		"open streams": func(w *wire) {
			until(enough/4, func(i int) error { return w.open(uint32(2*i+1), false) })
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := start(t)
			attack(t, m, func() {
				w := newWire(t, m)
				go func() { _, _ = io.Copy(io.Discard, w.conn) }()
				flood(w)
			})
		})
	}
}

// TestBrokenFrames end the connection and nothing else.
func TestBrokenFrames(t *testing.T) {
	m := start(t)
	for name, send := range map[string]func(*wire){
		"frame too large":    func(w *wire) { _ = w.WriteRawFrame(http2.FrameData, 0, 1, make([]byte, 1<<20)) },
		"even stream":        func(w *wire) { _ = w.open(2, true) },
		"data before open":   func(w *wire) { _ = w.WriteData(1, true, []byte("x")) },
		"bad header block":   func(w *wire) { _ = w.WriteRawFrame(http2.FrameHeaders, 4, 1, []byte{0xff, 0xff, 0xff, 0xff}) },
		"unknown frame":      func(w *wire) { _ = w.WriteRawFrame(0x77, 0xff, 9, []byte("x")) },
		"short settings":     func(w *wire) { _ = w.WriteRawFrame(http2.FrameSettings, 0, 0, []byte{1}) },
		"zero window":        func(w *wire) { _ = w.WriteWindowUpdate(0, 0) },
		"stray continuation": func(w *wire) { _ = w.WriteContinuation(1, true, []byte{0x82}) },
		"ping of 7 bytes":    func(w *wire) { _ = w.WriteRawFrame(http2.FramePing, 0, 0, make([]byte, 7)) },
	} {
		t.Run(name, func(t *testing.T) {
			attack(t, m, func() {
				w := newWire(t, m)
				send(w)
				_ = w.conn.(*net.TCPConn).CloseWrite()
				_, _ = io.Copy(io.Discard, w.conn)
			})
		})
	}
}
