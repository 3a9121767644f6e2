package httpapi_test

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"chatd/internal/auth"
	"chatd/internal/testkit"
)

// device is the body that registers one.
func device(id, provider, more string) string {
	return fmt.Sprintf(`{"id":%q,"push_provider":%q%s}`, id, provider, more)
}

// devicesOf are the ids of a user's devices, in their order.
func devicesOf(s *testkit.Server, user string) string {
	s.TB.Helper()
	r := s.Server().Get("/devices?user_id=" + user).OK()
	var ids []string
	for i := range int(r.At("devices.#").(float64)) {
		ids = append(ids, r.At(fmt.Sprintf("devices.%d.id", i)).(string))
	}
	return strings.Join(ids, " ")
}

func TestDevices(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	s.Users("ann", "bob")
	const path = "/devices"
	of, long := path+"?user_id=ann", strings.Repeat("x", 256)
	exchangeAll(t, s, []exchange{
		{name: "none", who: "ann", method: "GET", path: path, want: map[string]string{"devices": "[]"}},
		{name: "with firebase", who: "ann", method: "POST", path: path, body: device("d1", "firebase", ""), want: map[string]string{"devices": "null"}},
		{name: "with apn", who: "ann", method: "POST", path: path, body: device("d2", "apn", `,"push_provider_name":"","voip_token":true,"hardware_id":"h"`)},
		{name: "with huawei", who: "ann", method: "POST", path: path, body: device("d3", "huawei", `,"push_provider_name":null`)},
		{name: "with xiaomi", who: "ann", method: "POST", path: path, body: device("d4", "xiaomi", `,"user_id":"bob"`)}, // his token says who he is
		{
			name: "in the order in which they came", who: "ann", method: "GET", path: path,
			want: map[string]string{
				"devices.#": "4", "devices.0.id": `"d1"`, "devices.0.push_provider": `"firebase"`, "devices.0.user_id": `"ann"`, "devices.0.push_provider_name": "null",
				"devices.0.disabled": "null", "devices.0.disabled_reason": "null", "devices.0.voip": "null", "devices.0.hardware_id": "null",
				"devices.1.id": `"d2"`, "devices.1.voip": "true", "devices.1.hardware_id": `"h"`, "devices.2.id": `"d3"`, "devices.3.id": `"d4"`,
			},
		},
		{name: "of another, in vain", who: "ann", method: "GET", path: path + "?user_id=bob", want: map[string]string{"devices.0.user_id": `"ann"`}},
		{name: "again", who: "ann", method: "POST", path: path, body: device("d1", "firebase", "")},
		{name: "again, otherwise", who: "ann", method: "POST", path: path, body: device("d3", "apn", `,"hardware_id":"h3"`)},
		{name: "where it was", method: "GET", path: of, want: map[string]string{"devices.#": "4", "devices.0.id": `"d1"`, "devices.2.id": `"d3"`, "devices.2.push_provider": `"apn"`, "devices.2.hardware_id": `"h3"`}},

		{name: "for a user", method: "POST", path: path, body: device("d5", "apn", `,"user_id":"ann"`)},
		{name: "for a user in the query", method: "POST", path: of, body: device("d6", "apn", "")},
		{name: "for a user as an object", method: "POST", path: path, body: device("b1", "apn", `,"user":{"id":"bob","color":"red"}`)},
		{name: "who has both then", method: "GET", path: find(`{"filter_conditions":{"id":"bob"}}`), want: map[string]string{"users.0.color": `"red"`, "users.0.devices.0.id": `"b1"`}},
		{name: "they are the user's", who: "ann", method: "GET", path: path, want: map[string]string{"devices.4.id": `"d5"`, "devices.5.id": `"d6"`}},
		{name: "for nobody", method: "POST", path: path, body: device("d", "apn", ""), status: 400, code: 4, message: `CreateDevice failed with error: "either user or user_id must be provided when using server side auth."`},
		{name: "for two", method: "POST", path: path, body: device("d", "apn", `,"user_id":"ann","user":{"id":"ann"}`), status: 400, code: 4, message: "cannot set both user and user_id."},
		{name: "for an unknown user", method: "POST", path: path, body: device("d", "apn", `,"user_id":"none"`), status: 404, code: 16, message: "the user none does not exist"},
		{name: "of nobody", method: "GET", path: path, status: 400, code: 4, message: `ListDevices failed with error: "either user or user_id must be provided`},
		{name: "of an unknown user", method: "GET", path: path + "?user_id=none", status: 404, code: 16, message: "none"},

		{name: "without id", who: "ann", method: "POST", path: path, body: `{"push_provider":"apn"}`, status: 400, code: 4, message: "id is a required field"},
		{name: "with a long id", who: "ann", method: "POST", path: path, body: device(long, "apn", ""), status: 400, code: 4, message: "id must be 255 characters or less"},
		{name: "with the longest id", who: "bob", method: "POST", path: path, body: device(long[1:], "apn", "")},
		{name: "without provider", who: "ann", method: "POST", path: path, body: `{"id":"d"}`, status: 400, code: 4, message: "push_provider is a required field"},
		{name: "with a strange provider", who: "ann", method: "POST", path: path, body: device("d", "pigeon", ""), status: 400, code: 4, message: "push_provider must be one of [firebase apn huawei xiaomi]"},
		{name: "with a list of providers", who: "ann", method: "POST", path: path, body: `{"id":"d","push_provider":["apn"]}`, status: 400, code: 4, message: "push_provider"},
		{name: "with a provider that the app has not", who: "ann", method: "POST", path: path, body: device("d", "apn", `,"push_provider_name":"staging"`), status: 400, code: 4, message: `push provider "staging" with type "apn" not found`},
		{name: "with a long name", who: "ann", method: "POST", path: path, body: device("d", "apn", `,"push_provider_name":"`+long[:37]+`"`), status: 400, code: 4, message: "push_provider_name must be 36 characters or less"},
		{name: "with long hardware", who: "ann", method: "POST", path: path, body: device("d", "apn", `,"hardware_id":"`+long+`"`), status: 400, code: 4, message: "hardware_id must be 255 characters or less"},
		{name: "with NUL", who: "ann", method: "POST", path: path, body: `{"id":"a\u0000b","push_provider":"apn"}`, status: 400, code: 4, message: "invalid character U+0000"},
		{name: "anonymously", who: "anonymous", method: "POST", path: path, body: device("d", "apn", ""), status: 403, code: 17, message: "anonymous"},
		{name: "anonymous ones", who: "anonymous", method: "GET", path: path, status: 403, code: 17, message: "anonymous"},
		{name: "anonymously gone", who: "anonymous", method: "DELETE", path: path + "?id=d1", status: 403, code: 17, message: "anonymous"},

		{name: "gone", who: "ann", method: "DELETE", path: path + "?id=d1", want: map[string]string{"devices": "null"}},
		{name: "gone already", who: "ann", method: "DELETE", path: path + "?id=d1", status: 404, code: 16, message: `DeleteDevice failed with error: "device with id d1 doesn't exist"`},
		{name: "another's", who: "bob", method: "DELETE", path: path + "?id=d2", status: 404, code: 16, message: "d2"},
		{name: "another's in his name", who: "bob", method: "DELETE", path: path + "?id=d2&user_id=ann", status: 404, code: 16, message: "d2"},
		{name: "from the user", method: "DELETE", path: of + "&id=d2"},
		{name: "from whose it is not", method: "DELETE", path: path + "?user_id=bob&id=d3", status: 404, code: 16, message: "d3"},
		{name: "from nobody", method: "DELETE", path: path + "?id=d3", status: 400, code: 4, message: "either user or user_id must be provided"},
		{name: "no id", who: "ann", method: "DELETE", path: path, status: 400, code: 4, message: "id is a required field"},
		{name: "a long id", who: "ann", method: "DELETE", path: path + "?id=" + long, status: 400, code: 4, message: "id must be 255 characters or less"},
		{name: "an id that cannot be", who: "ann", method: "DELETE", path: path + "?id=%00", status: 400, code: 4, message: "cannot be stored"},
		{name: "the others stay", who: "ann", method: "GET", path: path, want: map[string]string{"devices.#": "4", "devices.0.id": `"d3"`}},

		{name: "a change of the user", method: "POST", path: "/users", body: `{"users":{"ann":{"id":"ann","devices":[],"x":1}}}`, want: map[string]string{"users.ann.devices.#": "4", "users.ann.devices.0.id": `"d3"`}},
		{name: "a change of the app", method: "PATCH", path: "/app", body: `{"huawei_config":{"id":"x","secret":"y"}}`},
		{name: "changes none of them", who: "ann", method: "GET", path: path, want: map[string]string{"devices.#": "4"}},
		{name: "he sees them", who: "ann", method: "GET", path: find(`{"filter_conditions":{"id":"ann"}}`), want: map[string]string{"users.0.devices.#": "4"}},
		{name: "others do not", who: "bob", method: "GET", path: find(`{"filter_conditions":{"id":"ann"}}`), want: map[string]string{"users.0.devices": "[]"}},
		{name: "nor who acts for another", method: "GET", path: find(`{"filter_conditions":{"id":"bob"},"user_id":"ann"}`), want: map[string]string{"users.0.devices.#": "2"}},
	})
	nobody := s.WithToken("dan", s.Sign(auth.Claims{UserID: "dan"}))
	nobody.Post(path, device("d", "apn", "")).Fails(404, 16, "the user dan does not exist")
	nobody.Get(path).OK().Want("devices", "[]")
	nobody.Delete(path+"?id=d3").Fails(404, 16, "d3")
}

// TestDevicesOfOthers: who registers a device takes it over, within his app.
func TestDevicesOfOthers(t *testing.T) {
	t.Parallel()
	s, other := testkit.Start(t), testkit.Start(t)
	for _, id := range []string{"d1", "d2", "d3"} {
		s.As("ann").Post("/devices", device(id, "apn", "")).OK()
	}
	other.As("ann").Post("/devices", device("d1", "apn", "")).OK()
	first := s.As("ann").Get("/devices").At("devices.0.created_at")
	s.As("bob").Post("/devices", device("b1", "apn", "")).OK()
	s.As("bob").Post("/devices", device("d1", "firebase", "")).OK()
	if a, b := devicesOf(s, "ann"), devicesOf(s, "bob"); a != "d2 d3" || b != "b1 d1" {
		t.Errorf("ann has %s, bob %s", a, b)
	}
	if r := s.As("bob").Get("/devices"); r.Want("devices.1.push_provider", `"firebase"`).At("devices.1.created_at") == first {
		t.Error("it is as old as it was with ann")
	}
	if a := devicesOf(other, "ann"); a != "d1" {
		t.Errorf("in the other app ann has %s", a)
	}
	other.As("ann").Delete("/devices?id=d2").Fails(404, 16, "d2")

	for i := range 24 {
		s.As("ann").Post("/devices", device(fmt.Sprintf("n%02d", i), "apn", "")).OK()
	}
	s.As("ann").Get("/devices").OK().Want("devices.#", "25").Want("devices.0.id", `"d3"`)
	s.As("ann").Post("/devices", device("d3", "apn", "")).OK() // has its place already
	s.As("ann").Get("/devices").OK().Want("devices.#", "25").Want("devices.0.id", `"d3"`)
	s.As("ann").Post("/devices", device("b1", "apn", "")).OK()
	s.As("ann").Get("/devices").OK().Want("devices.#", "25").Want("devices.0.id", `"n00"`).Want("devices.24.id", `"b1"`)
	if b := devicesOf(s, "bob"); b != "d1" {
		t.Errorf("bob has %s", b)
	}
	var wg sync.WaitGroup
	for i := range 8 { // who all see that there is room
		wg.Go(func() { s.As("ann").Post("/devices", device(fmt.Sprintf("a%d", i), "apn", "")).OK() })
	}
	wg.Wait()
	s.As("ann").Get("/devices").OK().Want("devices.#", "25")
	for range 8 {
		for _, who := range []string{"ann", "bob"} {
			wg.Go(func() { s.As(who).Post("/devices", device("tossed", "apn", "")).OK() })
		}
	}
	wg.Wait()
	if a, b := devicesOf(s, "ann"), devicesOf(s, "bob"); strings.Contains(a, "tossed") == strings.Contains(b, "tossed") {
		t.Errorf("ann has %s, bob %s", a, b)
	}
}

func TestDeviceOfConnection(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	s.Users("bob")
	with := func(d string) url.Values {
		return url.Values{"json": {`{"user_details":{"id":"ann","color":"red"},"device":` + d + `}`}}
	}
	ann := s.WithToken("ann", s.Sign(auth.Claims{UserID: "ann"}))
	hello := ann.DialQuery(with(`{"id":"d1","push_provider":"firebase"}`)).Expect("health.check")
	hello.Want("me.devices.#", "1").Want("me.devices.0.id", `"d1"`).Want("me.devices.0.push_provider", `"firebase"`).Want("me.devices.0.user_id", `"ann"`)
	at := hello.At("me.devices.0.created_at")
	if _, err := time.Parse(time.RFC3339Nano, fmt.Sprint(at)); err != nil {
		t.Error(err)
	}
	s.As("ann").Post("/devices", device("d2", "apn", "")).OK()
	again := ann.DialQuery(with(`{"id":"d1","push_provider":"firebase"}`)).Expect("health.check")
	again.Want("me.devices.#", "2").Want("me.devices.0.id", `"d1"`).Want("me.devices.1.id", `"d2"`)
	if again.At("me.devices.0.created_at") != at {
		t.Error("it is another device now")
	}
	ann.Connect().Hello.Want("me.devices.#", "2")
	ann.Get("/longpoll?json="+url.QueryEscape(with(`{"id":"d3","push_provider":"apn"}`).Get("json"))).OK().Want("event.me.devices.#", "3")
	s.As("bob").Dial(map[string]any{"device": map[string]any{"id": "d1", "push_provider": "firebase"}}).Expect("health.check").Want("me.devices.0.id", `"d1"`)
	if a, b := devicesOf(s, "ann"), devicesOf(s, "bob"); a != "d2 d3" || b != "d1" {
		t.Errorf("ann has %s, bob %s", a, b)
	}

	eve := s.WithToken("eve", s.Sign(auth.Claims{UserID: "eve"}))
	code, last := eve.Dial(map[string]any{"device": map[string]any{"id": "d1", "push_provider": "firebase", "push_provider_name": "none"}}).Closed()
	if last.Want("error.code", "4"); code != 1000 || last.At("error.message") != `Connect failed with error: "push provider "none" with type "firebase" not found"` {
		t.Errorf("closed with %d after %s", code, last.Body)
	}
	s.Server().Get(find(`{"filter_conditions":{"id":"eve"}}`)).OK().Want("users", "[]") // nothing was written
	s.Anonymous().Dial(map[string]any{"device": map[string]any{"id": "d2", "push_provider": "apn"}}).Expect("health.check").Want("me.devices", "[]")
	if a := devicesOf(s, "ann"); a != "d2 d3" {
		t.Errorf("ann has %s", a)
	}
	guest := s.Send("POST", "/guest?api_key="+s.Key, nil, `{"user":{"id":"gus"}}`).OK()
	gus := s.WithToken(guest.At("user.id").(string), guest.At("access_token").(string))
	gus.Dial(map[string]any{"device": map[string]any{"id": "g1", "push_provider": "apn"}}).Expect("health.check").Want("me.devices.0.id", `"g1"`)
	gus.Delete("/devices?id=g1").OK()
}

// TestDisabledDevice: a device that a provider does not reach any more says so, until
// it is registered again.
func TestDisabledDevice(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	s.As("ann").Post("/devices", device("d1", "apn", "")).OK()
	conn, err := pgx.Connect(t.Context(), testkit.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	if _, err := conn.Exec(t.Context(), `UPDATE devices SET disabled = true, disabled_reason = 'unregistered' WHERE app_id = $1 AND id = 'd1'`, s.App); err != nil {
		t.Fatal(err)
	}
	s.As("ann").Get("/devices").OK().Want("devices.0.disabled", "true").Want("devices.0.disabled_reason", `"unregistered"`)
	s.As("ann").Connect().Hello.Want("me.devices.0.disabled", "true")
	s.As("ann").Post("/devices", device("d1", "apn", "")).OK()
	s.As("ann").Get("/devices").OK().Want("devices.0.disabled", "null").Want("devices.0.disabled_reason", "null")
}
