package store_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"chatd/internal/chat"
	"chatd/internal/store"
	"chatd/internal/testkit/testdb"
)

// texts are the texts of messages, or their ids where they have none.
func texts(list []*chat.Message) string {
	var out []string
	for _, m := range list {
		out = append(out, m.Text)
	}
	return strings.Join(out, " ")
}

func saying(text string, more ...func(*chat.Message)) func(*chat.Message) {
	return func(m *chat.Message) {
		m.Text = text
		for _, f := range more {
			f(m)
		}
	}
}

func TestMessagePages(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	cid := chat.CID("messaging:a")
	r.channel(cid, "ann", "bob")
	r.channel("messaging:b", "ann")
	id := map[string]string{}
	var at [10]time.Time
	for i := 1; i <= 9; i++ {
		m := r.send(cid, "ann", saying(fmt.Sprint(i)))
		id[m.Text], at[i] = m.ID, m.CreatedAt
	}
	hidden := r.send(cid, "ann", saying("thread", func(m *chat.Message) { m.ParentID, m.Type = id["9"], chat.MessageReply }))
	r.send(cid, "bob", saying("dim", func(m *chat.Message) { m.Shadowed = true }))
	r.send(cid, "bob", saying("dear", func(m *chat.Message) { m.RestrictedVisibility = []string{"cat"} }))
	elsewhere := r.send("messaging:b", "ann")
	for _, tt := range []struct {
		name  string
		page  store.Page
		who   store.Viewer
		since *time.Time
		want  string
	}{
		{"the newest", store.Page{Limit: 3}, store.Viewer{UserID: "ann"}, nil, "7 8 9"},
		{"the newest of the author", store.Page{Limit: 3}, store.Viewer{UserID: "bob"}, nil, "9 dim dear"},
		{"the newest of whom it is for", store.Page{Limit: 3}, store.Viewer{UserID: "cat"}, nil, "8 9 dear"},
		{"the newest of the server", store.Page{Limit: 3}, store.Viewer{Server: true}, nil, "9 dim dear"},
		{"the newest of a moderator", store.Page{Limit: 3}, store.Viewer{UserID: "mod", SeesShadowed: true}, nil, "8 9 dim"},
		{"none", store.Page{}, store.Viewer{UserID: "ann"}, nil, ""},
		{"with an offset", store.Page{Limit: 3, Offset: 7}, store.Viewer{UserID: "ann"}, nil, "1 2"},
		{"id_lt", store.Page{Limit: 2, IDLT: id["5"]}, store.Viewer{UserID: "ann"}, nil, "3 4"},
		{"id_lte", store.Page{Limit: 2, IDLTE: id["5"]}, store.Viewer{UserID: "ann"}, nil, "4 5"},
		{"id_gt", store.Page{Limit: 2, IDGT: id["5"]}, store.Viewer{UserID: "ann"}, nil, "6 7"},
		{"id_gte", store.Page{Limit: 2, IDGTE: id["5"]}, store.Viewer{UserID: "ann"}, nil, "5 6"},
		{"between ids", store.Page{Limit: 9, IDGT: id["5"], IDLTE: id["7"]}, store.Viewer{UserID: "ann"}, nil, "6 7"},
		{"before a reply", store.Page{Limit: 2, IDLT: hidden.ID}, store.Viewer{UserID: "ann"}, nil, "8 9"},
		{"id_around", store.Page{Limit: 3, IDAround: id["5"]}, store.Viewer{UserID: "ann"}, nil, "4 5 6"},
		{"id_around, even", store.Page{Limit: 4, IDAround: id["5"]}, store.Viewer{UserID: "ann"}, nil, "3 4 5 6"},
		{"id_around the first", store.Page{Limit: 3, IDAround: id["1"]}, store.Viewer{UserID: "ann"}, nil, "1 2 3"},
		{"id_around the last", store.Page{Limit: 3, IDAround: id["9"]}, store.Viewer{UserID: "ann"}, nil, "7 8 9"},
		{"one around", store.Page{Limit: 1, IDAround: id["5"]}, store.Viewer{UserID: "ann"}, nil, "5"},
		{"more around than there are", store.Page{Limit: 100, IDAround: id["5"]}, store.Viewer{UserID: "ann"}, nil, "1 2 3 4 5 6 7 8 9"},
		{"created_at_before", store.Page{Limit: 2, CreatedBefore: &at[5]}, store.Viewer{UserID: "ann"}, nil, "3 4"},
		{"created_at_before_or_equal", store.Page{Limit: 2, CreatedBeforeOrEqual: &at[5]}, store.Viewer{UserID: "ann"}, nil, "4 5"},
		{"created_at_after", store.Page{Limit: 2, CreatedAfter: &at[5]}, store.Viewer{UserID: "ann"}, nil, "6 7"},
		{"created_at_after_or_equal", store.Page{Limit: 2, CreatedAfterOrEqual: &at[5]}, store.Viewer{UserID: "ann"}, nil, "5 6"},
		{"created_at_around", store.Page{Limit: 3, CreatedAround: &at[5]}, store.Viewer{UserID: "ann"}, nil, "4 5 6"},
		{"since", store.Page{Limit: 9}, store.Viewer{UserID: "ann"}, &at[7], "8 9"},
		{"since, around", store.Page{Limit: 3, IDAround: id["8"]}, store.Viewer{UserID: "ann"}, &at[7], "8 9"},
	} {
		got, err := r.MessagePage(t.Context(), tt.who, store.View{CID: cid, Since: tt.since}, tt.page)
		if err != nil || texts(got) != tt.want {
			t.Errorf("%s: %q, %v; want %q", tt.name, texts(got), err, tt.want)
		}
	}
	for _, p := range []store.Page{{Limit: 3, IDLT: "nope"}, {Limit: 3, IDAround: elsewhere.ID}} {
		if _, err := r.MessagePage(t.Context(), store.Viewer{}, store.View{CID: cid}, p); chat.KindOf(err) != chat.Invalid {
			t.Errorf("%+v: %v, want Invalid", p, err)
		}
	}
	for _, p := range []store.Page{{Limit: -1}, {Limit: 301}, {Offset: -1}, {Offset: 1001}} {
		if err := p.Check(300); chat.KindOf(err) != chat.Invalid {
			t.Errorf("%+v: %v, want Invalid", p, err)
		}
	}
}

func TestPagesBreakTiesByID(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	cid := chat.CID("messaging:a")
	r.channel(cid, "ann")
	at := r.at
	var ids []string
	for i := range 6 {
		r.at = at
		ids = append(ids, r.send(cid, "ann", saying(fmt.Sprint(i))).ID)
	}
	var got []string
	for before := ""; ; {
		page, err := r.MessagePage(t.Context(), store.Viewer{Server: true}, store.View{CID: cid}, store.Page{Limit: 2, IDLT: before})
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		got = append(got, texts(page))
		before = page[0].ID
	}
	slices.Sort(ids)
	if len(got) != 3 {
		t.Errorf("pages: %q", got)
	}
}

func TestMessagesOfManyChannels(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	var views []store.View
	for i := range 3 {
		cid := chat.CID(fmt.Sprintf("messaging:c%d", i))
		r.channel(cid, "ann")
		for n := range 4 {
			m := r.send(cid, "ann", saying(fmt.Sprintf("%d.%d", i, n)))
			at := m.CreatedAt
			if n%2 == 1 {
				r.exec(`UPDATE messages SET pinned = true, pinned_at = $3, pinned_by_id = 'ann' WHERE app_id = $1 AND id = $2`, m.ID, at)
			}
		}
		views = append(views, store.View{CID: cid})
	}
	cut := r.at.Add(-2 * time.Second)
	views[2].Since = &cut
	views = append(views, store.View{CID: "messaging:none"})
	latest, err := r.LatestMessages(t.Context(), store.Viewer{UserID: "ann"}, views, 3)
	if err != nil {
		t.Fatal(err)
	}
	for cid, want := range map[chat.CID]string{"messaging:c0": "0.1 0.2 0.3", "messaging:c1": "1.1 1.2 1.3", "messaging:c2": "2.2 2.3", "messaging:none": ""} {
		if texts(latest[cid]) != want {
			t.Errorf("latest of %s: %q, want %q", cid, texts(latest[cid]), want)
		}
	}
	r.exec(`UPDATE messages SET pin_expires = '2026-01-01' WHERE app_id = $1 AND text = '0.3'`)
	pins, err := r.PinnedMessages(t.Context(), store.Viewer{UserID: "ann"}, views, 5)
	if err != nil {
		t.Fatal(err)
	}
	for cid, want := range map[chat.CID]string{"messaging:c0": "0.1", "messaging:c1": "1.3 1.1", "messaging:c2": "2.3"} {
		if texts(pins[cid]) != want {
			t.Errorf("pins of %s: %q, want %q", cid, texts(pins[cid]), want)
		}
	}
	if m := pins["messaging:c1"][0]; m.PinnedBy == nil || m.PinnedBy.ID != "ann" {
		t.Errorf("pinned by %v", m.PinnedBy)
	}
}

func TestRemovingAThreadUncountsIt(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	cid, users := chat.CID("messaging:a"), []string{"ann", "bob", "cat"}
	r.channel(cid, users...)
	first := r.send(cid, "ann")
	root := r.send(cid, "ann")
	reply := func(shown bool) func(*chat.Message) {
		return func(m *chat.Message) { m.ParentID, m.Type, m.ShowInChannel = root.ID, chat.MessageReply, shown }
	}
	quiet := func(s *chat.Message) { reply(false)(s) }
	r.send(cid, "bob", reply(true))
	r.send(cid, "cat", reply(true))
	r.send(cid, "ann", quiet)
	r.send(cid, "ann", reply(true))
	r.want(cid, users, 0, 2, 1)
	r.send(cid, "cat")
	r.want(cid, users, 1, 3, 0)
	r.pub.take()
	r.tx(func(ctx context.Context, tx *store.Tx) error {
		shown, err := tx.RemoveMessage(ctx, cid, root.ID, r.at)
		if len(shown) != 3 {
			t.Errorf("%d replies stood in the channel, want 3", len(shown))
		}
		return err
	})
	r.want(cid, users, 1, 1, 0)
	if n := row[int](r, `SELECT message_count FROM channel_counters WHERE app_id = $1 AND cid = $2`, cid); n != 2 {
		t.Errorf("message_count = %d, want 2", n)
	}
	if n := row[int](r, `SELECT count(*) FROM messages WHERE app_id = $1`); n != 2 {
		t.Errorf("%d messages are left, want 2", n)
	}
	r.send(cid, "bob")
	r.want(cid, users, 2, 0, 1)
	r.tx(func(ctx context.Context, tx *store.Tx) error {
		if _, err := tx.DeleteMessage(ctx, cid, first.ID, r.at); err != nil {
			return err
		}
		again, err := tx.DeleteMessage(ctx, cid, first.ID, r.at)
		if again != nil {
			t.Error("a message was deleted twice")
		}
		return err
	})
	r.want(cid, users, 2, 0, 1)
}

func TestOwnDeletionsAreBounded(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	cid := chat.CID("messaging:a")
	r.channel(cid, "ann", "bob")
	var list []*chat.Message
	for range store.MaxOwnDeletions + 1 {
		list = append(list, r.send(cid, "ann"))
	}
	for _, m := range list[:store.MaxOwnDeletions] {
		r.tx(func(ctx context.Context, tx *store.Tx) error { return tx.HideMessage(ctx, m, "bob", r.at) })
	}
	r.tx(func(ctx context.Context, tx *store.Tx) error { return tx.HideMessage(ctx, list[0], "bob", r.at) })
	err := r.InTx(t.Context(), func(tx *store.Tx) error { return tx.HideMessage(t.Context(), list[store.MaxOwnDeletions], "bob", r.at) })
	if chat.KindOf(err) != chat.Invalid {
		t.Errorf("%v, want Invalid", err)
	}
}

func TestReactionTypesAreBounded(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	cid := chat.CID("messaging:a")
	r.channel(cid, "ann")
	m := r.send(cid, "ann")
	react := func(typ string) error {
		return r.InTx(t.Context(), func(tx *store.Tx) error {
			m, err := tx.LockMessage(t.Context(), m.ID)
			if err != nil {
				return err
			}
			_, err = tx.PutReaction(t.Context(), m, &chat.Reaction{UserID: "ann", Type: typ, Score: 1}, false, r.at)
			return err
		})
	}
	for i := range store.MaxReactionTypes {
		if err := react(fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := react("0"); err != nil {
		t.Error(err)
	}
	if err := react("more"); chat.KindOf(err) != chat.Invalid {
		t.Errorf("%v, want Invalid", err)
	}
}

// library is an app with many messages in many channels.
func library(b *testing.B, channels, each int) (*store.App, []store.View) {
	b.Helper()
	ctx := b.Context()
	st, err := store.Open(ctx, testdb.Database(b), store.Options{MaxConns: 4})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(st.Close)
	key, err := st.CreateApp(ctx, "library", "k"+chat.NewID(), "secret")
	if err != nil {
		b.Fatal(err)
	}
	app := st.App(key.AppID)
	err = app.InTx(ctx, func(tx *store.Tx) error {
		_, err := tx.InsertUsers(ctx, []*chat.User{{ID: "ann", Role: chat.RoleUser, CreatedAt: tx.Now(), UpdatedAt: tx.Now()}})
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	var views []store.View
	for i := range channels {
		cid := chat.NewCID("messaging", fmt.Sprintf("c%d", i))
		views = append(views, store.View{CID: cid})
		if err := st.Fill(ctx, key.AppID, cid, each); err != nil {
			b.Fatal(err)
		}
	}
	return app, views
}

func BenchmarkLatestMessages(b *testing.B) {
	app, views := library(b, 30, 2000)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := app.LatestMessages(b.Context(), store.Viewer{UserID: "ann"}, views, 25); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMessagePage(b *testing.B) {
	app, views := library(b, 1, 200_000)
	b.ReportAllocs()
	for b.Loop() {
		page, err := app.MessagePage(b.Context(), store.Viewer{UserID: "ann"}, views[0], store.Page{Limit: 25, IDAround: "messaging:c0-100000"})
		if err != nil || len(page) != 25 {
			b.Fatal(len(page), err)
		}
	}
}
