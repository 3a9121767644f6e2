package httpapi_test

import (
	"cmp"
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"chatd/internal/testkit"
)

// reminding makes the type of channels that have reminders, and a channel of it.
func reminding(s *testkit.Server, id string, members ...string) string {
	s.TB.Helper()
	s.Server().Put("/channeltypes/messaging", `{"user_message_reminders":true}`).OK()
	return s.Channel("messaging", id, members...)
}

func at(d time.Duration) string { return time.Now().Add(d).UTC().Format(time.RFC3339Nano) }

func TestReminders(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	plain := s.Channel("messaging", "plain", "ann")
	early := said(s, "ann", plain, "early")
	s.As("ann").Post("/messages/"+early+"/reminders", `{}`).Fails(400, 19, "Channel type messaging does not support user message reminders")
	path := reminding(s, "room", "ann", "bob")
	s.Users("dan")
	parent := said(s, "bob", path, "parent")
	reply := replied(s, "bob", path, parent, "")
	gone := said(s, "bob", path, "gone")
	s.As("bob").Delete("/messages/" + gone).OK()
	to := "/messages/" + parent + "/reminders"
	exchangeAll(t, s, []exchange{
		{name: "none to move", who: "ann", method: "PATCH", path: to, body: `{}`, status: 404, code: 16, message: "reminder does not exist"},
		{name: "none to remove", who: "ann", method: "DELETE", path: to, status: 404, code: 16, message: "reminder does not exist"},
		{
			name: "at a time", who: "ann", method: "POST", path: to, body: `{"remind_at":"2100-01-01T02:00:00+02:00"}`,
			want: map[string]string{
				"reminder.remind_at": `"2100-01-01T00:00:00Z"`, "reminder.message_id": `"` + parent + `"`, "reminder.user_id": `"ann"`, "reminder.user.id": `"ann"`,
				"reminder.channel_cid": `"messaging:room"`, "reminder.channel.cid": `"messaging:room"`, "reminder.message.text": `"parent"`,
				"reminder.message.user.id": `"bob"`, "reminder.message.reminder": "null",
			},
		},
		{name: "but one", who: "ann", method: "POST", path: to, body: `{}`, status: 400, code: 4, message: "user already has reminder created for this message_id"},
		{name: "another's own", who: "bob", method: "POST", path: to, body: `{}`, want: map[string]string{"reminder.remind_at": "null", "reminder.user_id": `"bob"`}},
		{name: "moved", who: "ann", method: "PATCH", path: to, body: `{"remind_at":"2101-01-01T00:00:00Z"}`, want: map[string]string{"reminder.remind_at": `"2101-01-01T00:00:00Z"`}},
		{name: "kept only", who: "ann", method: "PATCH", path: to, body: `{"remind_at":null}`, want: map[string]string{"reminder.remind_at": "null", "reminder.message.text": `"parent"`}},
		{name: "at no time", who: "ann", method: "PATCH", path: to, body: `{"remind_at":"0001-01-01T00:00:00Z"}`, want: map[string]string{"reminder.remind_at": "null"}},
		{name: "which is none to sort by", who: "ann", method: "POST", path: "/reminders/query", body: `{"filter":{"remind_at":{"$exists":false}}}`, want: map[string]string{"reminders.0.message_id": `"` + parent + `"`}},
		{name: "of a reply", who: "ann", method: "POST", path: "/messages/" + reply + "/reminders", body: `{}`, want: map[string]string{
			"reminder.message.parent_id": `"` + parent + `"`, "message_id": `"` + reply + `"`, "channel_cid": `"messaging:room"`, "user_id": `"ann"`, "message.id": `"` + reply + `"`,
		}},
		{name: "with the message", who: "ann", method: "GET", path: "/messages/" + parent, want: map[string]string{
			"message.reminder.message_id": `"` + parent + `"`, "message.reminder.channel_cid": `"messaging:room"`, "message.reminder.user_id": `"ann"`, "message.reminder.message": "null", "message.reminder.channel": "null",
		}},
		{name: "in the channel", who: "ann", method: "POST", path: path + "/query", body: `{"state":true}`, want: map[string]string{"messages.0.reminder.user_id": `"ann"`}},
		{name: "in the thread", who: "ann", method: "GET", path: "/messages/" + parent + "/replies", want: map[string]string{"messages.0.reminder.message_id": `"` + reply + `"`}},
		{name: "not another's", who: "bob", method: "GET", path: "/messages/" + reply, want: map[string]string{"message.reminder": "null"}},
		{name: "not for the server side", method: "GET", path: "/messages/" + parent, want: map[string]string{"message.reminder": "null"}},
		{name: "a stranger", who: "dan", method: "POST", path: to, body: `{}`, status: 403, code: 17, message: "ReadChannel"},
		{name: "of nothing", who: "ann", method: "POST", path: "/messages/nope/reminders", body: `{}`, status: 404, code: 16, message: "message with id nope doesn't exist"},
		{name: "of what was deleted", who: "ann", method: "POST", path: "/messages/" + gone + "/reminders", body: `{}`, status: 400, code: 4, message: "has been deleted"},
		{name: "no date", who: "ann", method: "PATCH", path: to, body: `{"remind_at":"tomorrow"}`, status: 400, code: 4, message: "remind_at"},
		{name: "the server side for nobody", method: "POST", path: to, body: `{}`, status: 400, code: 4, message: "either user or user_id must be provided"},
		{name: "the server side", method: "DELETE", path: to + "?user_id=bob"},
		{name: "the server side makes one", method: "POST", path: to, body: `{"user_id":"bob"}`, want: map[string]string{"reminder.user.id": `"bob"`}},
		{name: "removed", who: "ann", method: "DELETE", path: to},
		{name: "it is gone", who: "ann", method: "GET", path: "/messages/" + parent, want: map[string]string{"message.reminder": "null"}},
	})
	s.As("ann").Put("/messages/"+reply, `{"set":{"color":"red"}}`).Fails(403, 17, "UpdateMessage")
	bob := s.As("bob").Connect()
	bob.Watch(path)
	s.As("bob").Put("/messages/"+parent, `{"set":{"color":"red"}}`).OK().Want("message.reminder.user_id", `"bob"`)
	bob.Expect("message.updated").Want("message.color", `"red"`).Want("message.reminder", "null")

	s.Server().Patch("/app", `{"reminders_max_per_user":2}`).OK()
	s.As("ann").Post("/messages/"+parent+"/reminders", `{}`).OK()
	third := said(s, "bob", path, "third")
	s.As("ann").Post("/messages/"+third+"/reminders", `{}`).Fails(400, 4, "user cannot have more than 2 reminders")
	s.As("ann").Get("/messages/"+third).OK().Want("message.reminder", "null")
	s.Server().Delete("/messages/" + parent + "?hard=true").OK() // with its reply
	s.As("ann").Post("/messages/"+third+"/reminders", `{}`).OK()
	s.As("ann").Post("/reminders/query", `{}`).OK().Want("reminders.#", "1")
}

func TestReminderEvents(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := reminding(s, "room", "ann", "bob")
	parent := said(s, "bob", path, "parent")
	reply := replied(s, "bob", path, parent, "")
	ann, bob := s.As("ann").Connect(), s.As("bob").Connect()
	bob.Watch(path)
	to := "/messages/" + reply + "/reminders"
	s.As("ann").Post(to, `{}`).OK()
	ann.Expect("reminder.created").Want("cid", `"messaging:room"`).Want("message_id", `"`+reply+`"`).Want("user_id", `"ann"`).Want("parent_id", `"`+parent+`"`).
		Want("reminder.message.text", `"reply of bob"`).Want("reminder.channel.cid", `"messaging:room"`).Want("reminder.user.id", `"ann"`)
	s.As("ann").Patch(to, `{"remind_at":"2100-01-01T00:00:00Z"}`).OK()
	ann.Expect("reminder.updated").Want("reminder.remind_at", `"2100-01-01T00:00:00Z"`)
	s.As("ann").Delete(to).OK()
	ann.Expect("reminder.deleted").Want("message_id", `"`+reply+`"`).Want("reminder.message_id", `"`+reply+`"`)
	bob.Quiet("reminder.created", "reminder.updated", "reminder.deleted")
}

// What one has kept of a channel is one's own to remove, also behind its door.
func TestRemindersOfWhatIsOutOfSight(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := reminding(s, "room", "bob", "ann")
	one, two, gone := said(s, "bob", path, "one"), said(s, "bob", path, "two"), said(s, "bob", path, "gone")
	for _, id := range []string{one, two, gone} {
		s.As("ann").Post("/messages/"+id+"/reminders", `{"remind_at":"2100-01-01T00:00:00Z"}`).OK()
	}
	ann := s.As("ann").Connect()
	s.As("bob").Delete("/messages/" + gone).OK()
	s.As("ann").Delete("/messages/" + gone + "/reminders").OK()
	ann.Expect("reminder.deleted").Want("message_id", `"`+gone+`"`).Want("reminder.message", "null")
	s.Server().Post(path, `{"remove_members":["ann"]}`).OK()
	s.As("ann").Post("/reminders/query", `{}`).OK().Want("reminders", "[]")
	exchangeAll(t, s, []exchange{
		{name: "not to be moved", who: "ann", method: "PATCH", path: "/messages/" + one + "/reminders", body: `{}`, status: 403, code: 17, message: "ReadChannel"},
		{name: "another's", who: "bob", method: "DELETE", path: "/messages/" + one + "/reminders", status: 404, code: 16, message: "reminder does not exist"},
		{name: "removed", who: "ann", method: "DELETE", path: "/messages/" + one + "/reminders"},
		{name: "again", who: "ann", method: "DELETE", path: "/messages/" + one + "/reminders", status: 404, code: 16, message: "reminder does not exist"},
	})
	ann.Expect("reminder.deleted").Want("message_id", `"`+one+`"`).Want("cid", `"messaging:room"`).Want("reminder.user_id", `"ann"`).
		Want("reminder.message", "null").Want("reminder.channel", "null")
	if got := dueIn(t, s, one); len(got) != 0 {
		t.Errorf("jobs are due in %v", got)
	}
	s.Server().Post(path, `{"add_members":["ann"]}`).OK()
	s.As("ann").Post("/reminders/query", `{}`).OK().Want("reminders.#", "1").Want("reminders.0.message_id", `"`+two+`"`)
}

// TestReminderIsDue waits for what was to be told.
func TestReminderIsDue(t *testing.T) {
	t.Parallel()
	s := testkit.Nodes(t, 2)
	path := reminding(s[0], "room", "bob", "ann")
	ids := make([]string, 5)
	for i := range ids {
		ids[i] = said(s[0], "bob", path, fmt.Sprint(i))
	}
	ann, bob := s[1].As("ann").Connect(), s[0].As("bob").Connect()
	remind := func(i int, body string) { s[0].As("ann").Post("/messages/"+ids[i]+"/reminders", body).OK() }
	remind(1, `{"remind_at":"2099-01-01T00:00:00Z"}`) // and removed
	remind(2, `{"remind_at":"2100-01-01T00:00:00Z"}`)
	remind(3, `{"remind_at":"2099-01-01T00:00:00Z"}`) // and moved away
	s[0].As("ann").Delete("/messages/" + ids[1] + "/reminders").OK()
	s[0].As("ann").Patch("/messages/"+ids[3]+"/reminders", `{"remind_at":"2100-01-01T00:00:00Z"}`).OK()
	for i, want := range map[int]string{1: "[]", 2: "[2100]", 3: "[2100]"} {
		if got := fmt.Sprint(dueIn(t, s[0], ids[i])); got != want {
			t.Errorf("jobs of message %d are due in %s, want %s", i, got, want)
		}
	}
	soon := at(time.Second)
	remind(0, `{"remind_at":"`+soon+`"}`)
	due := ann.Expect("notification.reminder_due").Want("message_id", `"`+ids[0]+`"`).Want("cid", `"messaging:room"`).Want("user_id", `"ann"`).
		Want("reminder.message.text", `"0"`).Want("reminder.channel.id", `"room"`).Want("reminder.user.id", `"ann"`)
	if told, _ := due.At("created_at").(string); told < soon {
		t.Errorf("told at %s, before %s", told, soon)
	}
	// A node that dies after it told has the job done again.
	again(t, s[0], ids[0])
	remind(4, `{"remind_at":"`+at(0)+`"}`)
	ann.Expect("notification.reminder_due").Want("message_id", `"`+ids[4]+`"`)
	ann.Quiet("notification.reminder_due")
	bob.Quiet("notification.reminder_due")
	// What is moved is due again.
	s[1].As("ann").Patch("/messages/"+ids[0]+"/reminders", `{"remind_at":"`+at(0)+`"}`).OK()
	ann.Expect("notification.reminder_due").Want("message_id", `"`+ids[0]+`"`)

	// Of what he cannot see any more he is not told.
	s[0].As("bob").Delete("/messages/" + ids[2]).OK()
	s[0].As("ann").Patch("/messages/"+ids[2]+"/reminders", `{"remind_at":"`+at(0)+`"}`).OK()
	again(t, s[0], ids[2])
	s[0].Server().Post(path, `{"remove_members":["ann"]}`).OK()
	s[0].Server().Patch("/messages/"+ids[3]+"/reminders", `{"user_id":"ann","remind_at":"`+at(0)+`"}`).OK()
	again(t, s[0], ids[3])
	ann.Quiet("notification.reminder_due")
}

// dueJob are the jobs that remind of a message.
const dueJob = `river_job WHERE kind = 'reminder_due' AND (args->>'app')::bigint = $1 AND args->>'message' = $2`

// connected returns a connection of the test's own to the database of a server.
func connected(t *testing.T, s *testkit.Server) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), cmp.Or(s.Database, testkit.Database(t)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}

// dueIn returns the years for which the jobs that remind of a message are scheduled.
func dueIn(t *testing.T, s *testkit.Server, message string) []int {
	t.Helper()
	rows, err := connected(t, s).Query(t.Context(), `SELECT extract(year FROM scheduled_at AT TIME ZONE 'UTC')::int FROM `+dueJob, s.App, message)
	if err != nil {
		t.Fatal(err)
	}
	years, err := pgx.CollectRows(rows, pgx.RowTo[int])
	if err != nil {
		t.Fatal(err)
	}
	return years
}

// again waits until the job that reminds of a message is done and has it done once
// more.
func again(t *testing.T, s *testkit.Server, message string) {
	t.Helper()
	conn := connected(t, s)
	done := func() {
		tick, late := time.NewTicker(20*time.Millisecond), time.After(15*time.Second)
		defer tick.Stop()
		for {
			var left int
			if err := conn.QueryRow(t.Context(), `SELECT count(*) FILTER (WHERE state <> 'completed') FROM `+dueJob, s.App, message).Scan(&left); err != nil {
				t.Fatal(err)
			}
			if left == 0 {
				return
			}
			select {
			case <-tick.C:
			case <-late:
				t.Fatalf("%d jobs of message %s are not done", left, message)
			}
		}
	}
	done()
	tag, err := conn.Exec(t.Context(), `UPDATE river_job SET state = 'available', finalized_at = NULL WHERE id IN (SELECT id FROM `+dueJob+`)`, s.App, message)
	if err != nil || tag.RowsAffected() == 0 {
		t.Fatalf("%v %v", tag, err)
	}
	done()
}

func TestQueryReminders(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	one, two := reminding(s, "one", "ann", "bob"), reminding(s, "two", "ann", "bob")
	a, b, c, d := said(s, "bob", one, "a"), said(s, "bob", one, "b"), said(s, "bob", two, "c"), said(s, "bob", two, "d")
	for _, r := range []struct{ id, at string }{{a, `"2100-01-01T00:00:00Z"`}, {b, `null`}, {c, `"2099-01-01T00:00:00Z"`}, {d, `"2020-01-01T00:00:00Z"`}} {
		s.As("ann").Post("/messages/"+r.id+"/reminders", `{"remind_at":`+r.at+`}`).OK()
	}
	s.As("bob").Post("/messages/"+a+"/reminders", `{}`).OK()
	names := map[string]string{a: "a", b: "b", c: "c", d: "d"}
	found := func(name, body, want string) exchange {
		x := exchange{name: name, who: "ann", method: "POST", path: "/reminders/query", body: body, want: map[string]string{"reminders.#": fmt.Sprint(len(want))}}
		for i, n := range want {
			x.want[fmt.Sprintf("reminders.%d.message.text", i)] = `"` + string(n) + `"`
		}
		return x
	}
	wrong := func(name, body, message string) exchange {
		return exchange{name: name, who: "ann", method: "POST", path: "/reminders/query", body: body, status: 400, code: 4, message: message}
	}
	exchangeAll(t, s, []exchange{
		found("all, in the order in which they are due", `{}`, "dcab"),
		found("the newest first", `{"sort":[{"field":"created_at","direction":-1}]}`, "dcba"),
		found("the last due first", `{"sort":[{"field":"remind_at","direction":-1}]}`, "acdb"),
		found("by channel", `{"sort":[{"field":"channel_cid","direction":1},{"field":"created_at","direction":1}]}`, "abcd"),
		found("by change", `{"sort":[{"field":"updated_at","direction":1}]}`, "abcd"),
		found("of a channel", `{"filter":{"channel_cid":"messaging:two"}}`, "dc"),
		found("of messages", `{"filter":{"message_id":{"$in":["`+a+`","`+b+`"]}}}`, "ab"),
		found("overdue", `{"filter":{"remind_at":{"$lt":"`+at(0)+`"}}}`, "d"),
		found("upcoming", `{"filter":{"remind_at":{"$gt":"`+at(0)+`"}}}`, "ca"),
		found("kept only", `{"filter":{"remind_at":null}}`, "b"),
		found("with a time", `{"filter":{"remind_at":{"$exists":true}}}`, "dca"),
		found("by time", `{"filter":{"created_at":{"$gt":"2020-01-01T00:00:00Z"}}}`, "dcab"),
		found("as one SDK asks", `{"filter_conditions":{"channel_cid":"messaging:one"},"sort":[{"field":"remind_at","direction":1}]}`, "ab"),
		found("of himself", `{"filter":{"user_id":"ann","channel_cid":"messaging:one"}}`, "ab"),
		found("not of others", `{"filter":{"user_id":"bob"}}`, ""),
		{name: "of whom the server side acts for", method: "POST", path: "/reminders/query", body: `{"user_id":"bob"}`, want: map[string]string{"reminders.#": "1", "reminders.0.user.id": `"bob"`, "reminders.0.channel.id": `"one"`}},
		{name: "of nobody", method: "POST", path: "/reminders/query", body: `{}`, status: 400, code: 4, message: "either user or user_id must be provided"},
		wrong("wrong field", `{"filter":{"text":"a"}}`, `unrecognized field "text"`),
		wrong("two filters", `{"filter":{},"filter_conditions":{}}`, "cannot use both"),
		wrong("wrong sort", `{"sort":[{"field":"text","direction":1}]}`, "text"),
		wrong("too many", `{"limit":101}`, "limit must be 100 or less"),
		wrong("too few", `{"limit":-1}`, "limit must be 0 or greater"),
		wrong("no cursor", `{"next":"x"}`, "not a valid cursor"),
	})
	seen, next := "", ""
	for range 4 {
		page := s.As("ann").Post("/reminders/query", `{"limit":1,"next":"`+next+`"}`).OK().Want("reminders.#", "1")
		id, _ := page.At("reminders.0.message_id").(string)
		seen += names[id]
		next, _ = page.At("next").(string)
	}
	if seen != "dcab" || next != "" {
		t.Errorf("pages: %s, then %q", seen, next)
	}
	count := func(n int) {
		t.Helper()
		s.As("ann").Post("/reminders/query", `{}`).OK().Want("reminders.#", fmt.Sprint(n))
	}
	s.As("bob").Delete("/messages/" + a).OK()
	count(3)
	s.Server().Post("/messages/"+a+"/undelete", `{"undeleted_by":"bob"}`).OK()
	count(4)
	s.Server().Post(one+"/truncate", `{"member_ids":["ann"]}`).OK()
	count(2)
	s.Server().Post(two+"/truncate", `{}`).OK()
	count(0)
	u, err := s.Store.App(s.App).User(t.Context(), "ann")
	if err != nil || u.ReminderCount != 2 { // those that only he cannot see any more
		t.Errorf("%d reminders by count, want 2 (%v)", u.ReminderCount, err)
	}
	s.Server().Delete(one + "?hard_delete=true").OK()
	if u, err = s.Store.App(s.App).User(t.Context(), "ann"); err != nil || u.ReminderCount != 0 {
		t.Errorf("%d reminders by count, want 0 (%v)", u.ReminderCount, err)
	}
}
