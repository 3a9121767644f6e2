package retention

import (
	"context"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/chat"
	"chatd/internal/store"
)

// The limits of a query of runs.
const (
	defaultRuns = 25
	maxRuns     = 100
)

// RunsRequest asks what was removed.
type RunsRequest struct {
	Filter jsontext.Value `json:"filter_conditions"`
	Sort   jsontext.Value `json:"sort"`
	Limit  int            `json:"limit"`
	Next   string         `json:"next"`
	Prev   string         `json:"prev"`
}

// Validate checks the page.
func (r *RunsRequest) Validate() error {
	return chat.CheckRange("limit", r.Limit, maxRuns)
}

// RunsResponse is a page of runs.
type RunsResponse struct {
	Runs []Run  `json:"runs"`
	Next string `json:"next,omitzero"`
	Prev string `json:"prev,omitzero"`
}

// Run is what a policy removed on a day.
type Run struct {
	AppPK  chat.AppID `json:"app_pk"`
	Policy string     `json:"policy"`
	Date   string     `json:"date"`
	Stats  RunStats   `json:"stats"`
}

// RunStats count what was removed. The other one is absent.
type RunStats struct {
	MessagesDeleted *int `json:"messages_deleted,omitzero"`
	ChannelsDeleted *int `json:"channels_deleted,omitzero"`
}

// Runs returns what the app's policies have removed, by day, the newest first unless
// the request says otherwise.
func (s *Service) Runs(ctx context.Context, r *RunsRequest) (*RunsResponse, error) {
	if r.Limit == 0 {
		r.Limit = defaultRuns
	}
	app := s.app(ctx)
	list, next, prev, err := app.QueryRetentionRuns(ctx, store.Query{Filter: r.Filter, Sort: r.Sort, Limit: r.Limit, Next: r.Next, Prev: r.Prev})
	if err != nil {
		return nil, err
	}
	out := &RunsResponse{Next: next, Prev: prev}
	for _, run := range list {
		v := Run{AppPK: app.ID, Policy: run.Policy, Date: run.Date.Format(time.DateOnly)}
		if run.Policy == inactiveChannels {
			v.Stats.ChannelsDeleted = &run.ChannelsDeleted
		} else {
			v.Stats.MessagesDeleted = &run.MessagesDeleted
		}
		out.Runs = append(out.Runs, v)
	}
	return out, nil
}
