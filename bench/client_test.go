package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"chatd/internal/auth"
)

func TestConn(t *testing.T) {
	t.Parallel()
	tokens := auth.NewVerifier(10)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		claims, err := tokens.Verify(r.Header.Get("Authorization"), []string{appSecret}, auth.Options{Now: time.Now()})
		body, _ := io.ReadAll(r.Body)
		switch {
		case err != nil:
			http.Error(w, err.Error(), http.StatusUnauthorized)
		case r.URL.Query().Get("api_key") != appKey:
			http.Error(w, "no key", http.StatusBadRequest)
		case r.URL.Path == "/endless":
			_ = http.NewResponseController(w).Flush()
		default:
			answer := claims.UserID + " " + r.Method + " " + r.URL.Query().Get("a") + " " + string(body)
			w.Header().Set("Content-Length", strconv.Itoa(len(answer)))
			_, _ = io.WriteString(w, answer)
		}
	}))
	t.Cleanup(s.Close)
	addr := strings.TrimPrefix(s.URL, "http://")
	c, err := dial(t.Context(), addr, "ann")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.close)
	for _, tt := range []struct{ as, method, path, body, want, err string }{
		{"ann", "POST", "/x", "hello", "ann POST  hello", ""},
		{"", "GET", "/x?a=b", "", " GET b ", ""},
		{"bob", "POST", "/x?a=c", strings.Repeat("long ", 5000), "bob POST c " + strings.Repeat("long ", 5000), ""},
		{"bob", "GET", "/x?api_key=wrong", "", "", "400 no key"},
		{"bob", "GET", "/x", "", "bob GET  ", ""}, // the connection survives an error
		{"bob", "GET", "/endless", "", "", "does not say how long"},
	} {
		if err := c.as(tt.as); err != nil {
			t.Fatal(err)
		}
		got, err := c.do(tt.method, tt.path, []byte(tt.body))
		if tt.err != "" {
			if err == nil || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("%s %s: %v, want %q", tt.method, tt.path, err, tt.err)
			}
			continue
		}
		if err != nil || string(got) != tt.want {
			t.Errorf("%s %s = %.100q, %v, want %.100q", tt.method, tt.path, got, err, tt.want)
		}
	}
}
