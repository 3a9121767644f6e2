package appadmin

import (
	"context"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// TaskRequest names a task.
type TaskRequest struct {
	ID string `path:"id" json:"-"`
}

// TaskResponse is how far a task has come: status is waiting, completed or failed.
type TaskResponse struct {
	TaskID    string         `json:"task_id"`
	Status    string         `json:"status"`
	CreatedAt time.Time      `json:"created_at"`
	UpdatedAt time.Time      `json:"updated_at"`
	Result    jsontext.Value `json:"result,omitzero"`
	Error     *TaskError     `json:"error,omitzero"`
}

// TaskError is why a task failed.
type TaskError struct {
	Type        string `json:"type"`
	Description string `json:"description"`
}

// GetTask tells how far a task has come.
func (s *Service) GetTask(ctx context.Context, r *TaskRequest) (*TaskResponse, error) {
	_, app := s.app(ctx)
	t, err := app.Task(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	out := &TaskResponse{TaskID: t.ID, Status: t.Status, CreatedAt: t.CreatedAt, UpdatedAt: t.UpdatedAt, Result: t.Result}
	if t.Error != "" {
		out.Error = &TaskError{Type: "error", Description: t.Error}
	}
	return out, nil
}
