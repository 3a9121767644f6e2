package channels

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"chatd/internal/access"
	"chatd/internal/auth"
	"chatd/internal/chat"
	"chatd/internal/filter"
	"chatd/internal/permission"
	"chatd/internal/store"
	"chatd/internal/wire"
)

func TestMemberRequests(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ in, want, wantErr string }{
		{`["ann",{"user_id":"bob","channel_role":"x","hat":"red"},{"user":{"id":"cid","name":"C"}},"ann"]`, `ann bob cid`, ""},
		{`null`, ``, ""},
		{`[]`, ``, ""},
		{`[7]`, ``, "expects a user id or an object"},
		{`[null]`, ``, "expects a user id or an object"},
		{`[{"user_id":7}]`, ``, "expects string but got number"},
		{`"ann"`, ``, "expects array but got string"},
		{`[{}]`, ``, "members.user_id is a required field"},
		{`["a b"]`, ``, "is not valid"},
		{`[{"user_id":"ann","banned":true}]`, ``, "member.banned is a reserved field"},
	} {
		var r struct {
			Members MemberRequests `json:"members"`
		}
		err := wire.Unmarshal([]byte(`{"members":`+tt.in+`}`), &r)
		if err == nil {
			err = r.Members.check("members")
		}
		if tt.wantErr != "" {
			if chat.KindOf(err) != chat.Invalid || !strings.Contains(err.Error(), tt.wantErr) {
				t.Errorf("%s: %v, want %s", tt.in, err, tt.wantErr)
			}
			continue
		}
		if got := strings.Join(r.Members.ids(), " "); err != nil || got != tt.want {
			t.Errorf("%s: %q, %v; want %q", tt.in, got, err, tt.want)
		}
	}
	var one MemberRequests
	if err := wire.Unmarshal([]byte(`[{"user_id":"bob","user":{"id":"x"},"hat":"red"}]`), &one); err != nil || string(one[0].Custom) != `{"hat":"red"}` || one[0].UserID != "bob" {
		t.Errorf("%+v, %v", one, err)
	}
}

func TestCheckOverrides(t *testing.T) {
	t.Parallel()
	commands := []*chat.Command{{Name: "giphy"}}
	for _, tt := range []struct{ in, want, wantErr string }{
		{`null`, `{}`, ""},
		{`{}`, `{}`, ""},
		{`{"replies":false,"max_message_length":20000}`, `{"replies":false,"max_message_length":20000}`, ""},
		{`{"commands":[]}`, `{"commands":[]}`, ""},
		{`{"grants":{"channel_member":["!create-message","pin-message"]}}`, `{"grants":{"channel_member":["!create-message","pin-message"]}}`, ""},
		{`{"search":false}`, ``, "config_overrides.search can not be overridden"},
		{`{"max_message_length":20001}`, ``, "between 1 and 20000"},
		{`{"blocklist_behavior":"shout"}`, ``, "must be one of [flag block shadow_block]"},
		{`{"commands":["ban"]}`, ``, `command "ban"`},
		{`{"grants":{"channel_member":["Bad Id"]}}`, ``, "does not exist"},
		{`[]`, ``, "expects object but got array"},
		{`{"blocklist":"` + strings.Repeat("x", 6000) + `"}`, ``, "too big"},
	} {
		got, err := checkOverrides([]byte(tt.in), commands)
		if tt.wantErr == "" && (err != nil || string(got) != tt.want) {
			t.Errorf("%s: %s, %v", tt.in, got, err)
		}
		if tt.wantErr != "" && (err == nil || !strings.Contains(err.Error(), tt.wantErr)) {
			t.Errorf("%s: %v, want %s", tt.in, err, tt.wantErr)
		}
	}
}

func TestPatchedFields(t *testing.T) {
	t.Parallel()
	got := patchedFields([]byte(`{"b.c":1,"a":2,"b.d":3}`), []string{"z.y", "a"})
	if want := []string{"a", "b", "z"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// seatOf is a user's seat in a messaging channel that ann created.
func seatOf(user string, m *chat.Member, set func(*chat.Channel)) *access.Seat {
	now := time.Now()
	var typ chat.ChannelType
	for _, t := range permission.DefaultTypes(now) {
		if t.Name == permission.Messaging {
			typ = t
		}
	}
	ch := &chat.Channel{CID: "messaging:x", Type: permission.Messaging, ID: "x", CreatedByID: "ann", Config: &typ.Config}
	if set != nil {
		set(ch)
	}
	actor := &auth.Actor{App: &chat.App{Settings: chat.DefaultAppSettings()}, UserID: user, User: &chat.User{ID: user, Role: chat.RoleUser}}
	return access.NewSeat(actor, ch, &store.Type{ChannelType: typ, Table: permission.Compile(typ.Grants)}, m)
}

func TestWhoMaySee(t *testing.T) {
	t.Parallel()
	member := func(status string) *chat.Member {
		return &chat.Member{Status: status, ChannelRole: chat.RoleChannelMember}
	}
	disabled := func(ch *chat.Channel) { ch.Disabled = true }
	for _, tt := range []struct {
		name         string
		seat         *access.Seat
		listed, open bool
	}{
		{"the creator", seatOf("ann", nil, nil), true, true},
		{"a member", seatOf("bob", member(chat.StatusMember), nil), true, true},
		{"a stranger", seatOf("bob", nil, nil), false, false},
		{"an invited user", seatOf("bob", member(chat.StatusPending), nil), true, true},
		{"who refused", seatOf("bob", member(chat.StatusRejected), nil), true, true},
		{"a member, disabled", seatOf("bob", member(chat.StatusMember), disabled), true, false},
		{"the creator, disabled", seatOf("ann", nil, disabled), true, false},
	} {
		if listed, open := mayRead(tt.seat) == nil, maySee(tt.seat) == nil; listed != tt.listed || open != tt.open {
			t.Errorf("%s: listed %v, open %v", tt.name, listed, open)
		}
	}
}

func TestNewMembers(t *testing.T) {
	t.Parallel()
	seat := seatOf("ann", nil, func(ch *chat.Channel) {
		cfg := *ch.Config
		cfg.Grants = map[string][]string{"vip": {"pin-message"}}
		ch.Config = &cfg
	})
	since := time.Now()
	got, err := newMembers(seat, MemberRequests{{UserID: "bob"}, {UserID: "cid", ChannelRole: "vip"}, {UserID: "bob", ChannelRole: "vip"}}, true, &since)
	if err != nil || len(got) != 2 {
		t.Fatalf("%v, %v", got, err)
	}
	for i, want := range []string{chat.RoleChannelMember, "vip"} {
		if m := got[i]; m.ChannelRole != want || m.Status != chat.StatusPending || !m.Invited || m.HideMessagesBefore != &since {
			t.Errorf("%+v", m)
		}
	}
	for _, role := range []string{"king", chat.RoleAdmin} {
		if _, err := newMembers(seat, MemberRequests{{UserID: "bob", ChannelRole: role}}, false, nil); chat.KindOf(err) != chat.Invalid {
			t.Errorf("%s: %v", role, err)
		}
	}
}

func TestCheckTeams(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ role, doc, wantErr string }{
		{chat.RoleUser, `{"team":"red"}`, ""},
		{chat.RoleUser, `{"team":{"$in":["red"]},"x":{"$ne":1}}`, ""},
		{chat.RoleUser, `{"team":"blue"}`, `search by team "blue" is not allowed`},
		{chat.RoleUser, `{"$or":[{"team":"blue"},{"x":1}]}`, `search by team "blue" is not allowed`},
		{chat.RoleUser, `{"team":{"$nin":["blue"]}}`, `cannot use operator "$nin" when filtering by team`},
		{chat.RoleUser, `{"$nor":[{"team":"blue"}]}`, `cannot use $nor operator when filtering by team`},
		{chat.RoleUser, `{"team":true}`, `field team expect string values`},
		{chat.RoleGlobalAdmin, `{"team":"blue"}`, ""},
	} {
		n, err := filter.Parse([]byte(tt.doc), filter.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		err = checkTeams(n, &chat.User{Role: tt.role, Teams: []string{"red"}})
		if (err == nil) != (tt.wantErr == "") || err != nil && !strings.Contains(err.Error(), tt.wantErr) {
			t.Errorf("%s %s: %v", tt.role, tt.doc, err)
		}
	}
}

func TestCrowdsAreToldNowAndThen(t *testing.T) {
	t.Parallel()
	var c crowds
	now := time.Now()
	for _, tt := range []struct {
		cid   chat.CID
		after time.Duration
		want  bool
	}{
		{"a:1", 0, true},
		{"a:1", time.Second, false},
		{"a:2", time.Second, true},
		{"a:1", crowdPause, true},
		{"a:1", crowdPause + time.Second, false},
	} {
		if got := c.due(1, tt.cid, now.Add(tt.after)); got != tt.want {
			t.Errorf("%s after %v: %v", tt.cid, tt.after, got)
		}
	}
	for i := range mostCrowds + 10 {
		c.due(1, chat.CID(fmt.Sprint("b:", i)), now)
	}
	if len(c.told) > mostCrowds {
		t.Errorf("%d channels are remembered", len(c.told))
	}
}
