package store

import (
	"context"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/chat"
)

// The states of a task.
const (
	TaskWaiting   = "waiting"
	TaskCompleted = "completed"
	TaskFailed    = "failed"
)

// Task is work that goes on after the request that asked for it.
type Task struct {
	ID        string         `db:"id"`
	Status    string         `db:"status"`
	Result    jsontext.Value `db:"result"` // an object
	Error     string         `db:"error"`  // why it failed, in words for the client
	CreatedAt time.Time      `db:"created_at"`
	UpdatedAt time.Time      `db:"updated_at"`
}

// CreateTask records a task that waits to be done and returns its id.
func (t *Tx) CreateTask(ctx context.Context) (string, error) {
	id, now := chat.NewID(), t.Now()
	_, err := exec(ctx, t.db, `INSERT INTO tasks (app_id, id, status, created_at, updated_at) VALUES ($1, $2, $3, $4, $4)`, t.ID, id, TaskWaiting, now)
	return id, err
}

// EndTask records how a task ended: with a result, or failed for the reason.
func (t *Tx) EndTask(ctx context.Context, id string, result jsontext.Value, failed string) error {
	status := TaskCompleted
	if failed != "" {
		status = TaskFailed
	}
	_, err := exec(ctx, t.db, `UPDATE tasks SET status = $3, result = $4, error = $5, updated_at = $6 WHERE app_id = $1 AND id = $2`,
		t.ID, id, status, object(result), failed, t.Now())
	return err
}

// Task returns a task; NotFound when there is none.
func (a *App) Task(ctx context.Context, id string) (*Task, error) {
	task, err := maybe[Task](ctx, a.db, `SELECT id, status, result, error, created_at, updated_at FROM tasks WHERE app_id = $1 AND id = $2`, a.ID, id)
	if err == nil && task == nil {
		err = chat.Errorf(chat.NotFound, "Can't find task with id %s", id)
	}
	return task, err
}
