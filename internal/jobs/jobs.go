package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"

	"chatd/internal/store"
)

// Args are what a job works on, kept as JSON. Kind names what is to be done, for
// good: jobs outlive the version that enqueued them, so a kind is never given
// another meaning and a field never another type. They name their app.
type Args interface {
	Kind() string
}

// The bounds of jobs.
const (
	timeout     = time.Minute     // of a try; longer work is split into several jobs
	rescueAfter = 2 * time.Minute // a try without an end is taken for dead: its node was killed
	softStop    = 10 * time.Second
	workers     = 50 // at once, on this node
	cooldown    = 20 * time.Millisecond
	poll        = time.Second // where notifications do not come through, and for what falls due
	maxAttempts = 20          // about two weeks, with River's growing pauses
	connections = 4           // of this node, beside those of the store
)

// Queue runs jobs. Its zero value is not usable: see New.
type Queue struct {
	pool   *pgxpool.Pool
	log    *slog.Logger
	kinds  *river.Workers
	timed  []*river.PeriodicJob
	client *river.Client[pgx.Tx]
}

// New returns a queue on the database at dsn: a direct connection to PostgreSQL,
// not a transaction pooler, through which no notifications come. Kinds are
// registered next, then it is opened (Open).
func New(ctx context.Context, dsn string, log *slog.Logger) (*Queue, error) {
	cfg, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("jobs: database url: %w", err)
	}
	cfg.MaxConns = connections
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("jobs: %w", err)
	}
	return &Queue{pool: pool, log: log, kinds: river.NewWorkers()}, nil
}

// worker is a kind's function as River wants it.
type worker[T Args] struct {
	river.WorkerDefaults[T]

	work func(context.Context, *river.Job[T]) error
}

// Work does the job.
func (w *worker[T]) Work(ctx context.Context, j *river.Job[T]) error {
	return w.work(context.WithValue(ctx, attemptKey{}, j.Attempt), j)
}

type attemptKey struct{}

// Attempt tells a job how often it was tried, with this time: from 1 on.
func Attempt(ctx context.Context) int {
	n, _ := ctx.Value(attemptKey{}).(int)
	return max(1, n)
}

// Handle registers what does the jobs of a kind. An error has the job tried again,
// later and later; an error made by Give ends it.
func Handle[T Args](q *Queue, work func(context.Context, T) error) {
	river.AddWorker(q.kinds, &worker[T]{work: func(ctx context.Context, j *river.Job[T]) error { return work(ctx, j.Args) }})
}

// Every has a job done at intervals, beginning now, by one node of all: once in each,
// or not at all while no node is up.
func Every(q *Queue, interval time.Duration, args Args) {
	q.timed = append(q.timed, river.NewPeriodicJob(river.PeriodicInterval(interval),
		func() (river.JobArgs, *river.InsertOpts) { return args, nil }, &river.PeriodicJobOpts{RunOnStart: true}))
}

// Give marks an error that trying again would not change.
func Give(err error) error { return river.JobCancel(err) }

// Open ends the registration of kinds. The queue takes jobs from then on.
func (q *Queue) Open() error {
	var err error
	q.client, err = river.NewClient(riverpgxv5.New(q.pool), &river.Config{
		Logger: slog.New(warnings{q.log.Handler()}), Workers: q.kinds, PeriodicJobs: q.timed,
		Queues:        map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: workers}},
		FetchCooldown: cooldown, FetchPollInterval: poll, JobTimeout: timeout, RescueStuckJobsAfter: rescueAfter,
		MaxAttempts: maxAttempts, SoftStopTimeout: softStop, FetchOnlyKnownKinds: true,
	})
	if err != nil {
		q.pool.Close()
		return fmt.Errorf("jobs: %w", err)
	}
	return nil
}

// warnings leaves out what River tells of its ordinary life.
type warnings struct{ slog.Handler }

// Enabled tells whether a record of the level is worth writing.
func (w warnings) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && w.Handler.Enabled(ctx, level)
}

// Enqueue has a job done once the transaction has committed, not before at; a zero
// at means at once. Nothing is left of it when the transaction is rolled back.
func (q *Queue) Enqueue(ctx context.Context, tx *store.Tx, args Args, at time.Time) error {
	_, err := q.Schedule(ctx, tx, args, at)
	return err
}

// Schedule is Enqueue for a job that may be withdrawn before its time: it returns
// the job's id, which is never 0.
func (q *Queue) Schedule(ctx context.Context, tx *store.Tx, args Args, at time.Time) (id int64, err error) {
	r, err := q.client.InsertTx(ctx, tx.SQL(), args, &river.InsertOpts{ScheduledAt: at})
	if err == nil && r.Job.State == rivertype.JobStateScheduled {
		// River has its leader make a job available when it is due, which looks every
		// five seconds, and is elected anew after its node died. Every node looks at the
		// time of available jobs itself, every second.
		_, err = tx.SQL().Exec(ctx, `UPDATE river_job SET state = 'available' WHERE id = $1`, r.Job.ID)
	}
	if err != nil {
		return 0, fmt.Errorf("enqueue %s: %w", args.Kind(), err)
	}
	return r.Job.ID, nil
}

// Withdraw takes back a job that has not begun; nothing happens to one that has, or
// to 0, which is no job.
func (q *Queue) Withdraw(ctx context.Context, tx *store.Tx, id int64) error {
	if id == 0 {
		return nil
	}
	_, err := q.client.JobDeleteTx(ctx, tx.SQL(), id)
	if err != nil && !errors.Is(err, rivertype.ErrNotFound) && !errors.Is(err, rivertype.ErrJobRunning) {
		return fmt.Errorf("withdraw job %d: %w", id, err)
	}
	return nil
}

// Run does jobs until ctx ends, then waits for those that it has begun, a bounded
// time, and closes the queue. While the database is away it tries again.
func (q *Queue) Run(ctx context.Context) error {
	defer q.pool.Close()
	// Started in a context of its own: the end of ctx would cancel what is being done.
	if err := q.start(ctx); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return fmt.Errorf("jobs: %w", err)
	}
	<-ctx.Done()
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*softStop)
	defer cancel()
	if err := q.client.Stop(stop); err != nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("jobs: %w", err)
	}
	return nil
}

// startEvery is how often the start is tried while the database does not answer.
const startEvery = 500 * time.Millisecond

func (q *Queue) start(ctx context.Context) error {
	tick := time.NewTicker(startEvery)
	defer tick.Stop()
	for {
		err := q.client.Start(context.WithoutCancel(ctx))
		if err == nil {
			return nil
		}
		q.log.Warn("jobs do not start", "error", err)
		select {
		case <-ctx.Done():
			return err
		case <-tick.C:
		}
	}
}
