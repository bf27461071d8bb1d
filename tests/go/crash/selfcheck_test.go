package crash

import (
	"strings"
	"testing"

	"go.etcd.io/etcd/api/v3/mvccpb"
)

// story is a history with the writes that made it, to break in one place.
type story struct {
	writes []*write
	groups []*group
}

// goodStory: a put, a transaction, a delete of both own keys; one more put was never answered and
// never happened.
func goodStory() *story {
	first := pair("own/1/a", "w1", 2, 2, 1)
	second := []*mvccpb.KeyValue{pair("own/1/b", "w2", 3, 3, 1), pair("shared/1", "w2", 3, 3, 1)}
	return &story{
		writes: []*write{
			{id: "w1", puts: []string{"own/1/a"}, acknowledged: true, revision: 2},
			{id: "w2", puts: []string{"own/1/b", "shared/1"}, acknowledged: true, revision: 3},
			{id: "w3", deletes: "own/1/"},
			{id: "w4", puts: []string{"own/1/a"}},
		},
		groups: []*group{
			{2, []*mvccpb.Event{{Kv: first}}},
			{3, []*mvccpb.Event{{Kv: second[0]}, {Kv: second[1]}}},
			{4, []*mvccpb.Event{deletion("own/1/a", 4, first), deletion("own/1/b", 4, second[0])}},
		},
	}
}

func pair(key, value string, create, mod, version int64) *mvccpb.KeyValue {
	return &mvccpb.KeyValue{Key: []byte(key), Value: []byte(value), CreateRevision: create, ModRevision: mod, Version: version}
}

func deletion(key string, revision int64, before *mvccpb.KeyValue) *mvccpb.Event {
	return &mvccpb.Event{Type: mvccpb.Event_DELETE, PrevKv: before,
		Kv: &mvccpb.KeyValue{Key: []byte(key), ModRevision: revision}}
}

func (s *story) check() error {
	attribution, err := newAttribution(s.writes)
	if err != nil {
		return err
	}
	state := newState()
	for _, g := range s.groups {
		if err := attribution.take(g, state); err != nil {
			return err
		}
	}
	return attribution.finish()
}

func TestGoodStoryIsAccepted(t *testing.T) {
	if err := goodStory().check(); err != nil {
		t.Error(err)
	}
}

// TestBrokenStoriesAreRefused: one broken promise each.
func TestBrokenStoriesAreRefused(t *testing.T) {
	for name, broken := range map[string]struct {
		harm func(*story)
		want string
	}{
		"acknowledged write lost": {func(s *story) { s.groups = s.groups[:1] }, "are lost"},
		"gap":                     {func(s *story) { s.groups[2].revision = 5 }, "gap"},
		"torn transaction": {func(s *story) {
			s.writes[1].acknowledged, s.writes[1].revision = false, 0
			s.groups[1].events = s.groups[1].events[:1]
		}, "only a part"},
		"torn delete":           {func(s *story) { s.groups[2].events = s.groups[2].events[:1] }, "no write's doing"},
		"changes of two writes": {func(s *story) { s.groups[0].events = append(s.groups[0].events, s.groups[1].events...) }, "not its own"},
		"one revision twice":    {func(s *story) { s.writes[1].revision = 2 }, "two writes got one revision"},
		"denied write happened": {func(s *story) { s.writes[2].acknowledged = true }, "no write's doing"},
		"write shown twice": {func(s *story) {
			s.groups = append(s.groups, &group{5, []*mvccpb.Event{{Kv: pair("own/1/a", "w4", 5, 5, 1)}}},
				&group{6, []*mvccpb.Event{{Kv: pair("own/1/a", "w4", 5, 6, 2)}}})
		}, "second time"},
		"wrong version":       {func(s *story) { s.groups[0].events[0].Kv.Version = 2 }, "pair is"},
		"wrong previous pair": {func(s *story) { s.groups[2].events[0].PrevKv = nil }, "previous pair"},
	} {
		t.Run(name, func(t *testing.T) {
			s := goodStory()
			broken.harm(s)
			if err := s.check(); err == nil || !strings.Contains(err.Error(), broken.want) {
				t.Errorf("got %v, want an error with %q", err, broken.want)
			}
		})
	}
}
