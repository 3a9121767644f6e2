package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"chatd/internal/chat"
	"chatd/internal/wire"
)

// Publisher tells the connected world what a transaction did. It is called after
// the commit and before the write is acknowledged.
type Publisher interface {
	Publish(ctx context.Context, p *chat.Publication) error
}

// Presence knows who is connected.
type Presence interface {
	Online(app chat.AppID, userID string) bool
}

// Options are what a Store needs beside the database. Publisher and Presence may
// be set later (Attach), before the first request.
type Options struct {
	MaxConns int // connections to the database; 0 = 20
	Logger   *slog.Logger
	Now      func() time.Time // nil = the clock
}

// Store is the database with its caches and writers.
type Store struct {
	pool     *pgxpool.Pool
	log      *slog.Logger
	now      func() time.Time
	pub      Publisher
	presence Presence
	caches   caches
	writers  []*writer
	writing  sync.WaitGroup // who commits sends
}

// defaultMaxConns suits two to eight cores; PostgreSQL is not faster with more.
const defaultMaxConns = 20

// Open connects to the database at dsn. The schema must be up to date.
func Open(ctx context.Context, dsn string, o Options) (*Store, error) {
	cfg, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("database url: %w", err)
	}
	cfg.MaxConns = int32(defaultMaxConns)
	if o.MaxConns > 0 {
		cfg.MaxConns = int32(o.MaxConns) //nolint:gosec // G115: config bounds it to 1000
	}
	cfg.AfterConnect = func(_ context.Context, c *pgx.Conn) error { registerTypes(c.TypeMap()); return nil }
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("database: %w", err)
	}
	s := &Store{pool: pool, log: o.Logger, now: o.Now, caches: newCaches()}
	if s.now == nil {
		s.now = time.Now
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.startWriters()
	return s, nil
}

// Attach gives the store whom to tell and whom to ask. It must be called before
// the first request; it breaks the circle between the hub, which reads the store,
// and the store, which publishes to the hub.
func (s *Store) Attach(pub Publisher, presence Presence) { s.pub, s.presence = pub, presence }

// Close ends the writers, after what they hold is committed, and the pool.
func (s *Store) Close() {
	s.stopWriters()
	s.pool.Close()
}

// Ping tells whether the database answers.
func (s *Store) Ping(ctx context.Context) error { return s.pool.Ping(ctx) }

// registerTypes makes times come back in UTC and JSON go through package wire.
func registerTypes(m *pgtype.Map) {
	m.RegisterType(&pgtype.Type{Name: "timestamptz", OID: pgtype.TimestamptzOID, Codec: &pgtype.TimestamptzCodec{ScanLocation: time.UTC}})
	jsonb := &pgtype.Type{Name: "jsonb", OID: pgtype.JSONBOID, Codec: &pgtype.JSONBCodec{Marshal: wire.Marshal, Unmarshal: wire.Unmarshal}}
	text := &pgtype.Type{Name: "json", OID: pgtype.JSONOID, Codec: &pgtype.JSONCodec{Marshal: wire.Marshal, Unmarshal: wire.Unmarshal}}
	m.RegisterType(jsonb)
	m.RegisterType(text)
	m.RegisterType(&pgtype.Type{Name: "_jsonb", OID: pgtype.JSONBArrayOID, Codec: &pgtype.ArrayCodec{ElementType: jsonb}})
	m.RegisterType(&pgtype.Type{Name: "_json", OID: pgtype.JSONArrayOID, Codec: &pgtype.ArrayCodec{ElementType: text}})
}

// db is the pool or a transaction.
type db interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults
}

// App is the store as one tenant may see it.
type App struct {
	s  *Store
	db db
	ID chat.AppID
}

// App returns the store of tenant id.
func (s *Store) App(id chat.AppID) *App { return &App{s: s, db: s.pool, ID: id} }

// Now is the time for rows and events, as exact as the database keeps it.
func (a *App) Now() time.Time { return a.s.now().UTC().Truncate(time.Microsecond) }

// Tx is a transaction of one tenant. All methods of App work inside it; what they find
// in caches is from outside, and what they read is not put there.
type Tx struct {
	*App
	tx    pgx.Tx
	items []chat.Item
}

// SQL is the transaction itself, for jobs that are enqueued in it.
func (t *Tx) SQL() pgx.Tx { return t.tx }

// Emit has items published, in order, when the transaction has committed.
func (t *Tx) Emit(items ...chat.Item) { t.items = append(t.items, items...) }

// maxTries bounds how often a transaction is run again after a deadlock or a
// serialization failure.
const maxTries = 5

// InTx runs fn in a transaction and publishes what it emitted. fn must use only
// the Tx, may run several times, and must not change anything outside that a
// second run would change again.
func (a *App) InTx(ctx context.Context, fn func(*Tx) error) error {
	var t *Tx
	err := retry(func() error {
		return pgx.BeginFunc(ctx, a.s.pool, func(tx pgx.Tx) error {
			t = &Tx{App: &App{s: a.s, db: tx, ID: a.ID}, tx: tx}
			return fn(t)
		})
	})
	if err != nil {
		return translate(err)
	}
	return a.publish(ctx, t.items)
}

// Publish tells the world something that needs no transaction.
func (a *App) Publish(ctx context.Context, items ...chat.Item) error { return a.publish(ctx, items) }

// publish drops this node's caches and hands items to the publisher. The write
// has happened, so a publisher's failure is logged and not the caller's.
func (a *App) publish(ctx context.Context, items []chat.Item) error {
	if len(items) == 0 {
		return nil
	}
	for _, it := range items {
		if c, ok := it.(*chat.Change); ok && c.Kind == chat.Stale {
			a.s.Forget(a.ID, c.Key)
		}
	}
	if a.s.pub == nil {
		return nil
	}
	if err := a.s.pub.Publish(context.WithoutCancel(ctx), &chat.Publication{App: a.ID, Items: items}); err != nil {
		a.s.log.Error("publish", "app", a.ID, "items", len(items), "error", err)
	}
	return nil
}

// retry runs fn again while PostgreSQL asks for it.
func retry(fn func() error) error {
	var err error
	for range maxTries {
		if err = fn(); !retryable(err) {
			return err
		}
	}
	return err
}

func retryable(err error) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (e.Code == "40001" || e.Code == "40P01")
}

// unstorable are the codes of what the database refuses of a client's text and
// JSON: NUL characters, numbers out of bounds, too much nesting.
var unstorable = []string{"22003", "22021", "22P05", "54001"}

// translate turns what PostgreSQL says into kinds that callers can act on.
func translate(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*chat.Error](err); ok {
		return err
	}
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch {
		case slices.Contains(unstorable, e.Code):
			return &chat.Error{Kind: chat.Invalid, Message: "the request contains a value that cannot be stored", Err: err}
		case e.Code == "57014": // statement timeout or cancelled request
			return &chat.Error{Kind: chat.Timeout, Message: "the request took too long", Err: err}
		case len(e.Code) == 5 && (e.Code[:2] == "57" || e.Code[:2] == "08" || e.Code[:2] == "53"):
			return &chat.Error{Kind: chat.Unavailable, Message: "the database is not available", Err: err}
		case len(e.Code) == 5 && (e.Code[:2] == "22" || e.Code[:2] == "54"): // as U+0000, or a number beyond numeric
			return &chat.Error{Kind: chat.Invalid, Message: "the request has a value that cannot be stored", Err: err}
		}
		return err
	}
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return &chat.Error{Kind: chat.Unavailable, Message: "the database is not available", Err: err}
	}
	if pgconn.SafeToRetry(err) {
		return &chat.Error{Kind: chat.Unavailable, Message: "the database is not available", Err: err}
	}
	return err
}

// isUnique tells whether err is a violation of the unique index or constraint.
func isUnique(err error, constraint string) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && e.Code == "23505" && e.ConstraintName == constraint
}

// many returns all rows.
func many[T any](ctx context.Context, d db, sql string, args ...any) ([]*T, error) {
	rows, _ := d.Query(ctx, sql, args...) // CollectRows returns the error
	out, err := pgx.CollectRows(rows, pgx.RowToAddrOfStructByName[T])
	return out, translate(err)
}

// maybe returns the row or nil.
func maybe[T any](ctx context.Context, d db, sql string, args ...any) (*T, error) {
	rows, _ := d.Query(ctx, sql, args...) // CollectOneRow returns the error
	v, err := pgx.CollectOneRow(rows, pgx.RowToAddrOfStructByName[T])
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil //nolint:nilnil // "no such row" is what maybe means
	}
	return v, translate(err)
}

// scalars returns the only column of all rows.
func scalars[T any](ctx context.Context, d db, sql string, args ...any) ([]T, error) {
	rows, _ := d.Query(ctx, sql, args...) // CollectRows returns the error
	out, err := pgx.CollectRows(rows, pgx.RowTo[T])
	return out, translate(err)
}

// exec runs a statement and returns how many rows it touched.
func exec(ctx context.Context, d db, sql string, args ...any) (int, error) {
	tag, err := d.Exec(ctx, sql, args...)
	return int(tag.RowsAffected()), translate(err)
}

// column is one column of rows, for unnest.
func column[T, V any](rows []T, get func(T) V) []V {
	out := make([]V, len(rows))
	for i, r := range rows {
		out[i] = get(r)
	}
	return out
}

// object is custom data as a JSON object, never NULL.
func object(v []byte) string {
	if len(v) == 0 {
		return "{}"
	}
	return string(v)
}
