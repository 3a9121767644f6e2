package store_test

import (
	"context"
	"testing"
	"time"

	"chatd/internal/chat"
	"chatd/internal/store"
)

// What tells which of two events is the newer one rises with each change, on a node
// whose clock is slow, too.
func TestVersionsRise(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	r.channel("messaging:room", "ann", "bob")
	r.newPoll("p")
	m := r.send("messaging:room", "ann", func(m *chat.Message) { m.PollID = "p" })
	slow := m.CreatedAt.Add(-time.Minute)
	last := m.CreatedAt
	for _, step := range []struct {
		name   string
		change func(ctx context.Context, tx *store.Tx, m *chat.Message) (*chat.Message, error)
	}{
		{"edited", func(ctx context.Context, tx *store.Tx, m *chat.Message) (*chat.Message, error) {
			m.Text, m.UpdatedAt = "edited", slow
			return m, tx.UpdateMessage(ctx, m)
		}},
		{"reacted", func(ctx context.Context, tx *store.Tx, m *chat.Message) (*chat.Message, error) {
			_, err := tx.PutReaction(ctx, m, &chat.Reaction{UserID: "bob", Type: "like", Score: 1}, false, slow)
			return m, err
		}},
		{"reaction gone", func(ctx context.Context, tx *store.Tx, m *chat.Message) (*chat.Message, error) {
			_, err := tx.DeleteReaction(ctx, m, "bob", "like", slow)
			return m, err
		}},
		{"deleted", func(ctx context.Context, tx *store.Tx, m *chat.Message) (*chat.Message, error) {
			return tx.DeleteMessage(ctx, m.CID, m.ID, slow)
		}},
		{"back", func(ctx context.Context, tx *store.Tx, m *chat.Message) (*chat.Message, error) {
			return tx.UndeleteMessage(ctx, m.CID, m.ID, slow)
		}},
		{"without its poll", func(ctx context.Context, tx *store.Tx, _ *chat.Message) (*chat.Message, error) {
			p, err := tx.LockPoll(ctx, "p")
			if err != nil {
				return nil, err
			}
			list, err := tx.DeletePoll(ctx, p, slow)
			if err != nil || len(list) != 1 {
				t.Fatal(list, err)
			}
			return list[0], nil
		}},
	} {
		var told *chat.Message
		r.tx(func(ctx context.Context, tx *store.Tx) error {
			locked, err := tx.LockMessage(ctx, m.ID)
			if err != nil {
				return err
			}
			told, err = step.change(ctx, tx, locked)
			return err
		})
		stored, err := r.Message(t.Context(), m.ID)
		if err != nil {
			t.Fatal(err)
		}
		if !told.UpdatedAt.After(last) || !stored.UpdatedAt.Equal(told.UpdatedAt) {
			t.Errorf("%s: was %v, is told %v, stored %v", step.name, last, told.UpdatedAt, stored.UpdatedAt)
		}
		last = told.UpdatedAt
	}
}

func TestVersionsOfPollsRise(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	r.channel("messaging:room", "ann", "bob")
	r.newPoll("p")
	last := int64(-1)
	check := func(what string) {
		t.Helper()
		p, err := r.Poll(t.Context(), "", "p")
		if err != nil {
			t.Fatal(err)
		}
		if p.Version <= last {
			t.Errorf("%s: version %d after %d", what, p.Version, last)
		}
		last = p.Version
	}
	check("new")
	for _, option := range []string{"a", "b"} {
		if err := r.cast(t.Context(), "p", "bob", option, ""); err != nil {
			t.Fatal(err)
		}
		check("a vote")
	}
	r.tx(func(ctx context.Context, tx *store.Tx) error {
		p, err := tx.LockPoll(ctx, "p")
		if err != nil {
			return err
		}
		p.Name = "another"
		return tx.SavePoll(ctx, p)
	})
	check("an edit")
}
