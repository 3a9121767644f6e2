package sdktest

import (
	"fmt"
	"slices"
	"testing"

	stream "github.com/GetStream/stream-chat-go/v7"
)

func TestPages(t *testing.T) {
	t.Parallel()
	c := client(t)
	ids := people(t, c, "ann", "bob", "cat", "dan")
	ch := room(t, c, ids...)
	var sent []string
	for i := range 7 {
		sent = append(sent, say(t, ch, ids[0], fmt.Sprintf("m%d", i)).ID)
	}
	page := func(p stream.PaginationParamsRequest, around string) []string {
		t.Helper()
		q, err := ch.Query(t.Context(), &stream.QueryRequest{State: true, Messages: &stream.MessagePaginationParamsRequest{PaginationParamsRequest: p, IDAround: around}})
		must(t, err)
		var texts []string
		for _, m := range q.Messages {
			texts = append(texts, m.Text)
		}
		return texts
	}
	for _, tt := range []struct {
		page   stream.PaginationParamsRequest
		around string
		want   []string
	}{
		{stream.PaginationParamsRequest{Limit: 2}, "", []string{"m5", "m6"}},
		{stream.PaginationParamsRequest{Limit: 2, IDLT: sent[5]}, "", []string{"m3", "m4"}},
		{stream.PaginationParamsRequest{Limit: 2, IDLTE: sent[5]}, "", []string{"m4", "m5"}},
		{stream.PaginationParamsRequest{Limit: 2, IDGT: sent[1]}, "", []string{"m2", "m3"}},
		{stream.PaginationParamsRequest{Limit: 2, IDGTE: sent[1]}, "", []string{"m1", "m2"}},
		{stream.PaginationParamsRequest{Limit: 3}, sent[3], []string{"m2", "m3", "m4"}},
	} {
		if got := page(tt.page, tt.around); !slices.Equal(got, tt.want) {
			t.Errorf("%+v around %q: %v, want %v", tt.page, tt.around, got, tt.want)
		}
	}
	var members []string
	for offset := 0; offset < len(ids); offset += 3 {
		list, err := ch.QueryMembers(t.Context(), &stream.QueryOption{Filter: map[string]any{}, Limit: 3, Offset: offset}, &stream.SortOption{Field: "user_id", Direction: 1})
		must(t, err)
		for _, m := range list.Members {
			members = append(members, m.UserID)
		}
	}
	if !slices.Equal(members, slices.Sorted(slices.Values(ids))) {
		t.Errorf("members = %v", members)
	}
}

func TestFilters(t *testing.T) {
	t.Parallel()
	c := client(t)
	tag := id("tag")
	names := []string{"anna", "annabel", "bob"}
	users := make([]*stream.User, len(names))
	for i, n := range names {
		users[i] = &stream.User{ID: id(n), Name: n, ExtraData: map[string]any{"tag": tag, "level": i}}
	}
	_, err := c.UpsertUsers(t.Context(), users...)
	must(t, err)
	for _, tt := range []struct {
		filter map[string]any
		want   []string
	}{
		{map[string]any{}, []string{"anna", "annabel", "bob"}},
		{map[string]any{"name": map[string]any{"$autocomplete": "anna"}}, []string{"anna", "annabel"}},
		{map[string]any{"level": map[string]any{"$gte": 1}}, []string{"annabel", "bob"}},
		{map[string]any{"level": map[string]any{"$in": []int{0, 2}}}, []string{"anna", "bob"}},
		{map[string]any{"$or": []map[string]any{{"name": "anna"}, {"level": 2}}}, []string{"anna", "bob"}},
		{map[string]any{"$nor": []map[string]any{{"name": "anna"}}}, []string{"annabel", "bob"}},
	} {
		tt.filter["tag"] = tag
		q, err := c.QueryUsers(t.Context(), &stream.QueryUsersOptions{QueryOption: stream.QueryOption{Filter: tt.filter}}, &stream.SortOption{Field: "name", Direction: 1})
		must(t, err)
		var got []string
		for _, u := range q.Users {
			got = append(got, u.Name)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%v: %v, want %v", tt.filter, got, tt.want)
		}
	}
	_, err = c.QueryUsers(t.Context(), &stream.QueryUsersOptions{QueryOption: stream.QueryOption{Filter: map[string]any{"id": map[string]any{"$regex": "a"}}}})
	refused(t, err, 4)
}

func TestHiding(t *testing.T) {
	t.Parallel()
	c := client(t)
	ids := people(t, c, "ann", "bob")
	ch := room(t, c, ids...)
	say(t, ch, ids[0], "old")
	listed := func(hidden bool) int {
		t.Helper()
		q, err := c.QueryChannels(t.Context(), &stream.QueryOption{UserID: ids[1], Filter: map[string]any{
			"members": map[string]any{"$in": ids[1:]}, "hidden": hidden,
		}})
		must(t, err)
		return len(q.Channels)
	}
	_, err := ch.HideWithHistoryClear(t.Context(), ids[1])
	must(t, err)
	if listed(false) != 0 || listed(true) != 1 {
		t.Error("the channel is not hidden")
	}
	say(t, ch, ids[0], "new")
	if listed(false) != 1 || listed(true) != 0 {
		t.Error("a new message does not show the channel")
	}
}

func TestInvites(t *testing.T) {
	t.Parallel()
	c := client(t)
	ids := people(t, c, "ann", "bob", "cat", "eve")
	ch := room(t, c, ids[0])
	_, err := ch.InviteMembers(t.Context(), ids[1], ids[2])
	must(t, err)
	_, err = ch.AcceptInvite(t.Context(), ids[1], &stream.Message{Text: "bob is here"})
	must(t, err)
	_, err = ch.RejectInvite(t.Context(), ids[2], nil)
	must(t, err)
	for i, invite := range map[int]string{1: "accepted", 2: "rejected"} {
		q, err := c.QueryChannels(t.Context(), &stream.QueryOption{UserID: ids[i], Filter: map[string]any{"invite": invite}})
		must(t, err)
		if len(q.Channels) != 1 || q.Channels[0].CID != ch.CID {
			t.Errorf("%s: %v", invite, q.Channels)
		}
	}
	state, err := ch.RefreshState(t.Context())
	must(t, err)
	if m := state.Messages; len(m) != 1 || m[0].Text != "bob is here" || m[0].Type != stream.MessageTypeSystem {
		t.Errorf("messages = %v", m)
	}
	if _, err = ch.AcceptInvite(t.Context(), ids[3], nil); err == nil {
		t.Error("somebody who was not invited accepts")
	}
}

func TestThreadsAndUnread(t *testing.T) {
	t.Parallel()
	c := client(t)
	ids := people(t, c, "ann", "bob")
	ch := room(t, c, ids...)
	parent := say(t, ch, ids[0], "parent")
	for i := range 3 {
		_, err := ch.SendMessage(t.Context(), &stream.Message{Text: fmt.Sprintf("r%d", i), ParentID: parent.ID, ShowInChannel: i == 1}, ids[1])
		must(t, err)
	}
	replies, err := ch.GetReplies(t.Context(), parent.ID, map[string][]string{"limit": {"2"}})
	must(t, err)
	if r := replies.Messages; len(r) != 2 || r[0].Text != "r1" || r[1].Text != "r2" || r[0].Type != stream.MessageTypeReply {
		t.Errorf("replies = %+v", r)
	}
	_, err = ch.SendMessage(t.Context(), &stream.Message{Text: "nested", ParentID: replies.Messages[0].ID}, ids[0])
	refused(t, err, 21)
	got, err := c.GetMessage(t.Context(), parent.ID)
	must(t, err)
	if got.Message.ReplyCount != 3 {
		t.Errorf("reply_count = %d", got.Message.ReplyCount)
	}
	state, err := ch.RefreshState(t.Context())
	must(t, err)
	for _, r := range state.Read {
		if want := map[string]int{ids[0]: 1, ids[1]: 0}[r.User.ID]; r.UnreadMessages != want {
			t.Errorf("%s has %d unread messages, want %d", r.User.ID, r.UnreadMessages, want)
		}
	}
}
