package differential

import (
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Run draws operations from seed and sends them to both servers. The operations sent so far are
// returned with the first mismatch.
func Run(setup Setup, seed uint64, count int) ([]Op, error) {
	p, err := startPair(setup)
	if err != nil {
		return nil, err
	}
	defer p.stop()
	generator := NewGenerator(seed)
	var sent []Op
	for step := range count {
		generator.Revision, generator.Compacted = p.revision, p.compacted
		op := generator.Next()
		sent = append(sent, op)
		if mismatch := p.step(op); mismatch != nil {
			mismatch.Step = step
			return sent, mismatch
		}
	}
	end := Op{Kind: Restart}
	if mismatch := p.step(end); mismatch != nil {
		mismatch.Step = count
		return append(sent, end), mismatch
	}
	return sent, nil
}

// Replay sends a list of operations to fresh servers.
func Replay(setup Setup, ops []Op) error {
	p, err := startPair(setup)
	if err != nil {
		return err
	}
	defer p.stop()
	for step, op := range ops {
		if mismatch := p.step(op); mismatch != nil {
			mismatch.Step = step
			return mismatch
		}
	}
	return nil
}

// Shrink removes operations while the rest still shows a mismatch, until nothing more can go or
// the time is over.
func Shrink(setup Setup, ops []Op, limit time.Duration) ([]Op, error) {
	var last error
	deadline := time.Now().Add(limit)
	attempt := 0
	fails := func(ops []Op) bool {
		attempt++
		trial := setup
		trial.Dir = filepath.Join(setup.Dir, fmt.Sprintf("shrink-%d", attempt))
		defer os.RemoveAll(trial.Dir)
		err := Replay(trial, ops)
		if _, isMismatch := err.(*Mismatch); isMismatch {
			last = err
			return true
		}
		return false
	}
	for chunk := len(ops) / 2; chunk > 0; chunk /= 2 {
		ops = removeChunks(ops, chunk, func(ops []Op) bool {
			return time.Now().Before(deadline) && fails(ops)
		})
	}
	return ops, last
}

// removeChunks tries to leave out each run of chunk operations but the last operation.
func removeChunks(ops []Op, chunk int, fails func([]Op) bool) []Op {
	for start := len(ops) - 1 - chunk; start >= 0; start -= chunk {
		without := append(append([]Op{}, ops[:start]...), ops[start+chunk:]...)
		if fails(without) {
			ops = without
		}
	}
	return ops
}
