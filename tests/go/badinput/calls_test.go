package badinput

import (
	"fmt"
	"strings"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"braid/tests/member"
)

// call is one request on the wire, as broken as wished.
type call struct {
	path, contentType string
	more              []hpack.HeaderField
	body              string
	// unfinished leaves the end of the request open.
	unfinished bool
	// freeText marks what etcd words by a function of Go's library.
	freeText bool
}

// outcome is the answer's status in HTTP and gRPC, or how the stream ended without one.
func (c call) outcome(t *testing.T, m *member.Member) string {
	t.Helper()
	w := newWire(t, m)
	w.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	_ = w.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, EndHeaders: true,
		BlockFragment: headers(c.path, c.contentType, c.more...)})
	_ = w.WriteData(1, !c.unfinished, []byte(c.body))
	return w.answer()
}

// answer reads frames until stream 1 ends.
func (w *wire) answer() string {
	fields := map[string]string{}
	for {
		frame, err := w.ReadFrame()
		if err != nil {
			return "connection closed"
		}
		switch f := frame.(type) {
		case *http2.MetaHeadersFrame:
			for _, field := range f.Fields {
				fields[field.Name] = field.Value
			}
			if f.StreamEnded() {
				return fmt.Sprintf("HTTP %s, gRPC %s %q", fields[":status"], fields["grpc-status"], fields["grpc-message"])
			}
		case *http2.DataFrame:
			if f.StreamEnded() {
				return fmt.Sprintf("HTTP %s without trailers", fields[":status"])
			}
		case *http2.RSTStreamFrame:
			return "stream reset"
		case *http2.GoAwayFrame:
			return "connection refused"
		}
	}
}

// message frames a protobuf for gRPC.
func message(flag byte, body string) string {
	return string([]byte{flag, byte(len(body) >> 24), byte(len(body) >> 16), byte(len(body) >> 8), byte(len(body))}) + body
}

const grpcType = "application/grpc"

// badCalls are compared with etcd: its clients rely on the codes and texts.
var badCalls = map[string]call{
	"unknown service":         {path: "/nobody.Service/Call", contentType: grpcType, body: message(0, "")},
	"unknown method":          {path: "/etcdserverpb.KV/Nothing", contentType: grpcType, body: message(0, "")},
	"no method":               {path: "/etcdserverpb.KV", contentType: grpcType, body: message(0, "")},
	"bare path":               {path: "/", contentType: grpcType, body: message(0, "")},
	"wrong type":              {path: rangePath, contentType: "text/plain", body: message(0, "")},
	"empty message":           {path: rangePath, contentType: grpcType, body: message(0, "")},
	"subtype":                 {path: rangePath, contentType: "application/grpc+proto", body: message(0, "\x0a\x01a")},
	"unknown fields":          {path: rangePath, contentType: grpcType, body: message(0, "\x0a\x01a\xa2\x06\x03abc")},
	"no timeout":              {path: rangePath, contentType: grpcType, body: message(0, "\x0a\x01a"), more: timeout("0m")},
	"bad timeout":             {path: rangePath, contentType: grpcType, body: message(0, "\x0a\x01a"), more: timeout("soon"), freeText: true},
	"huge timeout":            {path: rangePath, contentType: grpcType, body: message(0, "\x0a\x01a"), more: timeout("99999999H")},
	"unknown compression":     {path: rangePath, contentType: grpcType, body: message(1, "x"), more: encoding("zz")},
	"compressed, not said so": {path: rangePath, contentType: grpcType, body: message(1, "x")},
	"bad client version":      {path: rangePath, contentType: grpcType, body: message(0, "\x0a\x01a"), more: field("client-api-version", "\xff")},
	"two messages":            {path: rangePath, contentType: grpcType, body: message(0, "\x0a\x01a") + message(0, "\x0a\x01a")},
	"no message":              {path: rangePath, contentType: grpcType},
	"truncated message":       {path: rangePath, contentType: grpcType, body: message(0, "abcdef")[:8]},
	"length beyond limit":     {path: rangePath, contentType: grpcType, body: "\x00\x7f\xff\xff\xffx", unfinished: true},
}

func timeout(value string) []hpack.HeaderField  { return field("grpc-timeout", value) }
func encoding(value string) []hpack.HeaderField { return field("grpc-encoding", value) }
func field(name, value string) []hpack.HeaderField {
	return []hpack.HeaderField{{Name: name, Value: value}}
}

func TestBadCallsAreAnsweredAsByEtcd(t *testing.T) {
	got := start(t)
	want := member.Run(t, member.Config{Binary: member.ReferenceBinary(t)})
	for name, c := range badCalls {
		t.Run(name, func(t *testing.T) {
			w, g := c.outcome(t, want), c.outcome(t, got)
			if w != g && !(c.freeText && withoutText(w) == withoutText(g)) {
				t.Errorf("got %s, etcd says %s", g, w)
			}
		})
	}
	mustServe(t, got)
}

func withoutText(outcome string) string {
	status, _, _ := strings.Cut(outcome, ` "`)
	return status
}

// TestBrokenMessages: the texts of protobuf libraries differ, the code does not.
func TestBrokenMessages(t *testing.T) {
	m := start(t)
	nested := strings.Repeat("\x12\x7f\x22\x7d", 200)
	for name, body := range map[string]string{
		"noise":          "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
		"length too big": "\x0a\xff\xff\xff\xff\x07a",
		"end of group":   "\x0c",
	} {
		t.Run(name, func(t *testing.T) {
			c := call{path: rangePath, contentType: grpcType, body: message(0, body)}
			if got := c.outcome(t, m); !strings.HasPrefix(got, "HTTP 200, gRPC 13 ") {
				t.Errorf("got %s", got)
			}
		})
	}
	deep := call{path: "/etcdserverpb.KV/Txn", contentType: grpcType, body: message(0, nested)}
	attack(t, m, func() { t.Log("deep nesting:", deep.outcome(t, m)) })
}
