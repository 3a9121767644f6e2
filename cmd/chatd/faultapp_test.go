package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"chatd/internal/auth"
	"chatd/internal/server"
)

// faultApp is an app whose requests may fail.
type faultApp struct{ credentials }

// newFaultApp makes an app in the database of the variable CHATD_DATABASE_URL.
func newFaultApp(t *testing.T, database string) *faultApp {
	t.Helper()
	c := newCredentials()
	dsn := strings.TrimPrefix(database, "CHATD_DATABASE_URL=")
	if _, err := server.CreateApp(t.Context(), dsn, "faults", c.Key, c.Secret); err != nil {
		t.Fatal(err)
	}
	return &faultApp{c}
}

func (a *faultApp) url(base, path string) string {
	return base + path + "?" + url.Values{"api_key": {a.Key}}.Encode()
}

// token is a user's token, or the server side's for "".
func (a *faultApp) token(user string) string {
	token, err := auth.Sign(a.Secret, auth.Claims{UserID: user, Server: user == ""})
	if err != nil {
		panic(err)
	}
	return token
}

// post makes a request that must succeed.
func (a *faultApp) post(t *testing.T, base, user, path, body string) string {
	t.Helper()
	status, answer := do(t, http.MethodPost, a.url(base, path), a.token(user), body)
	if status != http.StatusCreated {
		t.Fatalf("%s: %d %s", path, status, answer)
	}
	return answer
}

// room makes a channel with new users as its members.
func (a *faultApp) room(t *testing.T, base string, members ...string) {
	t.Helper()
	var users []string
	for _, m := range members {
		users = append(users, fmt.Sprintf(`"%s":{"id":"%s"}`, m, m))
	}
	a.post(t, base, "", "/users", `{"users":{`+strings.Join(users, ",")+`}}`)
	a.post(t, base, "", channelPath+"/query", fmt.Sprintf(`{"data":{"created_by_id":%q,"members":["%s"]}}`, members[0], strings.Join(members, `","`)))
}

// send sends a message whose text is its id.
func (a *faultApp) send(t *testing.T, base, user, id string) (int, string) {
	t.Helper()
	return do(t, http.MethodPost, a.url(base, channelPath+"/message"), a.token(user), fmt.Sprintf(`{"message":{"id":%q,"text":%q}}`, id, id))
}

// say sends a message that must be taken.
func (a *faultApp) say(t *testing.T, base, user, id string) {
	t.Helper()
	if status, body := a.send(t, base, user, id); status != http.StatusCreated {
		t.Fatalf("%s: %d %s", id, status, body)
	}
}

// online tells whether a node thinks that a user is online.
func (a *faultApp) online(t *testing.T, base, user string) bool {
	t.Helper()
	payload := url.Values{"payload": {fmt.Sprintf(`{"filter_conditions":{"id":%q}}`, user)}}
	status, body := get(t, a.url(base, "/users")+"&"+payload.Encode(), a.token(""))
	if status != http.StatusOK {
		t.Fatalf("users: %d %s", status, body)
	}
	return strings.Contains(body, `"online":true`)
}

// streamed is what became of a stream of sends that was cut off.
type streamed struct {
	enough                func() // called once as much was acknowledged as is wanted
	mu                    sync.Mutex
	acknowledged, unknown []string
}

const (
	senders      = 6
	acknowledged = 60 // messages before the kill
)

// stream has several senders send until nobody answers; cut is called when enough
// was acknowledged, in the midst of it.
func (a *faultApp) stream(t *testing.T, base string, cut func()) *streamed {
	t.Helper()
	enough := make(chan struct{})
	s := &streamed{enough: sync.OnceFunc(func() { close(enough) })}
	var wg sync.WaitGroup
	for n := range senders {
		wg.Go(func() {
			for i := 0; ; i++ {
				id := fmt.Sprintf("m%d-%d", n, i)
				status, body := a.send(t, base, "ann", id)
				if !s.note(t, id, status, body) {
					return
				}
			}
		})
	}
	<-enough
	cut()
	wg.Wait()
	t.Logf("%d acknowledged, %d unknown", len(s.acknowledged), len(s.unknown))
	return s
}

// note files an answer and tells whether the node lives.
func (s *streamed) note(t *testing.T, id string, status int, body string) bool {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	switch status {
	case http.StatusCreated:
		if s.acknowledged = append(s.acknowledged, id); len(s.acknowledged) == acknowledged {
			s.enough()
		}
		return true
	case 0:
		s.unknown = append(s.unknown, id)
		s.enough() // it died by itself
	default:
		t.Errorf("%s: %d %s", id, status, body)
		s.enough() // it will not come
	}
	return false
}

// resend sends again what was not acknowledged, as the SDKs do: it is taken, or it
// is there.
func (a *faultApp) resend(t *testing.T, base string, s *streamed) {
	t.Helper()
	for _, id := range s.unknown {
		if status, body := a.send(t, base, "ann", id); status != http.StatusCreated && !strings.Contains(body, "already exists") {
			t.Errorf("%s again: %d %s", id, status, body)
		}
	}
}

var messageText = regexp.MustCompile(`"text":"(m\d+-\d+)"`)

// checkHistory pages through the channel: each message must be there once, and none
// that nobody sent.
func (a *faultApp) checkHistory(t *testing.T, base string, s *streamed) {
	t.Helper()
	found, before := map[string]int{}, ""
	for {
		page := `{"state":true,"messages":{"limit":100` + before + `}}`
		all := messageText.FindAllStringSubmatch(a.post(t, base, "ann", channelPath+"/query", page), -1)
		if len(all) == 0 {
			break
		}
		for _, m := range all {
			found[m[1]]++
		}
		before = fmt.Sprintf(`,"id_lt":%q`, all[0][1])
	}
	for _, id := range append(s.unknown, s.acknowledged...) {
		if found[id] != 1 {
			t.Errorf("%s is there %d times", id, found[id])
		}
	}
	if n := len(s.unknown) + len(s.acknowledged); len(found) != n {
		t.Errorf("%d messages, %d were sent", len(found), n)
	}
}

// listener is a user's websocket; what comes is collected as lines.
type listener struct {
	*output
	conn *websocket.Conn
	done chan struct{}
	code websocket.StatusCode // after done
}

// connect opens a user's websocket, with which he watches the channel.
func (a *faultApp) connect(t *testing.T, base, user string) *listener {
	t.Helper()
	q := url.Values{
		"api_key": {a.Key}, "stream-auth-type": {"jwt"}, "authorization": {a.token(user)},
		"json": {fmt.Sprintf(`{"user_id":%q,"user_details":{"id":%q}}`, user, user)},
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	conn, _, err := websocket.Dial(ctx, strings.Replace(base, "http", "ws", 1)+"/connect?"+q.Encode(), nil) //nolint:bodyclose // Dial closes the body of a failed handshake; else it is the connection
	if err != nil {
		t.Fatal(err)
	}
	conn.SetReadLimit(1 << 20)
	l := &listener{output: newOutput(), conn: conn, done: make(chan struct{})}
	go l.read(context.WithoutCancel(t.Context()))
	t.Cleanup(l.close)
	id := l.waitFor(t, `"connection_id":"([^"]+)"`)
	a.post(t, base, user, channelPath+"/query", fmt.Sprintf(`{"state":true,"watch":true,"presence":true,"connection_id":%q}`, id))
	return l
}

func (l *listener) read(ctx context.Context) {
	defer close(l.done)
	for {
		_, frame, err := l.conn.Read(ctx)
		if err != nil {
			l.code = websocket.CloseStatus(err)
			return
		}
		_, _ = l.Write(append(frame, '\n')) // in memory
	}
}

// closed waits for the end of the connection and returns the code, -1 for none.
func (l *listener) closed(t *testing.T) websocket.StatusCode {
	t.Helper()
	select {
	case <-l.done:
	case <-time.After(time.Minute):
		t.Fatal("the socket stays open")
	}
	return l.code
}

// close ends the connection.
func (l *listener) close() {
	_ = l.conn.CloseNow() // it may be gone
	<-l.done
}
