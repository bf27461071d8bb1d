package crash

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.etcd.io/etcd/api/v3/mvccpb"
	"google.golang.org/protobuf/proto"
)

// state is what the store must hold at a revision, computed from history alone.
type state struct {
	revision int64
	pairs    map[string]*mvccpb.KeyValue
}

func newState() *state { return &state{revision: 1, pairs: map[string]*mvccpb.KeyValue{}} }

func (s *state) clone() *state { return &state{s.revision, maps.Clone(s.pairs)} }

// apply moves on by one revision and says what is wrong with the events' metadata.
func (s *state) apply(g *group) error {
	if g.revision != s.revision+1 {
		return fmt.Errorf("revision %d follows %d: history has a gap", g.revision, s.revision)
	}
	s.revision = g.revision
	for _, event := range g.events {
		if err := s.applyEvent(event); err != nil {
			return fmt.Errorf("revision %d: %w", g.revision, err)
		}
	}
	return nil
}

func (s *state) applyEvent(event *mvccpb.Event) error {
	key := string(event.Kv.Key)
	before := s.pairs[key]
	if !proto.Equal(before, event.PrevKv) && (before != nil || event.PrevKv != nil) {
		return fmt.Errorf("previous pair of %s is {%v}, not {%v}", key, event.PrevKv, before)
	}
	if event.Type == mvccpb.Event_DELETE {
		delete(s.pairs, key)
		return nil
	}
	want := proto.CloneOf(event.Kv)
	want.ModRevision = s.revision
	want.CreateRevision, want.Version = s.revision, 1
	if before != nil {
		want.CreateRevision, want.Version = before.CreateRevision, before.Version+1
	}
	if !proto.Equal(want, event.Kv) {
		return fmt.Errorf("pair is {%v}, not {%v}", event.Kv, want)
	}
	s.pairs[key] = event.Kv
	return nil
}

// withPrefix lists the keys below a prefix, sorted.
func (s *state) withPrefix(prefix string) []string {
	return s.keys(func(kv *mvccpb.KeyValue) bool { return strings.HasPrefix(string(kv.Key), prefix) })
}

// attached lists the keys of a lease, sorted.
func (s *state) attached(lease int64) []string {
	return s.keys(func(kv *mvccpb.KeyValue) bool { return kv.Lease == lease })
}

func (s *state) keys(wanted func(*mvccpb.KeyValue) bool) []string {
	var keys []string
	for key, kv := range s.pairs {
		if wanted(kv) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

// compare says how the pairs below a prefix, as read from the server, differ from the state.
func (s *state) compare(prefix string, pairs []*mvccpb.KeyValue) error {
	want := s.withPrefix(prefix)
	for i, kv := range pairs {
		if i >= len(want) || want[i] != string(kv.Key) {
			return fmt.Errorf("at revision %d: key %s should not be there", s.revision, kv.Key)
		}
		if !proto.Equal(s.pairs[want[i]], kv) {
			return fmt.Errorf("at revision %d: pair is {%v}, not {%v}", s.revision, kv, s.pairs[want[i]])
		}
	}
	if len(pairs) < len(want) {
		return fmt.Errorf("at revision %d: key %s is missing", s.revision, want[len(pairs)])
	}
	return nil
}
