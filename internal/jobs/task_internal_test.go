package jobs

import (
	"errors"
	"testing"

	"github.com/riverqueue/river/rivertype"
)

func TestIsLast(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		attempt int
		err     error
		want    bool
	}{
		{1, errors.New("x"), false},
		{maxAttempts - 1, errors.New("x"), false},
		{maxAttempts, errors.New("x"), true},
		{1, Give(errors.New("x")), true},
	} {
		if got := isLast(&rivertype.JobRow{Attempt: tt.attempt, MaxAttempts: maxAttempts}, tt.err); got != tt.want {
			t.Errorf("try %d, %v: %v", tt.attempt, tt.err, got)
		}
	}
}
