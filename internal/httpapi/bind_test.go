package httpapi

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"context"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"chatd/internal/chat"
)

type bindRequest struct {
	chat.ActAs

	Type   string           `path:"type" json:"-"`
	Limit  int              `query:"limit" json:"-"`
	Hard   bool             `query:"hard" json:"-"`
	Before *time.Time       `query:"before" json:"-"`
	IDs    []string         `query:"ids" json:"-"`
	Sort   []chat.SortParam `query:"sort" json:"sort"`
	Filter jsontext.Value   `json:"filter_conditions"`
	Text   string           `json:"text"`
}

func bound(method, target, body string, header http.Header) (*bindRequest, error) {
	var got *bindRequest
	var err error
	m := chi.NewRouter()
	bind := binder[bindRequest]()
	m.Method(method, "/x/{type}", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = new(bindRequest)
		r.Body = http.MaxBytesReader(w, r.Body, MaxBody)
		err = bind(r, got, func(b []byte) []byte { return b })
	}))
	ctx := context.WithValue(context.Background(), entryKey{}, &entry{})
	r := httptest.NewRequestWithContext(ctx, method, target, strings.NewReader(body))
	maps.Copy(r.Header, header)
	m.ServeHTTP(httptest.NewRecorder(), r.WithContext(context.WithValue(r.Context(), entryKey{}, new(entry))))
	return got, err
}

func TestBind(t *testing.T) {
	t.Parallel()
	before := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, tt := range []struct {
		name, method, target, body string
		want                       *bindRequest
		err                        string
	}{
		{
			"path, query and body", "POST", "/x/team?limit=3&hard=true&user_id=ann", `{"text":"hi"}`,
			&bindRequest{Type: "team", Limit: 3, Hard: true, Text: "hi", ActAs: chat.ActAs{UserID: "ann"}}, "",
		},
		{"an empty body is an empty request", "POST", "/x/team", "", &bindRequest{Type: "team"}, ""},
		{
			"payload of a GET", "GET", "/x/team?payload=" + url.QueryEscape(`{"filter_conditions":{"id":"a"},"sort":[{"field":"id","direction":-1}]}`), "",
			&bindRequest{Type: "team", Filter: jsontext.Value(`{"id":"a"}`), Sort: []chat.SortParam{{Field: "id", Direction: -1}}}, "",
		},
		{"repeated ids", "GET", "/x/team?ids=a&ids=b", "", &bindRequest{Type: "team", IDs: []string{"a", "b"}}, ""},
		{"ids with commas", "GET", "/x/team?ids=a,b", "", &bindRequest{Type: "team", IDs: []string{"a", "b"}}, ""},
		{"a sort in the query", "GET", "/x/team?sort=" + url.QueryEscape(`[{"field":"id"}]`), "", &bindRequest{Type: "team", Sort: []chat.SortParam{{Field: "id"}}}, ""},
		{"a date", "GET", "/x/team?before=2026-01-02T03:04:05Z", "", &bindRequest{Type: "team", Before: &before}, ""},
		{"bad number", "GET", "/x/team?limit=many", "", nil, "limit must be a number"},
		{"bad bool", "GET", "/x/team?hard=perhaps", "", nil, "hard must be true or false"},
		{"bad date", "GET", "/x/team?before=now", "", nil, "before must be a date"},
		{"bad payload", "GET", "/x/team?payload={", "", nil, "invalid JSON"},
		{"broken body", "POST", "/x/team", `{"text":`, nil, "invalid JSON"},
		{"wrong type", "POST", "/x/team", `{"text":5}`, nil, `field "text" expects string but got number`},
		{"a list for an object", "POST", "/x/team", `[1]`, nil, "expects object but got array"},
		{"too big", "POST", "/x/team", `{"text":"` + strings.Repeat("x", MaxBody) + `"}`, nil, "too big"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := bound(tt.method, tt.target, tt.body, nil)
			if tt.err != "" {
				if k := chat.KindOf(err); k != chat.Invalid && k != chat.PayloadTooBig || !strings.Contains(err.Error(), tt.err) {
					t.Fatalf("error = %v, want %q", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestBindCompressed(t *testing.T) {
	t.Parallel()
	var g, z bytes.Buffer
	for _, w := range []io.WriteCloser{gzip.NewWriter(&g), zlib.NewWriter(&z)} {
		if _, err := io.WriteString(w, `{"text":"packed"}`); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for enc, body := range map[string]string{"gzip": g.String(), "deflate": z.String()} {
		got, err := bound("POST", "/x/team", body, http.Header{"Content-Encoding": {enc}})
		if err != nil || got.Text != "packed" {
			t.Errorf("%s: %v, %+v", enc, err, got)
		}
	}
	for enc, body := range map[string]string{"gzip": "nonsense", "br": "x"} {
		if _, err := bound("POST", "/x/team", body, http.Header{"Content-Encoding": {enc}}); chat.KindOf(err) != chat.Invalid {
			t.Errorf("%s: %v", enc, err)
		}
	}
}

func TestCompressionBomb(t *testing.T) {
	t.Parallel()
	var g bytes.Buffer
	w := gzip.NewWriter(&g)
	for range 64 {
		if _, err := w.Write(bytes.Repeat([]byte(" "), 1<<20)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := bound("POST", "/x/team", g.String(), http.Header{"Content-Encoding": {"gzip"}})
	if chat.KindOf(err) != chat.PayloadTooBig {
		t.Errorf("error = %v, want payload too big", err)
	}
}

func TestEncoding(t *testing.T) {
	t.Parallel()
	for accept, want := range map[string]string{
		"": "", "identity": "", "gzip": "gzip", "deflate": "deflate", "deflate, gzip;q=0.5": "gzip", "br, *": "gzip", "gzip;q=0": "", "gzip; q=0, deflate": "deflate",
	} {
		got := ""
		if e := encoding(accept); e != nil {
			got = e.name
		}
		if got != want {
			t.Errorf("%q: %q, want %q", accept, got, want)
		}
	}
}

func FuzzBind(f *testing.F) {
	f.Add("limit=3&ids=a,b&sort=[]", `{"text":"hi","user":{"id":"a"}}`)
	f.Add("before=2026-01-02T03:04:05Z&hard=1", `{"filter_conditions":{"$or":[]}}`)
	f.Fuzz(func(t *testing.T, query, body string) {
		u := url.URL{Path: "/x/team", RawQuery: query}
		if _, err := url.ParseRequestURI(u.String()); err != nil {
			return
		}
		if _, err := bound("POST", u.String(), body, nil); err != nil && chat.KindOf(err) == chat.Internal {
			t.Errorf("%q %q: %v", query, body, err)
		}
	})
}
