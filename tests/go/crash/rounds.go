package crash

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/grpc"

	"braid/tests/member"
	"braid/tests/record"
)

// patience bounds each check; the machine may be busy.
const patience = 60 * time.Second

// roundsKept is how many rounds of history stay before a compaction takes them.
const roundsKept = 3

// Trial is one data directory that lives through many kills.
type Trial struct {
	member *member.Member
	random *rand.Rand
	// base is the state before the first revision of story; story is the history that was seen.
	base  *state
	story []*group
	// leases are all that may be alive.
	leases []*leaseRecord
	round  int
	// coresAfter draws the number of cores of the next start.
	coresAfter func() int
	// undo takes back what was not synced, when the server runs in its test mode.
	undo func() error
	// recorder writes down all that is asked and answered.
	recorder *record.Recorder
	// Kills counts writes that were acknowledged and revisions that were checked.
	acknowledged, revisions int
}

// NewTrial is a trial on a fresh server, all connections to which recorder has seen.
func NewTrial(m *member.Member, recorder *record.Recorder, seed uint64) *Trial {
	return &Trial{member: m, recorder: recorder, random: rand.New(rand.NewPCG(seed, 2)), base: newState(),
		coresAfter: func() int { return 0 }, undo: func() error { return nil }}
}

// Round is one storm, one kill, one restart and all checks.
func (t *Trial) Round() error {
	t.round++
	storm := &storm{round: t.round}
	rage := time.Duration(30+t.random.IntN(400)) * time.Millisecond
	if err := storm.run(t.member, t.random, rage, t.current()+1, t.compactRevision()); err != nil {
		return err
	}
	if err := t.undo(); err != nil {
		return fmt.Errorf("undoing unsynced writes: %w", err)
	}
	t.member.SetCores(t.coresAfter())
	t.recorder.Restart()
	if err := t.member.Restart(); err != nil {
		return err
	}
	if err := t.check(storm); err != nil {
		return fmt.Errorf("round %d: %w", t.round, err)
	}
	return nil
}

// current is the last revision that was checked.
func (t *Trial) current() int64 { return t.base.revision + int64(len(t.story)) }

// compactRevision is 0 in most rounds.
func (t *Trial) compactRevision() int64 {
	if t.round%roundsKept != 0 {
		return 0
	}
	return t.base.revision
}

func (t *Trial) check(s *storm) error {
	if err := errors.Join(s.faults...); err != nil {
		return err
	}
	conn, err := t.member.Dial()
	if err != nil {
		return err
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	before := t.current()
	if err := t.extendStory(ctx, conn); err != nil {
		return err
	}
	now, err := t.checkStory(s, before)
	if err != nil {
		return err
	}
	for _, check := range []struct {
		what string
		run  func() error
	}{
		{"watcher before the kill", func() error { return samePrefix(t.story[before-t.base.revision:], s.seen) }},
		{"reads before the kill", func() error { return t.checkReads(s) }},
		{"read of everything", func() error { return t.checkNow(ctx, conn, now) }},
		{"reads of the past", func() error { return t.checkPast(ctx, conn) }},
		{"resumed watches", func() error { return t.checkResumed(ctx, conn) }},
		{"leases", func() error { return t.checkLeases(ctx, conn, s, now) }},
		{"compaction", func() error { return checkCompacted(ctx, conn, s.compacted) }},
	} {
		if err := check.run(); err != nil {
			return fmt.Errorf("%s: %w", check.what, err)
		}
	}
	t.forget()
	return nil
}

// extendStory reads all history since base: what was known must be unchanged.
func (t *Trial) extendStory(ctx context.Context, conn *grpc.ClientConn) error {
	answer, err := pb.NewKVClient(conn).Range(ctx, &pb.RangeRequest{Key: []byte{0}, CountOnly: true})
	if err != nil {
		return fmt.Errorf("first read: %w", err)
	}
	if answer.Header.Revision < t.current() {
		return fmt.Errorf("revision is %d after the restart, it was %d", answer.Header.Revision, t.current())
	}
	story, err := history(ctx, conn, t.base.revision+1, answer.Header.Revision)
	if err != nil {
		return err
	}
	if err := samePrefix(story, t.story); err != nil {
		return fmt.Errorf("known history after the restart: %w", err)
	}
	t.story = story
	return nil
}

// checkStory replays history and attributes the new part of it to the storm's writes.
func (t *Trial) checkStory(s *storm, before int64) (*state, error) {
	state := t.base.clone()
	known := before - t.base.revision
	for _, g := range t.story[:known] {
		if err := state.apply(g); err != nil {
			return nil, err
		}
	}
	attribution, err := newAttribution(s.writes)
	if err != nil {
		return nil, err
	}
	for _, g := range t.story[known:] {
		if err := attribution.take(g, state); err != nil {
			return nil, err
		}
	}
	t.revisions += len(t.story[known:])
	for _, w := range s.writes {
		if w.acknowledged {
			t.acknowledged++
		}
	}
	return state, attribution.finish()
}

// forget moves base on, so that the checks do not grow with every round.
func (t *Trial) forget() {
	if t.round%roundsKept != roundsKept-1 {
		return
	}
	keep := len(t.story) / 4
	for _, g := range t.story[:len(t.story)-keep] {
		// It was applied without error when it was checked.
		_ = t.base.apply(g)
	}
	t.story = t.story[len(t.story)-keep:]
}
