// Package clients lets the official Go client, its recipes and etcdctl use a server as their
// documentation says.
package clients

import (
	"context"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"braid/tests/member"
)

// patience bounds a test's wait for something that must come.
const patience = 60 * time.Second

// start runs a server for one test.
func start(t *testing.T, args ...string) *member.Member {
	t.Helper()
	return member.Run(t, member.Config{Binary: member.ServerBinary(t), Args: args})
}

func connect(t *testing.T, m *member.Member) *clientv3.Client {
	t.Helper()
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{m.Address()}, DialTimeout: patience, Logger: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func startWithClient(t *testing.T) (context.Context, *clientv3.Client) {
	t.Helper()
	return deadline(t), connect(t, start(t))
}

func deadline(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// must ends the test on an error.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// ok unwraps a result whose error ends the test.
func ok[T any](t *testing.T) func(T, error) T {
	t.Helper()
	return func(value T, err error) T {
		t.Helper()
		must(t, err)
		return value
	}
}

func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s is %v, not %v", what, got, want)
	}
}
