package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

func TestUsage(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells")
	}
	before := cpu(os.Getpid())
	for end := before + 30*time.Millisecond; cpu(os.Getpid()) < end; { // reading /proc is work, too
		_ = strings.Repeat("x", 1<<16)
	}
	if got := resident(os.Getpid()); got < 1<<20 {
		t.Errorf("resident %d bytes", got)
	}
	if got := cpu(-1) + time.Duration(resident(-1)); got != 0 {
		t.Errorf("of nobody: %v", got)
	}
	if n := maxSockets(); n < 1 {
		t.Errorf("%d sockets", n)
	}
}

func TestChosen(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		args []string
		want string
		err  string
	}{
		{nil, "sends fanout lists history search threads members", ""},
		{[]string{"history", "sends"}, "history sends", ""},
		{[]string{"nothing"}, "", `no workload "nothing"; there are sends, fanout`},
	} {
		got, err := chosen(tt.args)
		var names []string
		for _, w := range got {
			names = append(names, w.name)
		}
		if strings.Join(names, " ") != tt.want || (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%v: %v, %v", tt.args, names, err)
		}
	}
}

func TestTry(t *testing.T) {
	t.Parallel()
	b := &bench{options: options{duration: 80 * time.Millisecond}}
	wait := func(int) error {
		<-time.After(time.Millisecond)
		return nil
	}
	got, err := b.try(t.Context(), []op{wait, wait}, os.Getpid())
	if err != nil || got.n < 2 || got.n > 160 || got.rate > 2000 || got.p50 < .9 || got.p99 < got.p50 {
		t.Errorf("%+v, %v", got, err)
	}
	failed := errors.New("no")
	_, err = b.try(t.Context(), []op{wait, func(k int) error {
		if k > 3 {
			return failed
		}
		return nil
	}})
	if !errors.Is(err, failed) {
		t.Errorf("error = %v", err)
	}
}

func TestStory(t *testing.T) {
	t.Parallel()
	ch := &story{path: "/channels/messaging/b1-0", tag: "b1-0", messages: 100}
	var asked []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		asked = append(asked, string(body))
		fmt.Fprintf(w, `{"messages":[{"id":"%s"},{"id":"%s"}]}`, ch.id(25), ch.id(49))
	}))
	defer s.Close()
	c, err := dial(t.Context(), strings.TrimPrefix(s.URL, "http://"), "ann")
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	if err := ch.read(c, 1); err != nil || !strings.Contains(asked[0], `{"limit":25,"id_lt":"b1-0-000000050"}`) {
		t.Errorf("a page: %v; asked %s", err, asked)
	}
	if err := ch.read(c, 3); err == nil || !strings.Contains(asked[1], `{"messages":{"limit":25},`) {
		t.Errorf("the wrong page: %v; asked %s", err, asked)
	}
}
