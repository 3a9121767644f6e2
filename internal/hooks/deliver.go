package hooks

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"chatd/internal/chat"
	"chatd/internal/jobs"
	"chatd/internal/outbound"
	"chatd/internal/store"
)

// The bounds of deliveries.
const (
	deliveryTimeout = 6 * time.Second
	deliveryAnswer  = 1 << 20 // bytes
	deliveryTries   = 10      // over some hours, with growing pauses
)

// delivery is the job that posts something to an app's server.
type delivery struct {
	App  chat.AppID `json:"app"`
	ID   string     `json:"id"`
	URL  string     `json:"url"`
	Body string     `json:"body"`
}

// Kind names the job.
func (delivery) Kind() string { return "hook_delivery" }

// HandleJobs registers the jobs.
func (c *Caller) HandleJobs() { jobs.Handle(c.Jobs, c.deliver) }

// Enqueue has a body posted when the transaction has committed.
func (c *Caller) Enqueue(ctx context.Context, tx *store.Tx, url string, body []byte) error {
	return c.Jobs.Enqueue(ctx, tx, delivery{App: tx.ID, ID: chat.NewID(), URL: url, Body: string(body)}, time.Time{})
}

// deliver posts. It is tried again where that may change something: after a failure
// on the way, and when the server says that it was its own fault, or too much.
func (c *Caller) deliver(ctx context.Context, d delivery) error {
	app, err := c.Store.App(d.App).App(ctx)
	if err != nil {
		return err
	}
	attempt := jobs.Attempt(ctx)
	answer, err := c.Post(ctx, app, &Post{
		URL: d.URL, Body: []byte(d.Body), ID: d.ID, Attempt: attempt, Timeout: deliveryTimeout, MaxAnswer: deliveryAnswer,
	})
	var again bool
	switch {
	case errors.Is(err, outbound.ErrTooBig):
		return nil // it was taken, with many words: errors have fewer
	case err != nil:
		again = !errors.Is(err, outbound.ErrURL)
	case answer.OK():
		return nil
	default:
		again = answer.Status >= http.StatusInternalServerError || answer.Status == http.StatusTooManyRequests || answer.Status == http.StatusRequestTimeout
		err = fmt.Errorf("%s answered %d", d.URL, answer.Status)
	}
	if !again || attempt >= deliveryTries {
		return jobs.Give(err)
	}
	return err
}
