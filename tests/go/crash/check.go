package crash

import (
	"fmt"

	"google.golang.org/protobuf/proto"
)

// attribution finds the write behind each revision of a storm.
type attribution struct {
	byID map[string]*write
	// acknowledged writes by their revision, removed when history shows them.
	acknowledged map[int64]*write
	// open are the deleting writes whose revision nobody knows: they may have happened or not.
	open []*write
	// done are writes that history has shown: none may show twice.
	done map[*write]bool
}

func newAttribution(writes []*write) (*attribution, error) {
	a := &attribution{byID: map[string]*write{}, acknowledged: map[int64]*write{}, done: map[*write]bool{}}
	for _, w := range writes {
		a.byID[w.id] = w
		if w.revision > 0 {
			if other := a.acknowledged[w.revision]; other != nil {
				return nil, fmt.Errorf("two writes got one revision: %v and %v", w, other)
			}
			a.acknowledged[w.revision] = w
		}
		if (w.deletes != "" || w.revokes != 0) && w.revision == 0 && (!w.acknowledged || w.revokes != 0) {
			a.open = append(a.open, w)
		}
	}
	return a, nil
}

// take checks one revision against the writes and moves state on by it.
func (a *attribution) take(g *group, state *state) error {
	w, err := a.writeOf(g, state)
	if err != nil {
		return err
	}
	if a.done[w] {
		return fmt.Errorf("revision %d shows %v for the second time", g.revision, w)
	}
	a.done[w] = true
	delete(a.acknowledged, g.revision)
	return state.apply(g)
}

func (a *attribution) writeOf(g *group, state *state) (*write, error) {
	w := a.acknowledged[g.revision]
	if w == nil {
		return a.unacknowledged(g, state)
	}
	if why := w.explains(g, state); why != "" {
		return nil, fmt.Errorf("revision %d is not what %v did: %s", g.revision, w, why)
	}
	return w, nil
}

// unacknowledged finds the write that was tried and made this revision.
func (a *attribution) unacknowledged(g *group, state *state) (*write, error) {
	if w := a.byID[string(g.events[0].Kv.Value)]; w != nil {
		if why := w.explains(g, state); why != "" {
			return nil, fmt.Errorf("revision %d is only a part of %v: %s", g.revision, w, why)
		}
		if w.acknowledged {
			return nil, fmt.Errorf("revision %d shows %v, which was told otherwise", g.revision, w)
		}
		return w, nil
	}
	for _, w := range a.open {
		if !a.done[w] && w.explains(g, state) == "" {
			return w, nil
		}
	}
	return nil, fmt.Errorf("revision %d (%v) is no write's doing", g.revision, g.events)
}

// finish reports acknowledged writes that history does not know.
func (a *attribution) finish() error {
	lost := len(a.acknowledged)
	for _, w := range a.acknowledged {
		return fmt.Errorf("%d acknowledged writes are lost, %v among them", lost, w)
	}
	return nil
}

// samePrefix: got must tell the same story as history does, as far as it goes.
func samePrefix(story, got []*group) error {
	if len(got) > len(story) {
		return fmt.Errorf("revision %d is not in history", got[len(story)].revision)
	}
	for i, g := range got {
		if err := sameGroup(story[i], g); err != nil {
			return err
		}
	}
	return nil
}

func sameGroup(want, got *group) error {
	if want.revision != got.revision || len(want.events) != len(got.events) {
		return fmt.Errorf("revision %d with %d changes, not %d with %d",
			got.revision, len(got.events), want.revision, len(want.events))
	}
	for i := range want.events {
		// A previous pair may be compacted away in one telling and not yet in the other.
		w, g := proto.CloneOf(want.events[i]), proto.CloneOf(got.events[i])
		if w.PrevKv == nil || g.PrevKv == nil {
			w.PrevKv, g.PrevKv = nil, nil
		}
		if !proto.Equal(w, g) {
			return fmt.Errorf("revision %d: {%v}, not {%v}", want.revision, g, w)
		}
	}
	return nil
}
