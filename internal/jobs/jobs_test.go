package jobs_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/chat"
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

// errand is a client's task of these tests.
type errand struct {
	ID   string `json:"id"`
	Fail string `json:"fail"`
}

// Kind names the job.
func (errand) Kind() string { return "test_errand" }

// Task names the task.
func (e errand) Task() (chat.AppID, string) { return 1, e.ID }

func (e errand) end() error {
	switch e.Fail {
	case "":
		return nil
	case "clearly":
		return jobs.Give(chat.Errorf(chat.Invalid, "no such file"))
	default:
		return jobs.Give(errors.New(e.Fail))
	}
}

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
	jobs.HandleTask(q, st, func(_ context.Context, e errand) (jsontext.Value, error) {
		return jsontext.Value(`{"done":true}`), e.end()
	})
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

func TestTasksEnd(t *testing.T) {
	t.Parallel()
	b := start(t, func(note, int) error { return nil })
	for _, tt := range []struct{ fail, status, reason string }{
		{"", store.TaskCompleted, ""},
		{"clearly", store.TaskFailed, "no such file"},
		{"password of the database: 1234", store.TaskFailed, "internal error"},
	} {
		var id string
		err := b.app.InTx(t.Context(), func(tx *store.Tx) (err error) {
			if id, err = tx.CreateTask(t.Context()); err != nil {
				return err
			}
			return b.q.Enqueue(t.Context(), tx, errand{ID: id, Fail: tt.fail}, time.Time{})
		})
		if err != nil {
			t.Fatal(err)
		}
		task := b.await(id)
		if task.Status != tt.status || task.Error != tt.reason {
			t.Errorf("%q: %+v", tt.fail, task)
		}
		if tt.fail == "" && !strings.Contains(string(task.Result), `"done"`) {
			t.Errorf("result %s", task.Result)
		}
	}
}

// await returns a task when it has ended.
func (b *bench) await(id string) *store.Task {
	b.t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for timeout := time.After(patience); ; {
		task, err := b.app.Task(b.t.Context(), id)
		if err != nil {
			b.t.Fatal(err)
		}
		if task.Status != store.TaskWaiting {
			return task
		}
		select {
		case <-tick.C:
		case <-timeout:
			b.t.Fatalf("task %s does not end", id)
		}
	}
}

func TestWithdraw(t *testing.T) {
	t.Parallel()
	b := start(t, func(note, int) error { return nil })
	var id int64
	err := b.app.InTx(t.Context(), func(tx *store.Tx) (err error) {
		id, err = b.q.Schedule(t.Context(), tx, note{"withdrawn"}, time.Now().Add(500*time.Millisecond))
		return err
	})
	if err != nil || id == 0 {
		t.Fatal(id, err)
	}
	for _, job := range []int64{id, id, 0} { // once more, and none
		if err := b.app.InTx(t.Context(), func(tx *store.Tx) error { return b.q.Withdraw(t.Context(), tx, job) }); err != nil {
			t.Fatal(err)
		}
	}
	b.enqueue("the next", time.Now().Add(time.Second), nil)
	b.expect("the next")
}
