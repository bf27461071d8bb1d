package differential

import (
	"fmt"
	"slices"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
	"google.golang.org/protobuf/proto"
)

// compareAnswers says how got differs from want; empty when it does not.
func compareAnswers(op Op, want, got Answer) string {
	if got.Fault != "" {
		return got.Fault
	}
	if want.Fault != "" {
		return "reference: " + want.Fault
	}
	if want.Code != got.Code || want.Text != got.Text {
		return "status differs"
	}
	if want.Message == nil || got.Message == nil {
		return ""
	}
	w, g := normal(op.Request, want.Message), normal(op.Request, got.Message)
	if !forgiveSeconds(w, g) {
		return "remaining time of a lease differs by more than time gone by explains"
	}
	if !proto.Equal(w, g) {
		return "answer differs"
	}
	return ""
}

// leaseSlack bounds the seconds by which remaining times may differ: the machine may be busy
// between the two servers' answers, or between their restarts.
const leaseSlack = 20

// forgiveSeconds makes remaining lease times equal when they are close.
func forgiveSeconds(want, got proto.Message) bool {
	w, isTTL := want.(*pb.LeaseTimeToLiveResponse)
	if !isTTL {
		return true
	}
	g := got.(*pb.LeaseTimeToLiveResponse)
	apart := g.TTL - w.TTL
	if apart < -leaseSlack || apart > leaseSlack || (g.TTL < 0) != (w.TTL < 0) {
		return false
	}
	g.TTL = w.TTL
	return true
}

// compareStreams says how two sides' logs of one watch stream differ after a barrier, and
// forgets the events that were compared. compacted is the last compacted revision.
func compareStreams(want, got *streamLog, compacted int64) string {
	if difference := compareFaults(want, got); difference != "" {
		return difference
	}
	if len(want.watchers) != len(got.watchers) || len(want.refusals) != len(got.refusals) {
		return fmt.Sprintf("%d watchers and %d refusals, not %d and %d",
			len(got.watchers), len(got.refusals), len(want.watchers), len(want.refusals))
	}
	for i := range want.refusals {
		if difference := compareControl(want.refusals[i], got.refusals[i]); difference != "" {
			return "refusal: " + difference
		}
	}
	for i, w := range want.watchers {
		if difference := compareWatchers(w, got.watchers[i], compacted); difference != "" {
			return fmt.Sprintf("watcher %d: %s", w.id, difference)
		}
	}
	return ""
}

func compareFaults(want, got *streamLog) string {
	if len(got.faults) > 0 {
		return got.faults[0]
	}
	if len(want.faults) > 0 {
		return "reference: " + want.faults[0]
	}
	return ""
}

func compareWatchers(want, got *watcherLog, compacted int64) string {
	if want.id != got.id || want.created != got.created {
		return fmt.Sprintf("created as %d at %d, not %d at %d", got.id, got.created, want.id, want.created)
	}
	if difference := compareControl(want.canceled, got.canceled); difference != "" {
		return "cancel: " + difference
	}
	if difference := compareEvents(want, got, compacted); difference != "" {
		return difference
	}
	want.events, got.events = nil, nil
	want.settled, got.settled = true, true
	return ""
}

// compareControl compares responses without events: refusals and cancels.
func compareControl(want, got *pb.WatchResponse) string {
	if want == nil || got == nil {
		if want == got {
			return ""
		}
		return fmt.Sprintf("%v, not %v", got, want)
	}
	if w, g := normal(nil, want), normal(nil, got); !proto.Equal(w, g) {
		return fmt.Sprintf("{%s}, not {%s}", compact(g), compact(w))
	}
	return ""
}

func compareEvents(want, got *watcherLog, compacted int64) string {
	shorter := min(len(want.events), len(got.events))
	for i := range shorter {
		forgivePrevious(want.events[i], got.events[i], compacted)
		if !proto.Equal(want.events[i], got.events[i]) {
			return fmt.Sprintf("event %d is {%s}, not {%s}", i, compact(got.events[i]), compact(want.events[i]))
		}
	}
	if len(want.events) == len(got.events) {
		return ""
	}
	longer := slices.MaxFunc([]*watcherLog{want, got}, func(a, b *watcherLog) int { return len(a.events) - len(b.events) })
	return fmt.Sprintf("%d events, not %d; the first that is only on one side: {%s}",
		len(got.events), len(want.events), eventText(longer.events[shorter]))
}

// forgivePrevious: the pair before an event at the compacted revision is gone in etcd; a server
// that still has it may tell it. Kubernetes takes an event without it for an error.
func forgivePrevious(want, got *mvccpb.Event, compacted int64) {
	known := got.PrevKv != nil && want.PrevKv == nil && got.PrevKv.ModRevision < got.Kv.ModRevision
	if known && got.Kv.ModRevision <= compacted {
		got.PrevKv = nil
	}
}

func eventText(event *mvccpb.Event) string { return clip(compact(event), longestOp) }
