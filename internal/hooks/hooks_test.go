package hooks

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/riverqueue/river/rivertype"

	"chatd/internal/chat"
	"chatd/internal/outbound"
	"chatd/internal/store"
	"chatd/internal/testkit/testdb"
)

func TestMain(m *testing.M) { testdb.Main(m) }

// TestDeliver looks at what is tried again.
func TestDeliver(t *testing.T) {
	t.Parallel()
	st, err := store.Open(t.Context(), testdb.Database(t), store.Options{MaxConns: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(st.Close)
	key, err := st.CreateApp(t.Context(), "hooks", "k"+chat.NewID(), "secret")
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status, _ := strconv.Atoi(r.URL.Query().Get("status"))
		w.WriteHeader(status)
		long, _ := strconv.Atoi(r.URL.Query().Get("long"))
		_, _ = w.Write(make([]byte, long))
	}))
	t.Cleanup(web.Close)
	here := []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
	c := &Caller{Client: outbound.New(outbound.Options{Hooks: here}), Store: st}
	closed := httptest.NewServer(nil)
	closed.Close()
	const done, again, given = "done", "tried again", "given up"
	for url, want := range map[string]string{
		web.URL + "?status=200": done, web.URL + "?status=204": done, web.URL + "?status=302": given, web.URL + "?status=400": given,
		web.URL + "?status=404": given, web.URL + "?status=408": again, web.URL + "?status=429": again, web.URL + "?status=500": again,
		web.URL + "?status=503": again, closed.URL: again, "http://": given, "ftp://example.com": given,
		web.URL + "?status=200&long=2000000": done, "http://127.0.0.2:1/": again, // of which the operator may think better
	} {
		got := done
		if err := c.deliver(t.Context(), delivery{App: key.AppID, ID: "x", URL: url, Body: "{}"}); err != nil {
			got = again
			if _, ok := errors.AsType[*rivertype.JobCancelError](err); ok {
				got = given
			}
		}
		if got != want {
			t.Errorf("%.60s: %s, want %s", url, got, want)
		}
	}
}

func TestPending(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		hooks, older string
		urls         []string
		timeout      time.Duration
	}{
		"nothing":      {``, ``, nil, DefaultPending},
		"null":         {`[]`, `null`, nil, DefaultPending},
		"an older one": {``, `{"timeout_ms":3000,"callback":{"mode":"CALLBACK_MODE_REST","server_url":"https://a"}}`, []string{"https://a"}, 3 * time.Second},
		"the longest": {`[{"hook_type":"pending_message","enabled":true,"webhook_url":"https://b","timeout_ms":1000},
			{"hook_type":"pending_message","enabled":true,"webhook_url":"https://c","timeout_ms":9000,"callback":{"mode":"CALLBACK_MODE_NONE"}}]`, `{"callback":{"server_url":"https://a"}}`, []string{"https://a", "https://b"}, 9 * time.Second},
		"disabled":     {`[{"hook_type":"pending_message","enabled":false,"webhook_url":"https://b","timeout_ms":1000}]`, ``, nil, DefaultPending},
		"others hooks": {`[{"hook_type":"webhook","enabled":true,"webhook_url":"https://b","timeout_ms":1000}]`, ``, nil, DefaultPending},
	} {
		urls, timeout := Pending(&chat.AppSettings{EventHooks: []byte(tt.hooks), AsyncModerationConfig: []byte(tt.older)})
		if !slices.Equal(urls, tt.urls) || timeout != tt.timeout {
			t.Errorf("%s: %v, %v", name, urls, timeout)
		}
	}
}

func TestUnder(t *testing.T) {
	t.Parallel()
	for hook, want := range map[string]string{
		"https://a": "https://a/M", "https://a/": "https://a/M", "https://a/b": "https://a/b/M", "https://a/b/?c=d": "https://a/b/M?c=d",
	} {
		if got := Under(hook, "M"); got != want {
			t.Errorf("%s: %s, want %s", hook, got, want)
		}
	}
}
