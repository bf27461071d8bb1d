package differential

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"braid/tests/member"
)

var (
	seeds     = flag.Int("seeds", 4, "runs, each with a seed of its own")
	firstSeed = flag.Uint64("seed", 1, "seed of the first run")
	opCount   = flag.Int("ops", 3000, "operations in a run")
	shrinkFor = flag.Duration("shrink", time.Minute, "time to make a failing run smaller; 0 to leave it")
)

// TestSameAnswers is the comparison itself: one subtest for each seed.
func TestSameAnswers(t *testing.T) {
	server, reference := member.ServerBinary(t), member.ReferenceBinary(t)
	for i := range *seeds {
		seed := *firstSeed + uint64(i)
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			setup := newSetup(member.WorkDir(t), reference, server, seed)
			ops, err := Run(setup, seed, *opCount)
			if err != nil {
				report(t, setup, seed, ops, err)
			}
		})
	}
}

// frequentProgress makes bookmarks come between the events, where they can be wrong.
const frequentProgress = "--watch-progress-notify-interval=200ms"

// newSetup varies cores and shards with the seed.
func newSetup(dir, reference, server string, seed uint64) Setup {
	shapes := []struct{ cores, shards int }{{2, 16}, {1, 1}, {1, 16}, {2, 4}}
	shape := shapes[seed%uint64(len(shapes))]
	return Setup{
		Dir:       dir,
		Reference: member.Config{Binary: reference, Args: []string{frequentProgress, "--unsafe-no-fsync"}},
		Server:    member.Config{Binary: server, Args: []string{frequentProgress}, Cores: shape.cores, Shards: shape.shards},
	}
}

// report prints the mismatch, how to see it again, and a shorter list of operations for it.
func report(t *testing.T, setup Setup, seed uint64, ops []Op, err error) {
	t.Errorf("seed %d: %v\nreplay: tests/run.sh differential -seed %d -seeds 1 -ops %d", seed, err, seed, *opCount)
	path := filepath.Join(setup.Dir, "operations")
	_ = os.WriteFile(path, []byte(Report(ops)), 0o644)
	var mismatch *Mismatch
	if !errors.As(err, &mismatch) || *shrinkFor == 0 {
		return
	}
	small, last := Shrink(setup, ops, *shrinkFor)
	if last == nil {
		t.Logf("the mismatch did not come again in a replay; all operations are in %s", path)
		return
	}
	t.Logf("%d operations are enough (all %d are in %s):\n%s%v", len(small), len(ops), path, Report(small), last)
}
