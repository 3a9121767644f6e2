package ratelimit_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chatd/internal/ratelimit"
)

func TestPolicyLimit(t *testing.T) {
	t.Parallel()
	p := ratelimit.Policy{Overrides: map[string]int{"SendMessage": 7, "Ban": 0, "OwnOperation": 5}}
	for _, tt := range []struct {
		operation  string
		serverOnly bool
		want       int
	}{
		{"Connect", false, 10000},
		{"QueryChannels", false, 10000},
		{"GetOrCreateChannel", false, 10000},
		{"GetOrCreateDistinctChannel", false, 10000},
		{"GetApp", true, 10000},
		{"MarkRead", false, 10000},
		{"QueryUsers", false, 1000},
		{"UploadChannelImage", false, 1000},
		{"UpdateMessagePartial", false, 1000},
		{"EphemeralMessageUpdate", true, 1000},
		{"CommitMessage", true, 1000},
		{"UpdateUsers", false, 300},
		{"QueryMembers", false, 300},
		{"Unban", false, 300},
		{"TruncateChannel", false, 60},
		{"UpdateChannelType", true, 60},
		{"ListDevices", false, 60},
		{"QueryThreads", false, 300},
		{"CreateRole", true, 60},
		{"SendMessage", false, 7},
		{"Ban", false, 0},
		{"OwnOperation", true, 5},
	} {
		if got := p.Limit(tt.operation, tt.serverOnly); got != tt.want {
			t.Errorf("%s, for servers only %t: %d", tt.operation, tt.serverOnly, got)
		}
	}
}

func TestPolicyCheck(t *testing.T) {
	t.Parallel()
	start := thisMinute()
	reset := start.Add(time.Minute)
	app := func(remaining int, allowed bool) ratelimit.Decision {
		return ratelimit.Decision{Limit: 4, Remaining: remaining, Reset: reset, Allowed: allowed}
	}
	user := ratelimit.Decision{Limit: 2, Reset: reset}
	for _, tt := range []struct {
		name string
		mode ratelimit.Mode
		// users call one after the other; "server" is a server-side call.
		users []string
		want  []ratelimit.Decision
	}{
		{
			"servers have no limit of their own", ratelimit.Enforce,
			[]string{"server", "server", "server", "server", "server"},
			[]ratelimit.Decision{app(3, true), app(2, true), app(1, true), app(0, true), app(0, false)},
		},
		{
			"a user over his limit costs the app nothing", ratelimit.Enforce,
			[]string{"ann", "ann", "ann", "ann", "bob", "bob", "bob"},
			[]ratelimit.Decision{app(3, true), app(2, true), user, user, app(1, true), app(0, true), user},
		},
		{
			"an app over its limit holds everybody up", ratelimit.Enforce,
			[]string{"ann", "bob", "cid", "dan", "eve"},
			[]ratelimit.Decision{app(3, true), app(2, true), app(1, true), app(0, true), app(0, false)},
		},
		{
			"switched off it counts and allows", ratelimit.Off,
			[]string{"ann", "ann", "ann", "ann", "ann"},
			[]ratelimit.Decision{app(3, true), app(2, true), app(1, true), app(0, true), app(0, true)},
		},
		{
			"switched off unless said otherwise", "",
			[]string{"ann", "ann", "ann", "ann", "ann"},
			[]ratelimit.Decision{app(3, true), app(2, true), app(1, true), app(0, true), app(0, true)},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := ratelimit.Policy{
				Limiter: ratelimit.NewMemory(), Mode: tt.mode,
				Overrides: map[string]int{"SendMessage": 4}, UserLimit: 2,
			}
			for i, name := range tt.users {
				r := ratelimit.Request{App: 1, Operation: "SendMessage", Platform: "web", User: name}
				if name == "server" {
					r.User = ""
				}
				if diff := cmp.Diff(tt.want[i], p.Check(t.Context(), r, start)); diff != "" {
					t.Errorf("call %d (-want +got):\n%s", i+1, diff)
				}
			}
		})
	}
}

// A platform's budget is its own, for the app and for each user.
func TestPolicyPlatforms(t *testing.T) {
	t.Parallel()
	p := ratelimit.Policy{
		Limiter: ratelimit.NewMemory(), Mode: ratelimit.Enforce,
		Overrides: map[string]int{"SendMessage": 1}, UserLimit: 1,
	}
	start := thisMinute()
	for _, platform := range []string{"server", "android", "ios", "web"} {
		r := ratelimit.Request{App: 1, Operation: "SendMessage", Platform: platform, User: "ann"}
		if d := p.Check(t.Context(), r, start); !d.Allowed {
			t.Errorf("%s: %+v", platform, d)
		}
		if d := p.Check(t.Context(), r, start); d.Allowed {
			t.Errorf("%s again: %+v", platform, d)
		}
	}
}

func TestPolicyDefaultUserLimit(t *testing.T) {
	t.Parallel()
	p := ratelimit.Policy{Limiter: ratelimit.NewMemory(), Mode: ratelimit.Enforce}
	r := ratelimit.Request{App: 1, Operation: "SendMessage", Platform: "web", User: "ann"}
	start := thisMinute()
	for i := range 61 {
		if d := p.Check(t.Context(), r, start); d.Allowed != (i < 60) {
			t.Errorf("request %d: %+v", i+1, d)
		}
	}
}

func TestPolicyState(t *testing.T) {
	t.Parallel()
	p := ratelimit.Policy{Limiter: ratelimit.NewMemory(), Mode: ratelimit.Enforce}
	start := thisMinute()
	r := ratelimit.Request{App: 1, Operation: "SendMessage", Platform: "web", User: "ann"}
	p.Check(t.Context(), r, start)
	for range 2 {
		want := []ratelimit.Decision{
			{Limit: 1000, Remaining: 999, Allowed: true, Reset: start.Add(time.Minute)},
			{Limit: 60, Remaining: 60, Allowed: true, Reset: start.Add(time.Minute)},
		}
		if diff := cmp.Diff(want, p.State(t.Context(), start, r, ratelimit.Request{App: 1, Operation: "UpdateApp", Platform: "server"})); diff != "" {
			t.Errorf("state (-want +got):\n%s", diff)
		}
	}
}
