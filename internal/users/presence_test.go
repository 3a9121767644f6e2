package users_test

import (
	"context"
	"testing"
	"time"

	"chatd/internal/chat"
	"chatd/internal/store"
	"chatd/internal/testkit/testdb"
	"chatd/internal/users"
)

func TestMain(m *testing.M) { testdb.Main(m) }

// nobody hears of what a store publishes.
type nobody struct{}

func (nobody) Publish(context.Context, *chat.Publication) error { return nil }

func (nobody) Online(chat.AppID, string) bool { return false }

// TestTouch notes who is still connected, also for who reads it from the cache.
func TestTouch(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	st, err := store.Open(t.Context(), testdb.Database(t), store.Options{MaxConns: 2, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(st.Close)
	st.Attach(nobody{}, nobody{})
	key, err := st.CreateApp(t.Context(), "touch", "k"+chat.NewID(), "secret")
	if err != nil {
		t.Fatal(err)
	}
	app := st.App(key.AppID)
	err = app.InTx(t.Context(), func(tx *store.Tx) error {
		_, err := tx.InsertUsers(t.Context(), []*chat.User{{ID: "ann", Role: "user", CreatedAt: now}, {ID: "bob", Role: "user", CreatedAt: now}})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	active := func(id string) *time.Time {
		t.Helper()
		u, err := app.User(t.Context(), id)
		if err != nil || u == nil {
			t.Fatal(u, err)
		}
		return u.LastActive
	}
	if got := active("ann"); got != nil {
		t.Fatalf("before: %v", got)
	}
	s := &users.Service{Store: st}
	s.Touch(t.Context(), key.AppID, []string{"ann", chat.AnonymousID("x")})
	if got := active("ann"); got == nil || !got.Equal(now) {
		t.Errorf("ann: %v", got)
	}
	if got := active("bob"); got != nil {
		t.Errorf("bob: %v", got)
	}
	now = now.Add(-time.Hour) // another node's clock
	s.Touch(t.Context(), key.AppID, []string{"ann"})
	if got := active("ann"); !got.Equal(now.Add(time.Hour)) {
		t.Errorf("ann's time went back to %v", got)
	}
}
