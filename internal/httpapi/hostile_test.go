package httpapi_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/jackc/pgx/v5"

	"chatd/internal/auth"
	"chatd/internal/httpapi"
	"chatd/internal/testkit"
)

// inPath finds the parameters of a route's path.
var inPath = regexp.MustCompile(`\{(\w+)\}`)

// site is an app with something of everything, whose rows can be compared.
type site struct {
	*testkit.Server

	t    *testing.T
	conn *pgx.Conn
	last string // the digest as it was; "" when it may have changed
	rows string // the query for the digest of all rows
	ids  map[string]string
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{Server: testkit.Start(t), t: t}
	path := s.Channel("messaging", "room", "ann", "bob")
	s.As("ann").Post(path+"/message", `{"message":{"id":"`+s.Key+`","text":"hi"}}`).OK()
	s.Server.Server().Post("/channeltypes", `{"name":"own"}`).OK()
	s.Server.Server().Post("/commands", `{"name":"own","description":"its own"}`).OK()
	s.Server.Server().Put("/channeltypes/messaging", `{"user_message_reminders":true,"shared_locations":true}`).OK()
	s.ids = map[string]string{"type": "messaging", "id": "room", "user_id": "bob", "name": "own", "parent_id": s.Key, "message_id": s.Key}
	conn, err := pgx.Connect(t.Context(), testkit.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	s.conn = conn
	names, err := conn.Query(t.Context(), `SELECT DISTINCT table_name FROM information_schema.columns WHERE column_name = 'app_id' AND table_schema = 'public' ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	tables, err := pgx.CollectRows(names, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	for i, table := range tables {
		tables[i] = "SELECT '" + table + "' || md5(coalesce(string_agg(t::text, ',' ORDER BY t::text), '')) AS d FROM " + pgx.Identifier{table}.Sanitize() + " t WHERE app_id = $1"
	}
	s.rows = "SELECT string_agg(d, ' ' ORDER BY d) FROM (" + strings.Join(tables, " UNION ALL ") + ") d"
	return s
}

// digest sums up all that is stored of the app.
func (s *site) digest() string {
	s.t.Helper()
	var d string
	if err := s.conn.QueryRow(s.t.Context(), s.rows, s.App).Scan(&d); err != nil {
		s.t.Fatal(err)
	}
	return d
}

// path fills a route's path with what exists, but for the parameters in other.
func (s *site) path(r *httpapi.Route, other map[string]string) string {
	return inPath.ReplaceAllStringFunc(r.Path, func(p string) string {
		name := p[1 : len(p)-1]
		if v, ok := other[name]; ok {
			return v
		}
		if name == "id" && strings.HasPrefix(r.Path, "/messages/") {
			return s.Key
		}
		if v, ok := s.ids[name]; ok {
			return v
		}
		return "x"
	})
}

// refused fails the test unless an answer is a refusal in the API's form.
func refused(t *testing.T, r *httpapi.Route, what string, got *testkit.Response) bool {
	t.Helper()
	var e struct {
		Code       *int   `json:"code"`
		Message    string `json:"message"`
		MoreInfo   string `json:"more_info"`
		Details    []int  `json:"details"`
		StatusCode int    `json:"StatusCode"`
		Duration   string `json:"duration"`
	}
	err := json.Unmarshal(got.Body, &e)
	switch {
	case got.Status >= http.StatusInternalServerError:
		t.Errorf("%s %s: %.200s: %d %s", r.Method, r.Path, what, got.Status, got.Body)
	case got.Status < http.StatusBadRequest:
		return false
	case err != nil || e.Code == nil || *e.Code == 0 || e.StatusCode != got.Status || e.MoreInfo == "" || e.Details == nil || e.Duration == "":
		t.Errorf("%s %s: %.200s: not in the form of errors: %d %s", r.Method, r.Path, what, got.Status, got.Body)
	case !strings.HasPrefix(e.Message, r.Op+" failed with error: \""):
		t.Errorf("%s %s: %.200s: %s", r.Method, r.Path, what, e.Message)
	case got.Header.Get("X-Ratelimit-Limit") == "":
		t.Errorf("%s %s: %.200s: no limit is told", r.Method, r.Path, what)
	}
	return true
}

// hasBody tells whether a route reads a body.
func hasBody(r *httpapi.Route) bool {
	return r.Method != http.MethodGet && r.Method != http.MethodDelete
}

// code returns the code of a refusal.
func code(r *testkit.Response) int { n, _ := r.At("code").(float64); return int(n) }

// TestNobodyIsLetInWithoutCredentials asks every route as those who may not.
func TestNobodyIsLetInWithoutCredentials(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	before := s.digest()
	hour := time.Now().Add(-time.Hour)
	expired := s.WithToken("ann", s.Sign(auth.Claims{UserID: "ann", ExpiresAt: &hour}))
	for _, r := range (&httpapi.API{}).Routes() {
		if r.Req == nil || r.Caller() == "public" {
			continue
		}
		path := s.path(&r, nil)
		type attempt struct {
			what string
			got  *testkit.Response
			code int
		}
		attempts := []attempt{
			{"no key", s.Send(r.Method, path, nil, `{}`), 2},
			{"an unknown key", s.Send(r.Method, path+"?api_key=nosuchkey", nil, `{}`), 2},
			{"no token", s.WithToken("ann", "").Do(r.Method, path, `{}`), 5},
			{"an expired token", expired.Do(r.Method, path, `{}`), 40},
			{"a wrong token", s.WithToken("ann", s.Sign(auth.Claims{UserID: "ann"})+"x").Do(r.Method, path, `{}`), 43},
		}
		if r.Caller() == "server" {
			attempts = append(attempts, attempt{"a user", s.As("ann").Do(r.Method, path, `{}`), 17})
		}
		if r.Caller() != "anonymous" {
			attempts = append(attempts, attempt{"a visitor", s.Anonymous().Do(r.Method, path, `{}`), 17})
		}
		for _, a := range attempts {
			if !refused(t, &r, a.what, a.got) || code(a.got) != a.code {
				t.Errorf("%s %s: %s: %d %s, want code %d", r.Method, r.Path, a.what, a.got.Status, a.got.Body, a.code)
			}
		}
	}
	if s.digest() != before {
		t.Error("something was written")
	}
}

// TestBodiesThatCannotBeRead sends every route what is no document of its kind.
func TestBodiesThatCannotBeRead(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	before := s.digest()
	c, token := s.Server.Server(), s.Sign(auth.Claims{Server: true})
	for _, r := range (&httpapi.API{}).Routes() {
		if r.Req == nil {
			continue
		}
		path := s.path(&r, nil) + "?user_id=ann"
		for what, body := range map[string]string{
			"broken": `{"a":`, "a list": `[]`, "a text": `"x"`, "a number": `7`, "two": `{} {}`, "no JSON": `a=b&c=d`, "binary": "\x1f\x8b\x00\xff",
			"too deep": strings.Repeat(`{"a":`, 20000) + "1" + strings.Repeat("}", 20000), "not closed": strings.Repeat("[", 20000),
			"multipart": "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb\r\n--x--\r\n",
		} {
			var got *testkit.Response
			if hasBody(&r) {
				got = c.Do(r.Method, path, body)
			} else if r.Method == http.MethodGet && len(body) < 30000 {
				got = c.Do(r.Method, path+"&payload="+url.QueryEscape(body), nil)
			}
			if got != nil && (!refused(t, &r, what, got) || got.Status != 400 || code(got) != 4) {
				t.Errorf("%s %s: %s: %d %s, want a 400 with code 4", r.Method, r.Path, what, got.Status, got.Body)
			}
		}
		if !hasBody(&r) || strings.HasPrefix(r.Op, "Upload") { // those take forms
			continue
		}
		if got := c.Do(r.Method, path, `{"x":"`+strings.Repeat("x", httpapi.MaxBody)+`"}`); !refused(t, &r, "too big", got) || got.Status != 413 || code(got) != 22 {
			t.Errorf("%s %s: too big: %d %s", r.Method, r.Path, got.Status, got.Body)
		}
		h := http.Header{"Authorization": {token}, "Stream-Auth-Type": {"jwt"}, "Content-Encoding": {"zstd"}}
		if got := s.Send(r.Method, path+"&api_key="+s.Key, h, `{}`); !refused(t, &r, "unknown encoding", got) || code(got) != 4 {
			t.Errorf("%s %s: unknown encoding: %d %s", r.Method, r.Path, got.Status, got.Body)
		}
	}
	if s.digest() != before {
		t.Error("something was written")
	}
}

// nasty are values of each kind that clients must not send. They may be refused or
// stored; nothing may break of them.
var nasty = map[byte][]string{
	'"': {`"\u0000"`, "\"a\xff\xfeb\"", `"\ud800"`, `""`, `"%00'\";--"`, `"` + strings.Repeat("é", 3000) + `"`, `"!x"`},
	'0': {`-1`, `0`, `1e400`, `99999999999999999999`, `1.5`, `2147483648`, `-9223372036854775808`},
	't': {`null`, `true`},
	'[': {`[]`, `[null]`, `["\u0000"]`, `[""]`, `[[]]`, `[` + strings.Repeat(`"x",`, 1500) + `"x"]`, `[{}]`, `[{"field":"\u0000"}]`},
	'{': {`{}`, `{"":null}`, `{"\u0000":1}`, `{"a.b":{"$in":1}}`, `{"$nor":[]}`, `{"id":{"$gt":null}}`, `{"x":1e400000}`, `{"x":` + strings.Repeat(`[`, 3000) + strings.Repeat(`]`, 3000) + `}`, `{"id":"a","id":"b"}`},
}

// kindOf tells how a Go type looks in JSON.
func kindOf(typ reflect.Type) byte {
	for typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	switch {
	case typ == reflect.TypeFor[time.Time]():
		return '"'
	case typ == reflect.TypeFor[jsontext.Value]():
		return '{'
	}
	switch typ.Kind() {
	case reflect.String:
		return '"'
	case reflect.Bool:
		return 't'
	case reflect.Slice, reflect.Array:
		return '['
	case reflect.Struct, reflect.Map:
		return '{'
	default:
		return '0'
	}
}

// bodyField is a field of a request's body.
type bodyField struct {
	name string
	typ  reflect.Type
}

func fieldsOf(typ reflect.Type) []bodyField {
	for typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	if typ.Kind() != reflect.Struct || typ == reflect.TypeFor[time.Time]() {
		return nil
	}
	var out []bodyField
	for f := range typ.Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "":
			out = append(out, fieldsOf(f.Type)...)
		case name == "-" || !f.IsExported():
		case strings.Contains(options, "embed"):
			out = append(out, bodyField{"custom_field", f.Type})
		case name != "":
			out = append(out, bodyField{name, f.Type})
		}
	}
	return out
}

// wholeBodies are requests that succeed, so that what is put in their places gets
// as far as it can.
var wholeBodies = map[string]string{
	"SendMessage":                `{"message":{"text":"x","user_id":"ann"}}`,
	"UpdateMessage":              `{"message":{"text":"x","user_id":"ann"}}`,
	"UpdateMessagePartial":       `{"set":{"text":"x"},"unset":["a"],"user_id":"ann"}`,
	"CreateDraft":                `{"message":{"text":"x","user_id":"ann"}}`,
	"CreateReminder":             `{"remind_at":"2040-01-01T00:00:00Z","user_id":"ann"}`,
	"UpdateReminder":             `{"remind_at":"2040-01-01T00:00:00Z","user_id":"ann"}`,
	"SendReaction":               `{"reaction":{"type":"like","user_id":"ann"}}`,
	"QueryReactions":             `{"user_id":"ann"}`,
	"SendEvent":                  `{"event":{"type":"typing.start","user_id":"ann"}}`,
	"SendUserCustomEvent":        `{"event":{"type":"ping"}}`,
	"UpdateUsers":                `{"users":{"bob":{"id":"bob","name":"B"}}}`,
	"UpdateUsersPartial":         `{"users":[{"id":"bob","set":{"a":1}}]}`,
	"CreateGuest":                `{"user":{"id":"g"}}`,
	"QueryChannels":              `{"filter_conditions":{"type":"messaging"},"sort":[{"field":"created_at","direction":-1}]}`,
	"GetOrCreateChannel":         `{"data":{"created_by_id":"ann"},"messages":{"limit":1},"members":{"limit":1},"watchers":{"limit":1}}`,
	"GetOrCreateDistinctChannel": `{"data":{"created_by_id":"ann","members":["ann","bob"]}}`,
	"UpdateChannel":              `{"data":{"x":1},"user_id":"ann","message":{"text":"x","user_id":"ann"}}`,
	"UpdateChannelPartial":       `{"set":{"x":1},"unset":["y"],"user_id":"ann"}`,
	"UpdateMemberPartial":        `{"set":{"x":1},"unset":["y"],"user_id":"ann"}`,
	"TruncateChannel":            `{"user_id":"ann","message":{"text":"x","user_id":"ann"}}`,
	"MarkUnread":                 `{"user_id":"bob","message_id":"x"}`,
	"Sync":                       `{"user_id":"ann","channel_cids":["messaging:room"],"last_sync_at":"2026-01-01T00:00:00Z"}`,
	"CreateChannelType":          `{"name":"fresh"}`,
	"CreateCommand":              `{"name":"fresh","description":"d"}`,
	"UpdateCommand":              `{"description":"d"}`,
	"RunMessageAction":           `{"form_data":{"image_action":"send"},"user_id":"ann"}`,
}

// TestNastyValues puts nasty values into all fields of all routes, two levels deep,
// and into the query.
func TestNastyValues(t *testing.T) {
	t.Parallel()
	for _, r := range (&httpapi.API{}).Routes() {
		if r.Req == nil {
			continue
		}
		t.Run(r.Method+r.Path, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			for _, body := range bodiesOf(&r) {
				s.try(&r, s.path(&r, nil)+"?user_id=ann", body)
			}
			for _, name := range r.Query() {
				for _, v := range []string{"\x00", "\xff\xfe", "-1", "1e400", "99999999999999999999", "null", "[", `[{"field":"` + "\x00" + `"}]`, `{"a":1}`, strings.Repeat("x,", 2000)} {
					s.try(&r, s.path(&r, nil)+"?"+url.Values{name: {v}}.Encode(), `{"user_id":"ann"}`)
				}
			}
			for _, m := range inPath.FindAllStringSubmatch(r.Path, -1) {
				for _, v := range []string{"a%00b", "%ff%fe", "..", "%2F", "!x", "a:b", "%25", strings.Repeat("x", 300)} {
					s.try(&r, s.path(&r, map[string]string{m[1]: v})+"?user_id=ann", `{"user_id":"ann"}`)
				}
			}
		})
	}
}

// bodiesOf returns what TestNastyValues sends to a route.
func bodiesOf(r *httpapi.Route) []string {
	whole := map[string]jsontext.Value{}
	_ = json.Unmarshal([]byte(wholeBodies[r.Op]), &whole)
	with := func(obj map[string]jsontext.Value, name, value string) string {
		var b strings.Builder
		b.WriteString(`{"` + name + `":` + value)
		for _, other := range slices.Sorted(maps.Keys(obj)) {
			if other != name {
				fmt.Fprintf(&b, `,%q:%s`, other, obj[other])
			}
		}
		return b.String() + "}"
	}
	var out []string
	for _, f := range fieldsOf(r.Req) {
		kind := kindOf(f.typ)
		for _, v := range nasty[kind] {
			out = append(out, with(whole, f.name, v))
		}
		out = append(out, with(whole, f.name, map[byte]string{'"': `7`, '0': `"x"`, 't': `"x"`, '[': `"x"`, '{': `"x"`}[kind]))
		inner := map[string]jsontext.Value{}
		_ = json.Unmarshal(whole[f.name], &inner)
		for _, g := range fieldsOf(f.typ) {
			for _, v := range nasty[kindOf(g.typ)][:2] {
				out = append(out, with(whole, f.name, with(inner, g.name, v)))
			}
		}
	}
	return out
}

// try makes a request and, if it is refused, looks whether something was written.
func (s *site) try(r *httpapi.Route, path, body string) {
	s.t.Helper()
	c := s.Server.Server()
	if s.last == "" {
		s.last = s.digest()
	}
	var got *testkit.Response
	switch {
	case hasBody(r):
		got = c.Do(r.Method, path, body)
	case len(body) < 20000:
		got = c.Do(r.Method, path+"&payload="+url.QueryEscape(body), nil)
	default:
		return
	}
	if !refused(s.t, r, path+" "+body, got) {
		s.last = ""
		return
	}
	if after := s.digest(); after != s.last {
		s.last = after
		s.t.Errorf("%s %.200s %.200s is refused with %s, but something was written", r.Method, path, body, got.Body)
	}
}
