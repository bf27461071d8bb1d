package record

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"braid/tests/member"
)

// Verdicts of the judge, which are its exit codes.
const (
	good   = 0
	broken = 1
)

// MustBeGood ends the history and has it judged.
func (r *Recorder) MustBeGood(t testing.TB) {
	t.Helper()
	r.mustBe(t, good, r.finished(t))
}

// MustBeBroken ends the history and has it judged: the server under test has broken promises.
func (r *Recorder) MustBeBroken(t testing.TB) {
	t.Helper()
	r.mustBe(t, broken, r.finished(t))
}

// MustBeBrokenBy ends the history, changes its lines and has it judged: the change must be found.
func (r *Recorder) MustBeBrokenBy(t testing.TB, change func(line string) string) {
	t.Helper()
	history := r.finished(t)
	r.mustBe(t, good, history)
	var changed strings.Builder
	for line := range strings.Lines(history) {
		changed.WriteString(change(line))
	}
	r.mustBe(t, broken, changed.String())
}

// finished is the text of the whole history.
func (r *Recorder) finished(t testing.TB) string {
	t.Helper()
	if err := r.Finish(); err != nil {
		t.Fatal(err)
	}
	history, err := os.ReadFile(r.Path())
	if err != nil {
		t.Fatal(err)
	}
	return string(history)
}

func (r *Recorder) mustBe(t testing.TB, want int, history string) {
	t.Helper()
	judge := exec.Command(member.JudgeBinary(t), "-")
	judge.Stdin = strings.NewReader(history)
	report, err := judge.CombinedOutput()
	status := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		status = exit.ExitCode()
	} else if err != nil {
		t.Fatal(err)
	}
	if status != want {
		t.Errorf("the judge's status is %d, not %d:\n%s\nhistory: %s", status, want, report, r.Path())
		return
	}
	t.Logf("%s", report)
}
