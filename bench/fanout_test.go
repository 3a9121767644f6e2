package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/coder/websocket"
)

// fakeChat speaks as much of the protocol as a watcher needs.
type fakeChat struct {
	hello string
	mu    sync.Mutex
	saw   []string // users who connected, and what they watch
}

func (f *fakeChat) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	f.mu.Lock()
	defer f.mu.Unlock()
	if r.URL.Path != "/connect" {
		var body struct{ Watch, State bool }
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil || !body.Watch {
			http.Error(w, "not watched", http.StatusBadRequest)
			return
		}
		f.saw = append(f.saw, r.URL.Path+" by "+q.Get("connection_id"))
		return
	}
	ws, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	var user struct {
		ID string `json:"user_id"`
	}
	if err := json.Unmarshal([]byte(q.Get("json")), &user); err == nil && q.Get("api_key") == appKey && q.Get("authorization") != "" {
		f.saw = append(f.saw, user.ID)
	}
	_ = ws.Write(r.Context(), websocket.MessageText, []byte(f.hello))
}

func TestWatch(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, hello, want, err string }{
		{"watching", `{"type":"health.check","connection_id":"c1 &"}`, "ann|/channels/messaging/x/query by c1 &", ""},
		{"refused", `{"error":{"code":5}}`, "ann", "no connection_id"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := &fakeChat{hello: tt.hello}
			s := httptest.NewServer(f)
			t.Cleanup(s.Close)
			addr := strings.TrimPrefix(s.URL, "http://")
			c, err := dial(t.Context(), addr, "")
			if err != nil {
				t.Fatal(err)
			}
			defer c.close()
			ws, err := watch(t.Context(), c, addr, "ann", "/channels/messaging/x")
			if err == nil {
				ws.close()
			}
			if (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Errorf("error = %v, want %q", err, tt.err)
			}
			f.mu.Lock()
			defer f.mu.Unlock()
			if got := strings.Join(f.saw, "|"); got != tt.want {
				t.Errorf("saw %q, want %q", got, tt.want)
			}
		})
	}
}
