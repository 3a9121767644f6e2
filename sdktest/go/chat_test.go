package sdktest

import (
	"slices"
	"testing"
	"time"

	stream "github.com/GetStream/stream-chat-go/v7"
)

func TestUsers(t *testing.T) {
	t.Parallel()
	c := client(t)
	ids := people(t, c, "ann", "bob")
	u, err := c.PartialUpdateUser(t.Context(), stream.PartialUserUpdate{
		ID: ids[0], Set: map[string]any{"role": "admin", "detail": map[string]any{"depth": 1}}, Unset: []string{"name"},
	})
	must(t, err)
	if u.Role != "admin" || u.Name != "" || u.ExtraData["detail"] == nil {
		t.Errorf("user = %+v", u)
	}
	q, err := c.QueryUsers(t.Context(), &stream.QueryUsersOptions{QueryOption: stream.QueryOption{
		Filter: map[string]any{"id": map[string]any{"$in": ids}}, Limit: 10,
	}})
	must(t, err)
	if len(q.Users) != 2 || q.Users[0].ID != ids[0] && q.Users[0].ID != ids[1] {
		t.Errorf("users = %v", q.Users)
	}
	_, err = c.PartialUpdateUser(t.Context(), stream.PartialUserUpdate{ID: ids[0], Set: map[string]any{"a..b": 1}})
	refused(t, err, 4)
}

func TestMessages(t *testing.T) {
	t.Parallel()
	c := client(t)
	ids := people(t, c, "ann", "bob")
	ch := room(t, c, ids...)
	m := say(t, ch, ids[0], "hello")
	if m.HTML != "<p>hello</p>\n" || m.User.ID != ids[0] || m.Type != "regular" {
		t.Errorf("message = %+v", m)
	}
	up, err := c.UpdateMessage(t.Context(), &stream.Message{Text: "edited", UserID: ids[0], ExtraData: map[string]any{"mood": "fine"}}, m.ID)
	must(t, err)
	if up.Message.Text != "edited" || up.Message.ExtraData["mood"] != "fine" {
		t.Errorf("updated = %+v", up.Message)
	}
	_, err = c.PinMessage(t.Context(), m.ID, ids[1], nil)
	must(t, err)
	got, err := c.GetMessage(t.Context(), m.ID)
	must(t, err)
	if !got.Message.Pinned || got.Message.PinnedBy.ID != ids[1] {
		t.Errorf("pinned = %+v", got.Message)
	}
	reply, err := ch.SendMessage(t.Context(), &stream.Message{Text: "reply", ParentID: m.ID}, ids[1])
	must(t, err)
	replies, err := ch.GetReplies(t.Context(), m.ID, nil)
	must(t, err)
	if len(replies.Messages) != 1 || replies.Messages[0].ID != reply.Message.ID {
		t.Errorf("replies = %v", replies.Messages)
	}
	many, err := ch.GetMessages(t.Context(), []string{m.ID, reply.Message.ID})
	must(t, err)
	if len(many.Messages) != 2 {
		t.Errorf("messages = %v", many.Messages)
	}
	_, err = c.DeleteMessage(t.Context(), m.ID)
	must(t, err)
	_, err = c.HardDeleteMessage(t.Context(), m.ID)
	must(t, err)
	_, err = c.GetMessage(t.Context(), m.ID)
	refused(t, err, 16)
}

func TestReactions(t *testing.T) {
	t.Parallel()
	c := client(t)
	ids := people(t, c, "ann", "bob")
	ch := room(t, c, ids...)
	m := say(t, ch, ids[0], "like me")
	for _, user := range ids {
		_, err := c.SendReaction(t.Context(), &stream.Reaction{Type: "love"}, m.ID, user)
		must(t, err)
	}
	list, err := c.GetReactions(t.Context(), m.ID, nil)
	must(t, err)
	if len(list.Reactions) != 2 || list.Reactions[0].UserID != ids[1] {
		t.Errorf("reactions = %v", list.Reactions)
	}
	resp, err := c.DeleteReaction(t.Context(), m.ID, "love", ids[0])
	must(t, err)
	if resp.Message.ReactionCounts["love"] != 1 {
		t.Errorf("counts = %v", resp.Message.ReactionCounts)
	}
}

func TestMembers(t *testing.T) {
	t.Parallel()
	c := client(t)
	ids := people(t, c, "ann", "bob", "cat")
	ch := room(t, c, ids[0])
	_, err := ch.AddMembers(t.Context(), ids[1:2])
	must(t, err)
	_, err = ch.AddModerators(t.Context(), ids[1])
	must(t, err)
	_, err = ch.InviteMembers(t.Context(), ids[2])
	must(t, err)
	_, err = ch.RejectInvite(t.Context(), ids[2], nil)
	must(t, err)
	_, err = ch.AcceptInvite(t.Context(), ids[2], nil)
	must(t, err)
	list, err := ch.QueryMembers(t.Context(), &stream.QueryOption{Filter: map[string]any{}, Limit: 10}, &stream.SortOption{Field: "user_id", Direction: 1})
	must(t, err)
	var got []string
	for _, m := range list.Members {
		got = append(got, m.UserID)
	}
	if !slices.IsSorted(got) || len(got) != 3 {
		t.Errorf("members = %v", got)
	}
	i := slices.IndexFunc(list.Members, func(m *stream.ChannelMember) bool { return m.UserID == ids[1] })
	if list.Members[i].ChannelRole != "channel_moderator" {
		t.Errorf("role = %q", list.Members[i].ChannelRole)
	}
	_, err = ch.RemoveMembers(t.Context(), ids[1:], nil)
	must(t, err)
	state, err := ch.RefreshState(t.Context())
	must(t, err)
	if len(state.Members) != 1 || state.Channel.MemberCount != 1 {
		t.Errorf("members left = %v", state.Members)
	}
}

func TestChannels(t *testing.T) {
	t.Parallel()
	c := client(t)
	ids := people(t, c, "ann", "bob")
	tag := id("tag")
	for i, name := range []string{"one", "two", "three"} {
		_, err := c.CreateChannel(t.Context(), "messaging", id(name), ids[0], &stream.ChannelRequest{
			Members: ids, ExtraData: map[string]any{"tag": tag, "rank": i},
		})
		must(t, err)
	}
	q, err := c.QueryChannels(t.Context(), &stream.QueryOption{Filter: map[string]any{"tag": tag, "rank": map[string]any{"$gte": 1}}}, &stream.SortOption{Field: "rank", Direction: -1})
	must(t, err)
	if len(q.Channels) != 2 || q.Channels[0].ExtraData["rank"] != 2.0 {
		t.Fatalf("channels = %+v", q.Channels)
	}
	ch := q.Channels[0]
	_, err = ch.PartialUpdate(t.Context(), stream.PartialUpdate{Set: map[string]any{"color": "red", "frozen": true}, Unset: []string{"rank"}})
	must(t, err)
	state, err := ch.RefreshState(t.Context())
	must(t, err)
	if state.Channel.ExtraData["color"] != "red" || !state.Channel.Frozen {
		t.Errorf("channel = %+v", state.Channel)
	}
	_, err = ch.Truncate(t.Context())
	must(t, err)
	_, err = ch.Hide(t.Context(), ids[1])
	must(t, err)
	_, err = ch.Show(t.Context(), ids[1])
	must(t, err)
	_, err = ch.Delete(t.Context())
	must(t, err)
	_, err = ch.SendMessage(t.Context(), &stream.Message{Text: "x"}, ids[0])
	refused(t, err, 16)
}

func TestUnread(t *testing.T) {
	t.Parallel()
	c := client(t)
	ids := people(t, c, "ann", "bob")
	ch := room(t, c, ids...)
	say(t, ch, ids[0], "one")
	say(t, ch, ids[0], "two")
	n, err := c.UnreadCounts(t.Context(), ids[1])
	must(t, err)
	if n.TotalUnreadCount != 2 || n.Channels[0].ChannelID != ch.CID {
		t.Errorf("unread = %+v", n)
	}
	_, err = ch.MarkRead(t.Context(), ids[1])
	must(t, err)
	say(t, ch, ids[0], "three")
	batch, err := c.UnreadCountsBatch(t.Context(), append(ids, id("nobody")))
	must(t, err)
	if len(batch.CountsByUser) != 2 || batch.CountsByUser[ids[1]].TotalUnreadCount != 1 || batch.CountsByUser[ids[0]].TotalUnreadCount != 0 {
		t.Errorf("batch = %+v", batch.CountsByUser)
	}
	_, err = c.MarkAllRead(t.Context(), ids[1])
	must(t, err)
}

func TestChannelTypes(t *testing.T) {
	t.Parallel()
	c := client(t)
	ct := stream.NewChannelType(id("type"))
	ct.Reactions = false
	made, err := c.CreateChannelType(t.Context(), ct)
	must(t, err)
	if made.ChannelType.Name != ct.Name || made.ChannelType.Reactions {
		t.Errorf("type = %+v", made.ChannelType)
	}
	_, err = c.UpdateChannelType(t.Context(), ct.Name, map[string]any{"max_message_length": 42})
	must(t, err)
	got, err := c.GetChannelType(t.Context(), ct.Name)
	must(t, err)
	if got.ChannelType.MaxMessageLength != 42 {
		t.Errorf("max_message_length = %d", got.ChannelType.MaxMessageLength)
	}
	_, err = c.DeleteChannelType(t.Context(), ct.Name)
	must(t, err)
	_, err = c.GetChannelType(t.Context(), ct.Name)
	refused(t, err, 16)
}

func TestAppAndErrors(t *testing.T) {
	t.Parallel()
	c := client(t)
	app, err := c.GetAppSettings(t.Context())
	must(t, err)
	if app.App == nil || app.RateLimitInfo == nil || app.RateLimitInfo.Limit <= 0 {
		t.Errorf("app = %+v, limits %+v", app.App, app.RateLimitInfo)
	}
	stranger, err := stream.NewClient("nosuchkey", "secret")
	must(t, err)
	stranger.BaseURL = c.BaseURL
	_, err = stranger.GetAppSettings(t.Context())
	refused(t, err, 2)
	_, err = c.GetMessage(t.Context(), id("nothing"))
	refused(t, err, 16)
	if _, err = c.CreateToken("ann", time.Now().Add(time.Hour)); err != nil {
		t.Error(err)
	}
	_, err = c.CreateChannel(t.Context(), "messaging", "bad id!", people(t, c, "ann")[0], nil)
	refused(t, err, 4)
}

func TestEvents(t *testing.T) {
	t.Parallel()
	c := client(t)
	ids := people(t, c, "ann")
	ch := room(t, c, ids...)
	_, err := ch.SendEvent(t.Context(), &stream.Event{Type: stream.EventTypingStart}, ids[0])
	must(t, err)
	_, err = c.SendUserCustomEvent(t.Context(), ids[0], &stream.UserCustomEvent{Type: "promotion", ExtraData: map[string]any{"percent": 10}})
	must(t, err)
	_, err = c.SendUserCustomEvent(t.Context(), id("nobody"), &stream.UserCustomEvent{Type: "promotion"})
	refused(t, err, 16)
}
