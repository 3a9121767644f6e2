package jobs

import (
	"context"
	"errors"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"chatd/internal/chat"
	"chatd/internal/store"
)

// TaskArgs are those of a job that does a client's task (GET /tasks/{id}).
type TaskArgs interface {
	Args
	// Task names it.
	Task() (app chat.AppID, id string)
}

// HandleTask registers what does the tasks of a kind. It ends the task: with the
// result, or as failed once it is not tried again.
func HandleTask[T TaskArgs](q *Queue, s *store.Store, work func(context.Context, T) (jsontext.Value, error)) {
	river.AddWorker(q.kinds, &worker[T]{work: func(ctx context.Context, j *river.Job[T]) error {
		result, err := work(ctx, j.Args)
		failed := ""
		if err != nil {
			if !isLast(j.JobRow, err) {
				return err
			}
			failed = reason(err)
		}
		app, id := j.Args.Task()
		return errors.Join(err, s.App(app).InTx(ctx, func(tx *store.Tx) error { return tx.EndTask(ctx, id, result, failed) }))
	}})
}

// isLast tells whether a job that failed with err is not tried again.
func isLast(j *rivertype.JobRow, err error) bool {
	_, cancelled := errors.AsType[*rivertype.JobCancelError](err)
	return j.Attempt >= j.MaxAttempts || cancelled
}

// reason is why a task failed, in words for the client: what is not meant for him
// stays in the log.
func reason(err error) string {
	if e, ok := errors.AsType[*chat.Error](err); ok {
		return e.Message
	}
	return "internal error"
}
