package reads_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"chatd/internal/chat"
	"chatd/internal/reads"
	"chatd/internal/store"
	"chatd/internal/wire"
)

const room = chat.CID("messaging:room")

// roomOf makes a world with a channel of ann, bob and cat; dan is a stranger, and
// cat shows nobody what she does.
func roomOf(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	for _, id := range []string{"ann", "bob", "dan"} {
		w.user(id)
	}
	w.user("cat", func(u *chat.User) {
		off := &chat.Enabled{}
		u.Privacy = &chat.PrivacySettings{TypingIndicators: off, ReadReceipts: off, DeliveryReceipts: off}
	})
	w.channel(room, "ann", "bob", "cat")
	w.channel("livestream:live", "ann", "bob")
	w.hub.take()
	return w
}

func TestMarkRead(t *testing.T) {
	t.Parallel()
	w := roomOf(t)
	m1, m2 := w.send(room, "ann"), w.send(room, "ann")
	reply := w.send(room, "ann", func(m *chat.Message) { m.ParentID, m.Type = m1.ID, chat.MessageReply })
	live := w.send("livestream:live", "ann")
	tests := []struct {
		name, who, cid, message string
		kind                    chat.Kind
		text                    string
		told, last, totals      string
	}{
		{name: "up to a message", who: "bob", message: m1.ID, told: "message.read w; notification.mark_read ubob", last: m1.ID, totals: "1/1"},
		{name: "all", who: "bob", told: "message.read w; notification.mark_read ubob", last: m2.ID, totals: "0/0"},
		{name: "an older message takes nothing back", who: "bob", message: m1.ID, told: "message.read w; notification.mark_read ubob", last: m2.ID, totals: "0/0"},
		{name: "without read receipts", who: "cat", told: "message.read wcat; notification.mark_read ucat", last: m2.ID, totals: "0/0"},
		{name: "a stranger", who: "dan", kind: chat.NotAllowed, text: "User 'dan' with role 'user' is not allowed to perform action ReadChannel in scope 'messaging'"},
		{name: "no read events", who: "bob", cid: "live", kind: chat.FeatureNotSupported, text: "Channel type livestream does not support read events"},
		{name: "no such message", who: "bob", message: "nope", kind: chat.NotFound, text: "message with id nope doesn't exist"},
		{name: "another channel's message", who: "bob", message: live.ID, kind: chat.NotFound, text: "doesn't exist"},
		{name: "a reply", who: "bob", message: reply.ID, kind: chat.Invalid, text: "is a thread reply"},
		{name: "no such channel", who: "bob", cid: "nope", kind: chat.NotFound, text: "Can't find channel with id messaging:nope"},
		{name: "no such user", who: "zoe", kind: chat.NotFound, text: "user with id zoe doesn't exist"},
	}
	for _, tt := range tests {
		req := &reads.MarkReadRequest{Type: "messaging", ID: "room", MessageID: tt.message}
		if tt.cid != "" {
			req.ID = tt.cid
		}
		if tt.cid == "live" {
			req.Type = "livestream"
		}
		resp, err := w.MarkRead(w.as(tt.who), req)
		refused(t, tt.name, err, tt.kind, tt.text)
		if got := told(w.hub.take()); got != tt.told {
			t.Errorf("%s: told %q, want %q", tt.name, got, tt.told)
		}
		if err != nil {
			continue
		}
		if resp.Event.LastReadMessageID != tt.last || w.unread(tt.who) != tt.totals {
			t.Errorf("%s: last %s, want %s; totals %s, want %s", tt.name, resp.Event.LastReadMessageID, tt.last, w.unread(tt.who), tt.totals)
		}
	}
}

func TestMarkReadAnswer(t *testing.T) {
	t.Parallel()
	w := roomOf(t)
	m := w.send(room, "ann")
	resp, err := w.MarkRead(w.as("bob"), &reads.MarkReadRequest{Type: "messaging", ID: "room"})
	w.must(err)
	b, err := wire.Marshal(resp)
	w.must(err)
	for _, want := range []string{
		`"type":"message.read"`, `"cid":"messaging:room"`, `"channel_id":"room"`, `"channel_type":"messaging"`,
		`"last_read_message_id":"` + m.ID + `"`, `"user":{"id":"bob"`, `"channel_last_message_at":"`,
	} {
		if !strings.Contains(string(b), want) {
			t.Errorf("no %s in %s", want, b)
		}
	}
	events := w.hub.take()
	own := events[len(events)-1]
	if !own.WithUnread || own.Channel == nil || own.Channel.Config == nil || own.Channel.CreatedBy == nil || !own.Channel.LastMessageAt.Equal(m.CreatedAt) {
		t.Errorf("notification.mark_read: %+v", own)
	}
}

// Who may read a channel but is no member of it has no read state there.
func TestMarkReadOfNoMember(t *testing.T) {
	t.Parallel()
	w := roomOf(t)
	w.user("root", func(u *chat.User) { u.Role = chat.RoleAdmin })
	m := w.send(room, "ann")
	resp, err := w.MarkRead(w.as("root"), &reads.MarkReadRequest{Type: "messaging", ID: "room", MessageID: m.ID})
	w.must(err)
	if resp.Event.LastReadMessageID != m.ID || resp.Event.User.ID != "root" {
		t.Errorf("%+v", resp.Event)
	}
	_, err = w.MarkUnread(w.as("root"), &reads.MarkUnreadRequest{Type: "messaging", ID: "room", MessageID: m.ID})
	refused(t, "unread", err, chat.NotAllowed, "user 'root' is not a member of channel messaging:room")
	if got := told(w.hub.take()); got != "" {
		t.Errorf("told %s", got)
	}
}

func TestMarkChannelsRead(t *testing.T) {
	t.Parallel()
	w := roomOf(t)
	w.channel("messaging:two", "ann", "bob", "cat")
	m1 := w.send(room, "ann")
	w.send(room, "ann")
	w.send("messaging:two", "ann")
	many := map[chat.CID]string{}
	for range 31 {
		many[chat.NewCID("messaging", chat.NewID())] = "x"
	}
	refused(t, "31", (&reads.MarkChannelsReadRequest{ReadByChannel: many}).Validate(), chat.Invalid, "read_by_channel must contain at maximum 30 items")
	refused(t, "cid", (&reads.MarkChannelsReadRequest{ReadByChannel: map[chat.CID]string{"x": ""}}).Validate(), chat.Invalid, "not a valid cid")

	_, err := w.MarkChannelsRead(w.as("bob"), &reads.MarkChannelsReadRequest{ReadByChannel: map[chat.CID]string{room: "nope"}})
	refused(t, "message", err, chat.NotFound, "message with id nope doesn't exist")
	_, err = w.MarkChannelsRead(w.as("dan"), &reads.MarkChannelsReadRequest{ReadByChannel: map[chat.CID]string{room: ""}})
	w.must(err)
	if got := told(w.hub.take()); got != "" {
		t.Errorf("a stranger's: %s", got)
	}
	_, err = w.MarkChannelsRead(w.as("bob"), &reads.MarkChannelsReadRequest{ReadByChannel: map[chat.CID]string{room: m1.ID, "livestream:live": "", "messaging:two": ""}})
	w.must(err)
	if got, want := told(w.hub.take()), "message.read w; notification.mark_read ubob; message.read w; notification.mark_read ubob"; got != want {
		t.Errorf("told %q, want %q", got, want)
	}
	if got := w.unread("bob"); got != "1/1" {
		t.Errorf("totals %s", got)
	}
	_, err = w.MarkChannelsRead(w.as("cat"), &reads.MarkChannelsReadRequest{})
	w.must(err)
	events := w.hub.take()
	if got, want := told(events), "message.read wcat; message.read wcat; notification.mark_read ucat"; got != want {
		t.Errorf("told %q, want %q", got, want)
	}
	if last := events[2]; last.CID != "" || !last.WithUnread || w.unread("cat") != "0/0" {
		t.Errorf("%+v, totals %s", last, w.unread("cat"))
	}
}

func TestMarkUnread(t *testing.T) {
	t.Parallel()
	w := roomOf(t)
	m1, m2 := w.send(room, "ann"), w.send(room, "ann")
	w.send(room, "bob")
	early := m1.CreatedAt.Add(-time.Hour)
	late := w.app.Now().Add(time.Hour)
	tests := []struct {
		name, who, cid string
		req            reads.MarkUnreadRequest
		kind           chat.Kind
		text           string
		totals, first  string
		last           string
	}{
		{name: "from a message", who: "bob", req: reads.MarkUnreadRequest{MessageID: m2.ID}, totals: "1/1", first: m2.ID, last: m1.ID},
		{name: "from the first", who: "bob", req: reads.MarkUnreadRequest{MessageID: m1.ID}, totals: "2/1", first: m1.ID},
		{name: "from a time", who: "bob", req: reads.MarkUnreadRequest{MessageTimestamp: &early}, totals: "2/1", first: m1.ID},
		{name: "after the last", who: "bob", req: reads.MarkUnreadRequest{MessageTimestamp: &late}, kind: chat.Invalid, text: "no message since"},
		{name: "unknown", who: "bob", req: reads.MarkUnreadRequest{MessageID: "x"}, kind: chat.Invalid, text: `Either the message with ID "x" does not exist, or it is older than last 100 channel messages.`},
		{name: "a stranger", who: "dan", req: reads.MarkUnreadRequest{MessageID: m1.ID}, kind: chat.NotAllowed, text: "not allowed"},
		{name: "no read events", who: "bob", cid: "livestream:live", req: reads.MarkUnreadRequest{MessageID: m1.ID}, kind: chat.FeatureNotSupported, text: "does not support read events"},
		{name: "no thread", who: "bob", req: reads.MarkUnreadRequest{ThreadID: "x"}, kind: chat.Invalid, text: "thread with id x doesn't exist"},
	}
	for _, tt := range tests {
		cid := room
		if tt.cid != "" {
			cid = chat.CID(tt.cid)
		}
		tt.req.Type, tt.req.ID = cid.Type(), cid.ID()
		w.must(tt.req.Validate())
		w.hub.take()
		_, err := w.MarkUnread(w.as(tt.who), &tt.req)
		refused(t, tt.name, err, tt.kind, tt.text)
		events := w.hub.take()
		if err != nil {
			if len(events) > 0 {
				t.Errorf("%s: told %s", tt.name, told(events))
			}
			continue
		}
		ev := events[0]
		if told(events) != "notification.mark_unread ubob" || !ev.WithUnread || ev.FirstUnreadMessageID != tt.first ||
			ev.LastReadMessageID != tt.last || (ev.LastReadAt == nil) != (tt.last == "") || w.unread(tt.who) != tt.totals {
			t.Errorf("%s: %s %+v, totals %s", tt.name, told(events), ev, w.unread(tt.who))
		}
	}
	refused(t, "nothing", (&reads.MarkUnreadRequest{}).Validate(), chat.Invalid, "must be provided")
}

func TestMarkUnreadWindow(t *testing.T) {
	t.Parallel()
	w := roomOf(t)
	first := w.send(room, "ann")
	for range 99 {
		w.send(room, "ann")
	}
	req := &reads.MarkUnreadRequest{Type: "messaging", ID: "room", MessageID: first.ID}
	_, err := w.MarkUnread(w.as("bob"), req)
	w.must(err)
	if got := w.unread("bob"); got != "100/1" {
		t.Errorf("totals %s", got)
	}
	w.send(room, "ann")
	_, err = w.MarkUnread(w.as("bob"), req)
	refused(t, "the 101st", err, chat.Invalid, "older than last 100 channel messages.")
}

func TestThreads(t *testing.T) {
	t.Parallel()
	w := roomOf(t)
	parent := w.send(room, "ann")
	reply := w.send(room, "bob", func(m *chat.Message) { m.ParentID, m.Type = parent.ID, chat.MessageReply })
	read := func(id string) (*reads.ReadResponse, error) {
		return w.MarkRead(w.as("ann"), &reads.MarkReadRequest{Type: "messaging", ID: "room", ThreadID: id})
	}
	for _, id := range []string{"nope", reply.ID} {
		_, err := read(id)
		refused(t, id, err, chat.Invalid, "doesn't exist")
	}
	resp, err := read(parent.ID)
	w.must(err)
	if ev := resp.Event; ev.ThreadID != parent.ID || ev.LastReadMessageID != reply.ID {
		t.Errorf("%+v", ev)
	}
	if got := told(w.hub.take()); got != "message.read w; notification.mark_read uann" {
		t.Errorf("told %s", got)
	}
	_, err = w.MarkUnread(w.as("ann"), &reads.MarkUnreadRequest{Type: "messaging", ID: "room", ThreadID: parent.ID, MessageID: reply.ID})
	w.must(err)
	events := w.hub.take()
	if ev := events[0]; told(events) != "notification.mark_unread uann" || ev.FirstUnreadMessageID != reply.ID || ev.LastReadMessageID != "" || ev.ThreadID != parent.ID {
		t.Errorf("%s %+v", told(events), ev)
	}
	_, err = w.MarkUnread(w.as("ann"), &reads.MarkUnreadRequest{Type: "messaging", ID: "room", ThreadID: parent.ID, MessageID: "nope"})
	refused(t, "reply", err, chat.Invalid, "message with id nope doesn't exist in thread")
}

func TestUnread(t *testing.T) {
	t.Parallel()
	w := roomOf(t)
	w.channel("team:a", "ann", "bob")
	w.send(room, "ann")
	w.send("team:a", "ann")
	w.send("team:a", "ann")
	got, err := w.Unread(w.as("bob"), &reads.UnreadRequest{})
	w.must(err)
	if got.Total != 3 || len(got.Channels) != 2 || got.Channels[0].ChannelID != "team:a" || got.Channels[0].Unread != 2 || got.Channels[0].LastRead.IsZero() ||
		len(got.ChannelTypes) != 2 || *got.ChannelTypes[0] != (reads.UnreadChannelType{Type: "messaging", Channels: 1, Unread: 1}) {
		t.Errorf("%+v", got)
	}
	batch, err := w.UnreadBatch(w.as(""), &reads.UnreadBatchRequest{UserIDs: []string{"ann", "bob", "nobody", "bad id\x00"}})
	w.must(err)
	if c := batch.CountsByUser; len(c) != 2 || c["ann"].Total != 0 || c["bob"].Total != 3 {
		t.Errorf("%+v", c)
	}
	b, err := wire.Marshal(batch.CountsByUser["ann"])
	if want := `{"total_unread_count":0,"total_unread_threads_count":0,"channels":[],"channel_type":[],"threads":[]}`; err != nil || string(b) != want {
		t.Errorf("%s %v", b, err)
	}
	w.tx(func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.UpdateSettings(ctx, func(set *chat.AppSettings) error { set.MultiTenantEnabled = true; return nil })
		return err
	})
	w.change("team:a", func(ctx context.Context, tx *store.Tx, ch *chat.Channel) error {
		ch.Team = "red"
		return tx.SaveChannel(ctx, ch)
	})
	got, err = w.Unread(w.as("bob"), &reads.UnreadRequest{})
	if err != nil || len(got.TotalByTeam) != 1 || got.TotalByTeam["red"] != 2 || got.Total != 3 {
		t.Errorf("by team: %+v %v", got, err)
	}
	refused(t, "none", (&reads.UnreadBatchRequest{}).Validate(), chat.Invalid, "user_ids is a required field")
	refused(t, "101", (&reads.UnreadBatchRequest{UserIDs: make([]string, 101)}).Validate(), chat.Invalid, "user_ids must contain at maximum 100 items")
}

func TestMarkDelivered(t *testing.T) {
	t.Parallel()
	w := roomOf(t)
	m1, m2 := w.send(room, "ann"), w.send(room, "ann")
	live := w.send("livestream:live", "ann")
	tests := []struct {
		name, who string
		body      string
		kind      chat.Kind
		text      string
		told      string
	}{
		{name: "none", who: "bob", body: `{}`, kind: chat.Invalid, text: "latest_delivered_messages is a required field"},
		{name: "no id", who: "bob", body: `{"latest_delivered_messages":[{"cid":"messaging:room"}]}`, kind: chat.Invalid, text: "latest_delivered_messages.id is a required field"},
		{name: "bad cid", who: "bob", body: `{"latest_delivered_messages":[{"cid":"room","id":"x"}]}`, kind: chat.Invalid, text: "not a valid cid"},
		{name: "new", who: "bob", body: `{"latest_delivered_messages":[{"cid":"messaging:room","id":"` + m2.ID + `"},{"cid":"messaging:room","id":"` + m1.ID + `"}]}`, told: "message.delivered w"},
		{name: "known", who: "bob", body: `{"latest_delivered_messages":[{"cid":"messaging:room","id":"` + m1.ID + `"}]}`},
		{name: "gone", who: "bob", body: `{"latest_delivered_messages":[{"cid":"messaging:room","id":"gone"}]}`},
		{name: "not the type", who: "bob", body: `{"latest_delivered_messages":[{"cid":"livestream:live","id":"` + live.ID + `"}]}`},
		{name: "a stranger", who: "dan", body: `{"latest_delivered_messages":[{"cid":"messaging:room","id":"` + m1.ID + `"}]}`},
		{name: "without receipts", who: "cat", body: `{"latest_delivered_messages":[{"cid":"messaging:room","id":"` + m1.ID + `"}]}`},
	}
	for _, tt := range tests {
		req := &reads.MarkDeliveredRequest{}
		w.must(wire.Unmarshal([]byte(tt.body), req))
		err := req.Validate()
		if err == nil {
			_, err = w.MarkDelivered(w.as(tt.who), req)
		}
		refused(t, tt.name, err, tt.kind, tt.text)
		events := w.hub.take()
		if got := told(events); got != tt.told {
			t.Errorf("%s: told %q, want %q", tt.name, got, tt.told)
		}
		if len(events) > 0 && (events[0].LastDeliveredMessageID != m2.ID || !events[0].LastDeliveredAt.Equal(m2.CreatedAt)) {
			t.Errorf("%s: %+v", tt.name, events[0])
		}
	}
	if got := w.unread("bob"); got != "2/1" {
		t.Errorf("what is delivered is not read: %s", got)
	}
}

func TestSendEvent(t *testing.T) {
	t.Parallel()
	w := roomOf(t)
	big := strings.Repeat("x", chat.MaxCustom)
	tests := []struct {
		name, who, cid, event string
		kind                  chat.Kind
		text                  string
		told, answer          string
	}{
		{name: "typing", who: "bob", event: `{"type":"typing.start","parent_id":"p"}`, told: "typing.start w", answer: `"parent_id":"p"`},
		{name: "typing unseen", who: "cat", event: `{"type":"typing.stop"}`, answer: `"type":"typing.stop"`},
		{name: "typing off", who: "bob", cid: "livestream:live", event: `{"type":"typing.start"}`, kind: chat.FeatureNotSupported, text: "Channel type livestream does not support typing events"},
		{name: "custom", who: "bob", event: `{"type":"my.event","n":1,"cid":"other:one","user":{"id":"eve"},"created_at":"x"}`, told: "my.event w", answer: `"n":1`},
		{name: "built in", who: "bob", event: `{"type":"message.new"}`, kind: chat.EventNotSupported, text: "message.new"},
		{name: "ai", who: "bob", event: `{"type":"ai_indicator.update","ai_state":"AI_STATE_THINKING","message_id":"m"}`, told: "ai_indicator.update w", answer: `"ai_state":"AI_STATE_THINKING"`},
		{name: "read", who: "bob", event: `{"type":"message.read"}`, told: "message.read w; notification.mark_read ubob", answer: `"type":"message.read"`},
		{name: "no type", who: "bob", event: `{}`, kind: chat.Invalid, text: "event.type is a required field"},
		{name: "too big", who: "bob", event: `{"type":"x","y":"` + big + `"}`, kind: chat.PayloadTooBig, text: "event custom data is too big"},
		{name: "a stranger", who: "dan", event: `{"type":"typing.start"}`, kind: chat.NotAllowed, text: "ReadChannel"},
		{name: "server side", who: "", event: `{"type":"x","user_id":"ann"}`, told: "x w", answer: `"user":{"id":"ann"`},
		{name: "server side, nobody", who: "", event: `{"type":"x"}`, kind: chat.Invalid, text: "either event.user or event.user_id must be provided when using server side auth."},
		{name: "server side, two", who: "", event: `{"type":"x","user_id":"ann","user":{"id":"bob"}}`, kind: chat.Invalid, text: "cannot set both event.user and event.user_id."},
	}
	for _, tt := range tests {
		cid := room
		if tt.cid != "" {
			cid = chat.CID(tt.cid)
		}
		req := &reads.SendEventRequest{Type: cid.Type(), ID: cid.ID()}
		w.must(wire.Unmarshal([]byte(`{"event":`+tt.event+`}`), req))
		err := req.Validate()
		var resp *reads.EventResponse
		if err == nil {
			resp, err = w.SendEvent(w.as(tt.who), req)
		}
		refused(t, tt.name, err, tt.kind, tt.text)
		if got := told(w.hub.take()); got != tt.told {
			t.Errorf("%s: told %q, want %q", tt.name, got, tt.told)
		}
		if err != nil {
			continue
		}
		b, err := wire.Marshal(resp)
		if err != nil || !strings.Contains(string(b), tt.answer) || strings.Contains(string(b), `"eve"`) || strings.Contains(string(b), "other:one") {
			t.Errorf("%s: %v %s", tt.name, err, b)
		}
	}
}

func TestCustomEventsOff(t *testing.T) {
	t.Parallel()
	w := roomOf(t)
	w.tx(func(ctx context.Context, tx *store.Tx) error {
		typ, err := tx.Type(ctx, "messaging")
		if err != nil {
			return err
		}
		ct := typ.ChannelType
		ct.Config.CustomEvents = false
		return tx.PutType(ctx, &ct)
	})
	_, err := w.SendEvent(w.as("bob"), &reads.SendEventRequest{Type: "messaging", ID: "room", Event: reads.EventRequest{Type: "x"}})
	refused(t, "custom", err, chat.FeatureNotSupported, "Channel type messaging does not support custom events")
}
