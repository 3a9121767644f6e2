package reads_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"chatd/internal/access"
	"chatd/internal/auth"
	"chatd/internal/chat"
	"chatd/internal/reads"
	"chatd/internal/store"
	"chatd/internal/testkit/testdb"
)

func TestMain(m *testing.M) { testdb.Main(m) }

// hub records what was published and what is watched; nobody is connected.
type hub struct {
	mu      sync.Mutex
	events  []*chat.Event
	watched []chat.CID
}

func (h *hub) Publish(_ context.Context, p *chat.Publication) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, it := range p.Items {
		if ev, ok := it.(*chat.Event); ok {
			h.events = append(h.events, ev)
		}
	}
	return nil
}

func (h *hub) Online(chat.AppID, string) bool { return false }

func (h *hub) WatcherCount(chat.AppID, chat.CID) int { return 0 }

func (h *hub) Watch(_ context.Context, _ chat.AppID, _, connID string, cids []chat.CID) ([]chat.CID, error) {
	if connID != "conn" {
		return nil, chat.Errorf(chat.ConnectionNotFound, "no connection %s", connID)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.watched = append(h.watched, cids...)
	return cids, nil
}

// take returns the events since the last call.
func (h *hub) take() []*chat.Event {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := h.events
	h.events = nil
	return out
}

// told writes events as "type to audience", the audience as w (watchers), u
// (users) or W (other watchers), with the users it names.
func told(events []*chat.Event) string {
	kinds := map[chat.AudienceKind]string{chat.ToWatchers: "w", chat.ToUsers: "u", chat.ToOtherWatcher: "W"}
	out := make([]string, len(events))
	for i, ev := range events {
		who := append(slices.Clone(ev.To.Users), ev.To.Only...)
		out[i] = fmt.Sprintf("%s %s%s", ev.Type, kinds[ev.To.Kind], strings.Join(who, ","))
	}
	return strings.Join(out, "; ")
}

// world is an app with an area, and channels and messages that tests make.
type world struct {
	*reads.Service

	t    *testing.T
	app  *store.App
	hub  *hub
	mu   sync.Mutex
	skew time.Duration // of the app's clock
}

// now is the clock, which every look moves, so that no two things happen at once.
func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.skew += time.Millisecond
	return time.Now().Add(w.skew)
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, hub: &hub{}}
	st, err := store.Open(t.Context(), testdb.Database(t), store.Options{MaxConns: 4, Now: w.now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(st.Close)
	st.Attach(w.hub, w.hub)
	key, err := st.CreateApp(t.Context(), "reads", "k"+chat.NewID(), "secret")
	if err != nil {
		t.Fatal(err)
	}
	w.app = st.App(key.AppID)
	w.Service = &reads.Service{Store: st, Access: &access.Access{Store: st}, Hub: w.hub}
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) tx(fn func(context.Context, *store.Tx) error) {
	w.t.Helper()
	w.must(w.app.InTx(w.t.Context(), func(tx *store.Tx) error { return fn(w.t.Context(), tx) }))
}

// user makes a user.
func (w *world) user(id string, set ...func(*chat.User)) {
	w.t.Helper()
	u := &chat.User{ID: id, Role: chat.RoleUser, CreatedAt: w.app.Now(), UpdatedAt: w.app.Now()}
	for _, f := range set {
		f(u)
	}
	w.tx(func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.InsertUsers(ctx, []*chat.User{u})
		return err
	})
}

// channel makes a channel with members.
func (w *world) channel(cid chat.CID, members ...string) {
	w.t.Helper()
	w.tx(func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.InsertChannel(ctx, &chat.Channel{ID: cid.ID(), Type: cid.Type(), CID: cid, CreatedByID: "ann"})
		return err
	})
	w.join(cid, members...)
}

func (w *world) join(cid chat.CID, users ...string) {
	w.t.Helper()
	w.change(cid, func(ctx context.Context, tx *store.Tx, ch *chat.Channel) error {
		members := make([]*chat.Member, len(users))
		for i, u := range users {
			members[i] = &chat.Member{UserID: u, Status: chat.StatusMember, ChannelRole: chat.RoleChannelMember}
		}
		_, err := tx.AddMembers(ctx, ch, members)
		return err
	})
}

// change runs fn on a locked channel.
func (w *world) change(cid chat.CID, fn func(context.Context, *store.Tx, *chat.Channel) error) {
	w.t.Helper()
	w.tx(func(ctx context.Context, tx *store.Tx) error {
		ch, err := tx.LockAnyChannel(ctx, cid)
		if err != nil {
			return err
		}
		return fn(ctx, tx, ch)
	})
}

// send sends a message; set changes it before.
func (w *world) send(cid chat.CID, author string, set ...func(*chat.Message)) *chat.Message {
	w.t.Helper()
	m := &chat.Message{ID: chat.NewID(), CID: cid, UserID: author, Type: chat.MessageRegular, Text: "hi", CreatedAt: w.app.Now()}
	for _, f := range set {
		f(m)
	}
	w.must(w.app.Send(w.t.Context(), &store.Send{Message: m, Touch: m.InChannel(), Reader: author}))
	return m
}

// as returns the context of a call by a user, or of the server side for "".
func (w *world) as(id string) context.Context {
	w.t.Helper()
	app, err := w.app.App(w.t.Context())
	w.must(err)
	actor := &auth.Actor{App: app, UserID: id, Server: id == ""}
	if id != "" {
		actor.User, err = w.app.User(w.t.Context(), id)
		w.must(err)
	}
	return auth.WithActor(w.t.Context(), actor)
}

// unread returns a user's totals, as "messages/channels".
func (w *world) unread(user string) string {
	w.t.Helper()
	u, err := w.app.Totals(w.t.Context(), user)
	w.must(err)
	return fmt.Sprintf("%d/%d", u.TotalUnread, u.UnreadChannels)
}

// refused checks the kind and text of an error; kind "" wants none.
func refused(t *testing.T, what string, err error, kind chat.Kind, text string) {
	t.Helper()
	if chat.KindOf(err) != kind || err != nil && !strings.Contains(err.Error(), text) {
		t.Errorf("%s: %v, want %s %q", what, err, kind, text)
	}
}
