package crash

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"braid/tests/member"
	"braid/tests/record"
)

var (
	kills = flag.Int("kills", 2, "kills in each configuration")
	seed  = flag.Uint64("seed", 1, "seed of the storms")
)

// TestKilledServerKeepsItsPromises varies shards and cores; each start has another number of
// cores than the last one may have had.
func TestKilledServerKeepsItsPromises(t *testing.T) {
	binary := member.ServerBinary(t)
	for _, shards := range []int{1, 4, 16} {
		for _, cores := range []int{1, 2} {
			t.Run(fmt.Sprintf("shards=%d,cores=%d", shards, cores), func(t *testing.T) {
				trial := recordedTrial(t, member.Config{Binary: binary, Shards: shards, Cores: cores})
				cores := rand.New(rand.NewPCG(*seed, uint64(shards)))
				trial.coresAfter = func() int { return 1 + cores.IntN(2) }
				survive(t, trial, *kills)
			})
		}
	}
}

// recordedTrial runs the server and writes down all that is asked of it.
func recordedTrial(t *testing.T, cfg member.Config) *Trial {
	t.Helper()
	recorder, err := record.Create(filepath.Join(member.WorkDir(t), "history.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	cfg.Dial = recorder.Options()
	return NewTrial(member.Run(t, cfg), recorder, *seed)
}

func survive(t *testing.T, trial *Trial, kills int) {
	t.Helper()
	for range kills {
		if err := trial.Round(); err != nil {
			t.Fatalf("%v\nserver's log ends:\n%s", err, trial.member.LogTail())
		}
	}
	trial.recorder.MustBeGood(t)
	t.Logf("%d kills, %d acknowledged writes, %d revisions checked", kills, trial.acknowledged, trial.revisions)
}

// TestUnsyncedWritesMayBeLost adds what a SIGKILL alone does not do: the kernel loses random
// sectors of all that was written and not yet synced.
func TestUnsyncedWritesMayBeLost(t *testing.T) {
	for _, shards := range []int{1, 4, 16} {
		t.Run(fmt.Sprintf("shards=%d", shards), func(t *testing.T) {
			survive(t, journaledTrial(t, shards), *kills)
		})
	}
}

// TestServerThatNeverSyncsIsFound: the test above must be able to fail.
func TestServerThatNeverSyncsIsFound(t *testing.T) {
	trial := journaledTrial(t, 4, skipSyncVariable+"=1")
	const attempts = 10
	for range attempts {
		if err := trial.Round(); err != nil {
			t.Log("found:", err)
			// A server that refuses what its disk holds has told its clients nothing wrong.
			if trial.member.Running() {
				trial.recorder.MustBeBroken(t)
			}
			return
		}
	}
	t.Fatalf("a server that never syncs survived %d kills", attempts)
}

// TestChangedRecordIsFound: the judge must be able to fail on what real servers answer.
func TestChangedRecordIsFound(t *testing.T) {
	trial := recordedTrial(t, member.Config{Binary: member.ServerBinary(t)})
	if err := trial.Round(); err != nil {
		t.Fatal(err)
	}
	trial.recorder.MustBeBrokenBy(t, func(line string) string {
		if !strings.Contains(line, `"event":"told"`) {
			return line
		}
		return strings.Replace(line, `"value":"1-`, `"value":"never-`, 1)
	})
}

// journaledTrial runs the server in its test mode.
func journaledTrial(t *testing.T, shards int, environment ...string) *Trial {
	t.Helper()
	folder := member.WorkDir(t)
	trial := recordedTrial(t, member.Config{Binary: member.ServerBinary(t), Shards: shards, Cores: 2,
		Env: append(environment, journalVariable+"="+folder)})
	m := trial.member
	if m.Kind() == member.Etcd {
		t.Skip("etcd has no such mode")
	}
	random := rand.New(rand.NewPCG(*seed, 3))
	trial.undo = func() error { return undoUnsynced(folder, m.DataDir(), random) }
	return trial
}
