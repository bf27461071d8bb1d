package differential

import (
	"fmt"

	"go.etcd.io/etcd/api/v3/mvccpb"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
)

// streamLog is all that one watch stream has said, sorted by watcher. Grouping of events into
// responses is free; order, completeness and atomicity are not.
type streamLog struct {
	// watchers in the order of their creation; an id can come twice.
	watchers []*watcherLog
	live     map[int64]*watcherLog
	// compacted are the ids of watchers that compaction ended: a second cancel may come.
	compacted map[int64]bool
	// refusals are the creations that failed.
	refusals []*pb.WatchResponse
	// bookmarks are the revisions that the stream as a whole was told it has reached.
	bookmarks []int64
	faults    []string
}

// watcherLog is what one watcher has said.
type watcherLog struct {
	id       int64
	created  int64
	events   []*mvccpb.Event
	canceled *pb.WatchResponse
	// last is the mod revision of the last event; progress that of the last bookmark.
	last, progress int64
	// open: the last response was a fragment with more pieces to come.
	open bool
	// settled watchers have been through a barrier.
	settled bool
}

func newStreamLog() *streamLog {
	return &streamLog{live: map[int64]*watcherLog{}, compacted: map[int64]bool{}}
}

func (l *streamLog) bookmarksFrom(revision int64) int {
	count := 0
	for _, bookmark := range l.bookmarks {
		if bookmark >= revision {
			count++
		}
	}
	return count
}

// answered counts the creations that have been answered.
func (l *streamLog) answered() int { return len(l.watchers) + len(l.refusals) }

func (l *streamLog) fault(format string, args ...any) {
	l.faults = append(l.faults, fmt.Sprintf(format, args...))
}

func (l *streamLog) add(response *pb.WatchResponse) {
	switch {
	case response.Created && response.Canceled:
		l.refusals = append(l.refusals, response)
	case response.Created:
		l.create(response)
	case response.WatchId == -1:
		l.streamProgress(response)
	default:
		l.addToWatcher(response)
	}
}

func (l *streamLog) create(response *pb.WatchResponse) {
	if l.live[response.WatchId] != nil {
		l.fault("watcher %d created twice", response.WatchId)
	}
	w := &watcherLog{id: response.WatchId, created: response.Header.GetRevision()}
	l.live[response.WatchId] = w
	l.watchers = append(l.watchers, w)
}

func (l *streamLog) streamProgress(response *pb.WatchResponse) {
	if len(response.Events) > 0 {
		l.fault("events for the stream as a whole")
	}
	l.bookmarks = append(l.bookmarks, response.Header.GetRevision())
	for _, w := range l.live {
		// A bookmark may overtake the first events of a watcher that was created after the request.
		if w.settled {
			w.progress = max(w.progress, response.Header.GetRevision())
		}
	}
}

func (l *streamLog) addToWatcher(response *pb.WatchResponse) {
	w := l.live[response.WatchId]
	switch {
	case w == nil && response.Canceled && l.compacted[response.WatchId]:
		delete(l.compacted, response.WatchId)
	case w == nil:
		l.fault("response for watcher %d, which is not there: %s", response.WatchId, compact(response))
	case response.Canceled:
		w.canceled = response
		l.compacted[w.id] = response.CompactRevision != 0
		delete(l.live, response.WatchId)
	case len(response.Events) == 0:
		w.progress = max(w.progress, response.Header.GetRevision())
	default:
		w.addEvents(l, response)
	}
}

func (w *watcherLog) addEvents(l *streamLog, response *pb.WatchResponse) {
	first := response.Events[0].Kv.ModRevision
	if first == w.last && !w.open {
		l.fault("watcher %d: revision %d is split over responses", w.id, first)
	}
	for _, event := range response.Events {
		w.addEvent(l, event)
	}
	if response.Header.GetRevision() < w.last {
		l.fault("watcher %d: header revision %d below event %d", w.id, response.Header.GetRevision(), w.last)
	}
	w.open = response.Fragment
}

func (w *watcherLog) addEvent(l *streamLog, event *mvccpb.Event) {
	revision := event.Kv.ModRevision
	if revision < w.last {
		l.fault("watcher %d: event %d after %d", w.id, revision, w.last)
	}
	if revision <= w.progress {
		l.fault("watcher %d: event %d after progress %d", w.id, revision, w.progress)
	}
	w.last = revision
	w.events = append(w.events, event)
}
