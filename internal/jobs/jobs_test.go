package jobs_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"chatd/internal/jobs"
	"chatd/internal/store"
	"chatd/internal/testkit/testdb"
)

func TestMain(m *testing.M) { testdb.Main(m) }

// note is a job of these tests.
type note struct {
	Text string `json:"text"`
}

// Kind names the job.
func (note) Kind() string { return "test_note" }

const patience = 20 * time.Second

// bench is a queue that runs, and what it did.
type bench struct {
	t    *testing.T
	app  *store.App
	q    *jobs.Queue
	done chan string
}

func start(t *testing.T, work func(n note, try int) error) *bench {
	t.Helper()
	dsn := testdb.Isolated(t)
	st, err := store.Open(t.Context(), dsn, store.Options{MaxConns: 2})
	if err != nil {
		t.Fatal(err)
	}
	q, err := jobs.New(t.Context(), dsn, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, app: st.App(1), q: q, done: make(chan string, 100)}
	var mu sync.Mutex
	tries := map[string]int{}
	jobs.Handle(q, func(_ context.Context, n note) error {
		mu.Lock()
		tries[n.Text]++
		try := tries[n.Text]
		mu.Unlock()
		err := work(n, try)
		b.done <- n.Text
		return err
	})
	if err := q.Open(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := q.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { cancel(); wg.Wait(); st.Close() })
	return b
}

func (b *bench) enqueue(text string, at time.Time, end error) {
	b.t.Helper()
	err := b.app.InTx(b.t.Context(), func(tx *store.Tx) error {
		if err := b.q.Enqueue(b.t.Context(), tx, note{text}, at); err != nil {
			return err
		}
		return end
	})
	if !errors.Is(err, end) {
		b.t.Fatal(err)
	}
}

func (b *bench) expect(text string) {
	b.t.Helper()
	select {
	case got := <-b.done:
		if got != text {
			b.t.Fatalf("did %q, want %q", got, text)
		}
	case <-time.After(patience):
		b.t.Fatalf("%q was not done", text)
	}
}

func TestJobsFollowTheirTransaction(t *testing.T) {
	t.Parallel()
	b := start(t, func(note, int) error { return nil })
	b.enqueue("rolled back", time.Time{}, errors.New("no"))
	b.enqueue("committed", time.Time{}, nil)
	b.expect("committed")
	due := time.Now().Add(1500 * time.Millisecond)
	b.enqueue("later", due, nil)
	b.expect("later")
	if now := time.Now(); now.Before(due) {
		t.Errorf("done %v too early", due.Sub(now))
	}
}

func TestJobsAreTriedAgain(t *testing.T) {
	t.Parallel()
	b := start(t, func(n note, try int) error {
		switch {
		case n.Text == "hopeless":
			return jobs.Give(errors.New("no use"))
		case try == 1:
			return errors.New("not yet")
		}
		return nil
	})
	b.enqueue("hopeless", time.Time{}, nil)
	b.expect("hopeless")
	b.enqueue("shaky", time.Time{}, nil)
	b.expect("shaky") // fails
	b.expect("shaky") // works; "hopeless" is not done again meanwhile
}
