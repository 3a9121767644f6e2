package reads_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chatd/internal/chat"
	"chatd/internal/reads"
	"chatd/internal/store"
	"chatd/internal/wire"
)

// sync syncs channels of a user and returns the types of the events, with what
// they are about.
func (w *world) sync(user string, since time.Time, cids ...chat.CID) []string {
	w.t.Helper()
	resp := w.synced(user, since, cids...)
	out := make([]string, len(resp.Events))
	for i, ev := range resp.Events {
		out[i] = ev.Type
		switch {
		case ev.Message != nil:
			out[i] += " " + ev.Message.Text
		case ev.Member != nil:
			out[i] += " " + ev.Member.UserID
		}
	}
	return out
}

func (w *world) synced(user string, since time.Time, cids ...chat.CID) *reads.SyncResponse {
	w.t.Helper()
	req := &reads.SyncRequest{LastSyncAt: &since}
	for _, cid := range cids {
		req.CIDs = append(req.CIDs, string(cid))
	}
	w.must(req.Validate())
	resp, err := w.Sync(w.as(user), req)
	w.must(err)
	return resp
}

func text(s string) func(*chat.Message) {
	return func(m *chat.Message) { m.Text = s }
}

func (w *world) edit(m *chat.Message, s string) {
	w.t.Helper()
	w.tx(func(ctx context.Context, tx *store.Tx) error {
		m, err := tx.LockMessage(ctx, m.ID)
		if err != nil {
			return err
		}
		m.Text, m.UpdatedAt = s, tx.Now()
		return tx.UpdateMessage(ctx, m)
	})
}

func (w *world) remove(m *chat.Message) {
	w.t.Helper()
	w.tx(func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.DeleteMessage(ctx, m.CID, m.ID, tx.Now())
		return err
	})
}

// hide hides a channel from a member, or shows it to him.
func (w *world) hide(cid chat.CID, user string, hidden bool) {
	w.t.Helper()
	w.change(cid, func(ctx context.Context, tx *store.Tx, ch *chat.Channel) error {
		m, err := tx.MembersNamed(ctx, ch, user)
		if err != nil {
			return err
		}
		m[user].Hidden = hidden
		return tx.SaveMember(ctx, ch, m[user], !hidden)
	})
}

func TestSyncMessages(t *testing.T) {
	t.Parallel()
	w := roomOf(t)
	old, edited, deleted := w.send(room, "ann", text("old")), w.send(room, "ann", text("edited")), w.send(room, "ann", text("deleted"))
	mine, reacted := w.send(room, "ann", text("mine")), w.send(room, "ann", text("reacted"))
	since := w.app.Now()
	if got := w.sync("bob", since, room); len(got) != 0 {
		t.Errorf("nothing happened, but %q", got)
	}
	w.edit(edited, "edited")
	w.remove(deleted)
	w.edit(w.send(room, "bob"), "new and edited")
	w.send(room, "ann", text("reply"), func(m *chat.Message) { m.ParentID, m.Type = old.ID, chat.MessageReply })
	w.send(room, "ann", text("for cat"), func(m *chat.Message) { m.RestrictedVisibility = []string{"cat"} })
	w.send(room, "ann", text("shadowed"), func(m *chat.Message) { m.Shadowed = true })
	w.tx(func(ctx context.Context, tx *store.Tx) error {
		m, err := tx.LockMessage(ctx, reacted.ID)
		if err != nil {
			return err
		}
		now := tx.Now()
		_, err = tx.PutReaction(ctx, m, &chat.Reaction{MessageID: m.ID, UserID: "bob", Type: "like", Score: 1, CreatedAt: now, UpdatedAt: now}, false, now)
		return err
	})
	w.tx(func(ctx context.Context, tx *store.Tx) error { return tx.HideMessage(ctx, mine, "bob", tx.Now()) })

	want := []string{
		"message.updated edited", "message.deleted deleted", "message.new new and edited", "message.new reply", "message.updated old",
		"message.updated reacted", "message.deleted mine",
	}
	resp := w.synced("bob", since, room, room)
	if diff := cmp.Diff(want, w.sync("bob", since, room, room)); diff != "" {
		t.Error(diff)
	}
	for _, ev := range resp.Events {
		if ev.CID != room || ev.User == nil || ev.CreatedAt.Before(since) || ev.MessageID != ev.Message.ID {
			t.Errorf("%s: %+v", ev.Type, ev.Event)
		}
		if ev.Type == "message.new" && ev.WatcherCount == nil {
			t.Errorf("%s without watcher_count", ev.Type)
		}
		if ev.Message.ID == reacted.ID && (len(ev.Message.OwnReactions) != 1 || ev.Message.ReactionCounts["like"] != 1) {
			t.Errorf("reactions: %+v", ev.Message)
		}
		if ev.Message.ID == mine.ID && (ev.DeletedForMe == nil || !*ev.DeletedForMe) {
			t.Errorf("deleted for me: %+v", ev.Event)
		}
	}
	if got := w.sync("cat", since, room); !slices.Contains(got, "message.new for cat") {
		t.Errorf("cat: %q", got)
	}
	b, err := wire.Marshal(w.synced("bob", w.app.Now(), room))
	if err != nil || string(b) != `{"events":[]}` {
		t.Errorf("%s %v", b, err)
	}
}

func TestSyncChannels(t *testing.T) {
	t.Parallel()
	w := roomOf(t)
	w.channel("messaging:renamed", "ann", "bob")
	w.channel("messaging:cut", "ann", "bob")
	w.channel("messaging:gone", "ann", "bob")
	w.channel("messaging:left", "ann", "bob")
	w.channel("messaging:joined", "ann")
	w.channel("messaging:hidden", "ann", "bob")
	w.channel("messaging:shown", "ann", "bob")
	w.channel("messaging:revealed", "ann", "bob")
	w.hide("messaging:shown", "bob", true)
	w.hide("messaging:revealed", "bob", true)
	w.send("messaging:cut", "ann", text("cut"))
	since := w.app.Now()
	w.send("messaging:cut", "ann", text("cut, too"))
	w.change("messaging:renamed", func(ctx context.Context, tx *store.Tx, ch *chat.Channel) error { return tx.SaveChannel(ctx, ch) })
	w.change("messaging:cut", func(ctx context.Context, tx *store.Tx, ch *chat.Channel) error {
		return tx.Truncate(ctx, ch, tx.Now(), "ann", false)
	})
	w.change("messaging:gone", func(ctx context.Context, tx *store.Tx, ch *chat.Channel) error { return tx.SoftDeleteChannel(ctx, ch) })
	w.change("messaging:left", func(ctx context.Context, tx *store.Tx, ch *chat.Channel) error {
		_, err := tx.RemoveMembers(ctx, ch, []string{"bob"})
		return err
	})
	w.join("messaging:joined", "bob", "cat")
	w.hide("messaging:hidden", "bob", true)
	w.hide("messaging:shown", "bob", false)
	w.tx(func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Reveal(ctx, "messaging:revealed", tx.Now(), nil)
		return err
	})
	w.channel("messaging:new", "ann", "bob")
	tests := []struct {
		cid  chat.CID
		want []string
	}{
		{"messaging:renamed", []string{"channel.updated"}},
		{"messaging:cut", []string{"channel.truncated", "channel.updated"}},
		{"messaging:gone", []string{"channel.deleted"}},
		{"messaging:left", []string{"notification.removed_from_channel bob"}},
		{"messaging:joined", []string{"notification.added_to_channel bob", "member.added cat"}},
		{"messaging:hidden", []string{"member.updated bob", "channel.hidden"}},
		{"messaging:shown", []string{"member.updated bob", "channel.visible"}},
		{"messaging:revealed", []string{"channel.visible"}},
		{"messaging:new", []string{"channel.created", "notification.added_to_channel bob", "member.added ann"}},
		{"messaging:never", []string{"notification.removed_from_channel bob"}},
		{"nosuchtype:x", []string{"notification.removed_from_channel bob"}},
	}
	var all []chat.CID
	for _, tt := range tests {
		all = append(all, tt.cid)
		if diff := cmp.Diff(tt.want, w.sync("bob", since, tt.cid)); diff != "" {
			t.Errorf("%s: %s", tt.cid, diff)
		}
	}
	for _, ev := range w.synced("bob", since, "messaging:renamed").Events {
		if ev.Channel.CreatedBy == nil || len(ev.Channel.Members) != 2 || ev.Channel.Config == nil {
			t.Errorf("%s: %+v", ev.Type, ev.Channel)
		}
	}
	if got := w.sync("ann", since, "messaging:left", "messaging:joined"); !slices.Equal(got, []string{"member.removed bob", "member.added bob", "member.added cat"}) {
		t.Errorf("ann: %q", got)
	}
	if got := w.sync("bob", w.app.Now(), "messaging:gone"); !slices.Equal(got, []string{"notification.removed_from_channel bob"}) {
		t.Errorf("deleted long ago: %q", got)
	}

	req := &reads.SyncRequest{LastSyncAt: &since, WithInaccessible: true, Watch: true, ConnectionID: "conn"}
	for _, cid := range all {
		req.CIDs = append(req.CIDs, string(cid))
	}
	w.hub.take()
	resp, err := w.Sync(w.as("bob"), req)
	w.must(err)
	if diff := cmp.Diff([]chat.CID{"messaging:left", "messaging:never", "nosuchtype:x"}, resp.Inaccessible); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]chat.CID{"messaging:renamed", "messaging:cut", "messaging:joined", "messaging:hidden", "messaging:shown", "messaging:revealed", "messaging:new"}, w.hub.watched); diff != "" {
		t.Error(diff)
	}
	if got := told(w.hub.take()); got != strings.Repeat("user.watching.start Wbob; ", 6)+"user.watching.start Wbob" {
		t.Errorf("told %s", got)
	}
}

func TestSyncRefusals(t *testing.T) {
	t.Parallel()
	w := roomOf(t)
	now := w.app.Now()
	month := now.Add(-31 * 24 * time.Hour)
	cids := func(n int) []string { return slices.Repeat([]string{string(room)}, n) }
	tests := []struct {
		name, who string
		req       reads.SyncRequest
		kind      chat.Kind
		text      string
	}{
		{name: "no channels", who: "bob", req: reads.SyncRequest{LastSyncAt: &now}, kind: chat.Invalid, text: "channel_cids is a required field"},
		{name: "no time", who: "bob", req: reads.SyncRequest{CIDs: cids(1)}, kind: chat.Invalid, text: "last_sync_at is a required field"},
		{name: "255 channels", who: "bob", req: reads.SyncRequest{CIDs: cids(255), LastSyncAt: &now}},
		{name: "256 channels", who: "bob", req: reads.SyncRequest{CIDs: cids(256), LastSyncAt: &now}, kind: chat.Invalid, text: "channel_cids must contain at maximum 255 items"},
		{name: "no cid", who: "bob", req: reads.SyncRequest{CIDs: []string{"x"}, LastSyncAt: &now}, kind: chat.Invalid, text: "not a valid cid"},
		{name: "too old", who: "bob", req: reads.SyncRequest{CIDs: cids(1), LastSyncAt: &month}, kind: chat.Invalid, text: "Too old last_sync_at time, please have last_sync_at argument no later than 30 days ago"},
		{name: "watch without connection", who: "bob", req: reads.SyncRequest{CIDs: cids(1), LastSyncAt: &now, Watch: true}, kind: chat.Invalid, text: "connection_id"},
		{name: "watch with another's", who: "bob", req: reads.SyncRequest{CIDs: cids(1), LastSyncAt: &now, Watch: true, ConnectionID: "other"}, kind: chat.ConnectionNotFound},
		{name: "nobody", who: "zoe", req: reads.SyncRequest{CIDs: cids(1), LastSyncAt: &now}, kind: chat.NotFound, text: "user with id zoe doesn't exist"},
	}
	for _, tt := range tests {
		err := tt.req.Validate()
		if err == nil {
			_, err = w.Sync(w.as(tt.who), &tt.req)
		}
		refused(t, tt.name, err, tt.kind, tt.text)
	}
}

func TestSyncTooMany(t *testing.T) {
	t.Parallel()
	w := roomOf(t)
	since := w.app.Now()
	for range 1000 {
		w.send(room, "ann")
	}
	if got := w.sync("bob", since, room); len(got) != 1000 {
		t.Errorf("%d events", len(got))
	}
	last := w.send(room, "ann")
	_, err := w.Sync(w.as("bob"), &reads.SyncRequest{CIDs: []string{string(room)}, LastSyncAt: &since})
	refused(t, "1001 messages", err, chat.Invalid, "Too many events")
	if got := w.sync("bob", last.CreatedAt.Add(-time.Microsecond), room); len(got) != 1 {
		t.Errorf("%d events", len(got))
	}
}
