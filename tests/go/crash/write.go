// Package crash kills a server in the middle of a write storm, again and again, and checks after
// each restart that everything it had promised still holds.
package crash

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.etcd.io/etcd/api/v3/mvccpb"
)

// write is one attempt to change something. Each has values that no other write uses, so that
// history tells which write made a revision.
type write struct {
	id string
	// puts are the keys that get the value id; all or none.
	puts []string
	// lease is what they are attached to.
	lease int64
	// deletes is the prefix whose keys go; none if empty.
	deletes string
	// revokes is the lease that ends with its keys; 0 for none.
	revokes int64
	// acknowledged writes have been answered: revision is their header's, and 0 if the answer
	// said that nothing changed.
	acknowledged bool
	revision     int64
}

func (w *write) String() string {
	text := "write " + w.id
	switch {
	case w.deletes != "":
		text += " (delete of prefix " + w.deletes + ")"
	case w.revokes != 0:
		text += fmt.Sprintf(" (revocation of lease %d)", w.revokes)
	default:
		text += " (puts of " + strings.Join(w.puts, ", ") + ")"
	}
	if w.acknowledged {
		text += fmt.Sprintf(", acknowledged at revision %d", w.revision)
	}
	return text
}

// removes tells which keys of the state the write deletes.
func (w *write) removes(state *state) []string {
	if w.revokes != 0 {
		return state.attached(w.revokes)
	}
	return state.withPrefix(w.deletes)
}

// group is one revision: all its changes, in order.
type group struct {
	revision int64
	events   []*mvccpb.Event
}

// explains says why the write cannot be what made the group; empty if it can.
func (w *write) explains(g *group, before *state) string {
	if w.deletes == "" && w.revokes == 0 {
		return w.explainsPuts(g)
	}
	want := w.removes(before)
	var got []string
	for _, event := range g.events {
		if event.Type != mvccpb.Event_DELETE {
			return "it deletes, but there is a put"
		}
		got = append(got, string(event.Kv.Key))
	}
	slices.Sort(got)
	if !slices.Equal(want, got) {
		return fmt.Sprintf("it must delete %v, but %v are deleted", want, got)
	}
	return ""
}

func (w *write) explainsPuts(g *group) string {
	missing := map[string]bool{}
	for _, key := range w.puts {
		missing[key] = true
	}
	for _, event := range g.events {
		if event.Type != mvccpb.Event_PUT || string(event.Kv.Value) != w.id || event.Kv.Lease != w.lease {
			return fmt.Sprintf("there is a change that is not its own: {%v}", event)
		}
		delete(missing, string(event.Kv.Key))
	}
	if len(missing) > 0 || len(g.events) != len(w.puts) {
		return fmt.Sprintf("%d changes instead of %d; missing are %v",
			len(g.events), len(w.puts), slices.Collect(maps.Keys(missing)))
	}
	return ""
}
