package store

import (
	"context"
	"errors"
	"hash/maphash"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"chatd/internal/chat"
)

// Send is one message to be written, with what it changes around it.
type Send struct {
	Message *chat.Message
	// Touch raises the channel's last_message_at.
	Touch bool
	// Reader is the member who has thereby read the channel: the author, or ""
	// when he is no member or the type keeps no read state.
	Reader string
	// Seers are those for whom a message that only some may see is: whom it names, its
	// author, and who sees it by his role (Overseers).
	Seers []string
	// Items are published, in order, after the commit.
	Items []chat.Item
	// Parent are the events that tell of the message that this one replies to. They
	// are published behind Items, with its numbers as they are then.
	Parent []chat.Item
	// Total, when it is not nil, gets the channel's message_count with this message
	// before Items are published.
	Total *int
	// Before runs in the message's transaction before the message is written, for
	// the rare send that changes more; such a send is committed alone. It locks the
	// channel (LockCounters) before any other row.
	Before func(ctx context.Context, tx *Tx) error

	gone bool // the channel does not exist any more; nothing was written
}

// The writers: each commits the sends of its share of the channels, so no two
// transactions of this node wait for one channel's counters. One is enough for some
// 20,000 messages a second; more make smaller batches, which cost more.
const (
	writerCores  = 4                // of this node, for each writer
	writerMost   = 500              // sends in a transaction
	writeTimeout = 20 * time.Second // at least, and at most twice that
)

type pending struct {
	app  chat.AppID
	send *Send
	ctx  context.Context //nolint:containedctx // the request's, looked at before its send is written
	done chan error
}

// writer commits what waits together: while one transaction is at the disk, the
// sends that arrive gather and go as the next. A send that finds it idle commits
// itself, without waiting for another goroutine; what gathers meanwhile is left to
// one that lives until nothing waits. A send alone goes as one plain statement.
type writer struct {
	s *Store

	mu      sync.Mutex
	waiting []*pending
	busy    bool // somebody commits
	closed  bool

	// Of whom commits:
	batch  []*pending
	ctx    context.Context //nolint:containedctx // see limit
	cancel context.CancelFunc
	until  time.Time // when ctx is replaced
}

var shardSeed = maphash.MakeSeed()

func (s *Store) startWriters() {
	s.writers = make([]*writer, max(1, runtime.GOMAXPROCS(0)/writerCores))
	for i := range s.writers {
		s.writers[i] = &writer{s: s}
	}
}

// stopWriters lets nothing more in and waits for what is being committed.
func (s *Store) stopWriters() {
	for _, w := range s.writers {
		w.mu.Lock()
		w.closed = true
		w.mu.Unlock()
	}
	s.writing.Wait()
	for _, w := range s.writers {
		if w.cancel != nil {
			w.cancel()
		}
	}
}

// Send writes a message and returns when it is durable and published. Invalid when
// the id is taken.
func (a *App) Send(ctx context.Context, m *Send) error {
	w := a.s.writers[maphash.String(shardSeed, string(m.Message.CID))%uint64(len(a.s.writers))]
	p := &pending{app: a.ID, send: m, ctx: ctx, done: make(chan error, 1)}
	first, err := w.queue(p)
	if err != nil {
		return err
	}
	if first {
		w.lead()
		return <-p.done
	}
	select {
	case err := <-p.done: // an accepted send is always answered, also at shutdown
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// queue takes a send in. first tells that the writer was idle: the caller leads.
func (w *writer) queue(p *pending) (first bool, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return false, chat.Errorf(chat.Unavailable, "the server is shutting down")
	}
	w.waiting = append(w.waiting, p)
	first, w.busy = !w.busy, true
	if first {
		w.s.writing.Add(1)
	}
	return first, nil
}

// lead commits what waits, of which the caller's send is the first, and leaves what
// has come meanwhile to a goroutine.
func (w *writer) lead() {
	defer w.s.writing.Done()
	defer func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.busy = len(w.waiting) > 0; w.busy {
			w.s.writing.Go(w.drain)
		}
	}()
	w.commitNext()
}

// drain commits until nothing waits.
func (w *writer) drain() {
	for w.commitNext() {
	}
}

// commitNext commits what waits; false when that is nothing, and the writer idle.
func (w *writer) commitNext() bool {
	w.mu.Lock()
	n := min(len(w.waiting), writerMost)
	w.batch = append(w.batch[:0], w.waiting[:n]...)
	w.waiting = slices.Delete(w.waiting, 0, n)
	w.busy = n > 0
	w.mu.Unlock()
	if n == 0 {
		return false
	}
	defer clear(w.batch)
	w.write(w.batch)
	return true
}

// limit returns a context that ends between one and two writeTimeouts from now. It is
// kept for what is committed in a while: a timer for each send alone would cost it
// the waking of another thread.
func (w *writer) limit() context.Context {
	if now := time.Now(); now.After(w.until) {
		if w.cancel != nil {
			w.cancel()
		}
		w.until = now.Add(writeTimeout)
		w.ctx, w.cancel = context.WithTimeout(context.Background(), 2*writeTimeout)
	}
	return w.ctx
}

// write commits the batch: together when that works, one by one when one of them
// spoils it for the others.
func (w *writer) write(batch []*pending) {
	ctx := w.limit()
	batch = slices.DeleteFunc(batch, func(p *pending) bool {
		if p.ctx.Err() != nil { // nobody waits for it any more
			p.done <- context.Cause(p.ctx)
			return true
		}
		if p.send.alone() {
			p.done <- w.s.App(p.app).InTx(ctx, func(tx *Tx) error { return tx.Send(ctx, p.send) })
			return true
		}
		return false
	})
	for app, group := range byApp(batch) {
		err := w.commit(ctx, app, group)
		if err != nil && len(group) > 1 {
			for _, p := range group {
				one := []*pending{p}
				answer(one, w.finish(ctx, app, one, w.commit(ctx, app, one)))
			}
			continue
		}
		answer(group, w.finish(ctx, app, group, err))
	}
}

// finish publishes what was committed.
func (w *writer) finish(ctx context.Context, app chat.AppID, group []*pending, err error) error {
	if err != nil {
		if isUnique(err, "messages_pkey") {
			return errTaken(group[0].send)
		}
		return translate(err)
	}
	var items []chat.Item
	for _, p := range group {
		if !p.send.gone {
			items = append(append(items, p.send.Items...), p.send.Parent...)
		}
	}
	return w.s.App(app).publish(ctx, items)
}

// answer tells the senders how it went.
func answer(group []*pending, err error) {
	for _, p := range group {
		if err == nil && p.send.gone {
			p.done <- gone(p.send)
			continue
		}
		p.done <- err
	}
}

func gone(s *Send) error {
	return chat.Errorf(chat.NotFound, "Can't find channel with id %s", s.Message.CID)
}

func errTaken(s *Send) error {
	return chat.Errorf(chat.Invalid, "a message with ID %s already exists", s.Message.ID)
}

// alone tells whether a send has more to write than the others.
func (s *Send) alone() bool {
	return s.Before != nil || len(s.Message.I18n) > 0 || s.Message.SharedLocation != nil
}

// Send writes a message in the transaction, beside the writers. That cannot deadlock
// with them: a writer locks the counters of its channels, in order, before anything
// else, and who changes a channel locks those of this one first (LockCounters) and
// none other later. So one of them waits for the other and holds nothing that that
// one needs.
func (t *Tx) Send(ctx context.Context, s *Send) error {
	if s.Before != nil {
		if err := s.Before(ctx, t); err != nil {
			return err
		}
	}
	if err := t.db.SendBatch(ctx, newRows([]*pending{{send: s}}).statements(t.ID)).Close(); err != nil {
		if isUnique(err, "messages_pkey") {
			return errTaken(s)
		}
		return err
	}
	if s.gone {
		return gone(s)
	}
	t.Emit(s.Items...)
	t.Emit(s.Parent...)
	m := s.Message
	if m.SharedLocation != nil {
		if err := t.SaveLocation(ctx, m); err != nil {
			return err
		}
	}
	if len(m.I18n) == 0 {
		return nil
	}
	_, err := exec(ctx, t.db, `UPDATE messages SET i18n = $3::jsonb WHERE app_id = $1 AND id = $2`, t.ID, m.ID, m.I18n)
	return err
}

func (w *writer) commit(ctx context.Context, app chat.AppID, group []*pending) error {
	return retry(func() error {
		if len(group) == 1 && isPlain(group[0].send.Message) {
			return w.single(ctx, app, group[0].send)
		}
		b := newRows(group).statements(app)
		// One round trip; a batch without BEGIN is one implicit transaction.
		return w.s.pool.SendBatch(ctx, b).Close()
	})
}

func byApp(batch []*pending) map[chat.AppID][]*pending {
	out := make(map[chat.AppID][]*pending, 1)
	for _, p := range batch {
		out[p.app] = append(out[p.app], p)
	}
	return out
}

// sendOne is a plain message alone in one statement; what it has not is left to the
// defaults of its columns. Of a channel that is gone, nothing is written.
const sendOne = `
	WITH n AS (UPDATE channel_counters SET unread_seq = unread_seq + $10, message_count = message_count + 1,
			last_message_at = CASE WHEN $11 THEN greatest(last_message_at, $9) ELSE last_message_at END
		WHERE app_id = $1 AND cid = $3 RETURNING unread_seq, message_count),
	m AS (INSERT INTO messages (app_id, id, cid, user_id, type, text, html, custom, in_channel, created_at, updated_at, words)
		SELECT $1, $2, $3, $4, $5, $6, $7, $8::jsonb, TRUE, $9::timestamptz, $9::timestamptz, $13::text::tsvector FROM n),
	r AS (INSERT INTO reads (app_id, cid, user_id, unread_base, last_read, last_read_message_id)
		SELECT $1, $3, $12, unread_seq, $9, $2 FROM n WHERE $12 <> ''
		ON CONFLICT (app_id, cid, user_id) DO UPDATE
		SET unread_base = excluded.unread_base, last_read = excluded.last_read, last_read_message_id = excluded.last_read_message_id)
	SELECT unread_seq, message_count FROM n`

// isPlain tells whether a message has nothing but what sendOne writes.
func isPlain(m *chat.Message) bool {
	return m.ParentID == "" && array(m.Attachments) == "[]" && m.MML == "" && m.Command == "" && m.Args == "" &&
		len(m.MentionedUserIDs) == 0 && !m.MentionedChannel && !m.MentionedHere && len(m.MentionedRoles) == 0 && len(m.MentionedGroupIDs) == 0 &&
		!m.ShowInChannel && !m.Silent && !m.Shadowed &&
		!m.Pinned && m.PinnedAt == nil && m.PinnedByID == "" && m.PinExpires == nil &&
		len(m.RestrictedVisibility) == 0 && m.QuotedMessageID == "" && m.PollID == ""
}

func (w *writer) single(ctx context.Context, app chat.AppID, s *Send) error {
	m := s.Message
	args := []any{app, m.ID, m.CID, m.UserID, m.Type, m.Text, m.HTML, object(m.Custom), m.CreatedAt, counted(m), s.Touch, s.Reader, messageWords(app, m)}
	var seq int64
	var total int
	err := w.s.pool.QueryRow(ctx, sendOne, args...).Scan(&seq, &total)
	if errors.Is(err, pgx.ErrNoRows) {
		s.gone = true
		return nil
	}
	if err != nil {
		return err
	}
	s.number(seq, total)
	return nil
}

// number tells the changes that count the message the channel's UnreadSeq with it,
// by which nodes know what they have counted already. total is its message_count.
func (s *Send) number(seq int64, total int) {
	if s.Total != nil {
		*s.Total = total
	}
	for _, it := range s.Items {
		if c, ok := it.(*chat.Change); ok && c.Kind == chat.MessageCounted {
			c.N = int(seq)
		}
	}
}

// counted is what a message adds to its channel's unread_seq. One that only some may
// see is counted for these alone (Tx.CountFor).
func counted(m *chat.Message) int {
	if m.Counts() && len(m.RestrictedVisibility) == 0 {
		return 1
	}
	return 0
}

// array is raw JSON as a list, never NULL.
func array(v []byte) string {
	if len(v) == 0 {
		return "[]"
	}
	return string(v)
}

// list is s, never NULL.
func list(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}
