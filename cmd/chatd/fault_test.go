package main

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"testing"

	"github.com/coder/websocket"

	"chatd/internal/devstack"
	"chatd/internal/testkit/testdb"
)

const channelPath = "/channels/messaging/room"

// TestKilledNode kills the only node under a stream of sends: what it acknowledged
// is there once, and the next node goes on.
func TestKilledNode(t *testing.T) {
	t.Parallel()
	environ := []string{"CHATD_DATABASE_URL=" + testdb.Isolated(t)}
	app := newFaultApp(t, environ[0])
	node, base := startNode(t, environ)
	app.room(t, base, "ann", "bob")
	sent := app.stream(t, base, node.kill)

	_, base = startNode(t, environ)
	bob := app.connect(t, base, "bob")
	app.resend(t, base, sent)
	app.checkHistory(t, base, sent)
	app.say(t, base, "ann", "after")
	bob.waitFor(t, `"type":"message.new".*"id":"(after)"`)
}

// TestKilledNodeOfTwo kills one of two nodes: the events of what it acknowledged
// came through, its users are gone, and the other serves on.
func TestKilledNodeOfTwo(t *testing.T) {
	t.Parallel()
	redis := startRedis(t)
	environ := []string{"CHATD_DATABASE_URL=" + testdb.Isolated(t), "CHATD_REDIS_URL=" + redis.URL()}
	app := newFaultApp(t, environ[0])
	first, baseOne := startNode(t, environ)
	_, baseTwo := startNode(t, environ)
	app.room(t, baseOne, "ann", "bob", "cat")
	bob := app.connect(t, baseTwo, "bob")
	app.connect(t, baseOne, "cat")
	bob.waitFor(t, `"type":"user.presence.changed".*"id":"(cat)"`)
	sent := app.stream(t, baseOne, first.kill)

	for _, id := range sent.acknowledged {
		bob.waitFor(t, `"type":"message.new".*"id":"(`+id+`)"`)
	}
	app.resend(t, baseTwo, sent)
	app.checkHistory(t, baseTwo, sent)
	waitFor(t, func() bool { return !app.online(t, baseTwo, "cat") })
	ann := app.connect(t, baseTwo, "ann")
	app.say(t, baseTwo, "bob", "after")
	ann.waitFor(t, `"type":"message.new".*"id":"(after)"`)
}

// TestRedisComesBack kills Redis under two nodes. Each goes on by itself; when
// Redis is back they find each other.
func TestRedisComesBack(t *testing.T) {
	t.Parallel()
	redis := startRedis(t)
	environ := []string{"CHATD_DATABASE_URL=" + testdb.Isolated(t), "CHATD_REDIS_URL=" + redis.URL()}
	app := newFaultApp(t, environ[0])
	_, baseOne := startNode(t, environ)
	_, baseTwo := startNode(t, environ)
	app.room(t, baseOne, "ann", "bob", "cat", "dan", "eve")
	ann, bob := app.connect(t, baseOne, "ann"), app.connect(t, baseTwo, "bob")
	eve := app.connect(t, baseTwo, "eve")
	ann.waitFor(t, `"type":"user.presence.changed".*"id":"(eve)"`)
	app.say(t, baseOne, "ann", "before")
	bob.waitFor(t, `"type":"message.new".*"id":"(before)"`)

	if err := redis.Kill(); err != nil {
		t.Fatal(err)
	}
	cat := app.connect(t, baseOne, "cat")
	app.say(t, baseOne, "ann", "meanwhile")
	cat.waitFor(t, `"type":"message.new".*"id":"(meanwhile)"`)
	ann.waitFor(t, `"type":"message.new".*"id":"(meanwhile)"`)
	app.connect(t, baseTwo, "dan")
	eve.close()
	if app.online(t, baseOne, "dan") {
		t.Error("node one knows of a connection to node two without a bus")
	}

	startRedis(t, redis.Addr())
	n := 0
	waitFor(t, func() bool {
		n++
		app.say(t, baseOne, "ann", fmt.Sprintf("probe%d", n))
		return strings.Contains(bob.String(), `"id":"probe`)
	})
	app.say(t, baseTwo, "bob", "answer")
	ann.waitFor(t, `"type":"message.new".*"id":"(answer)"`)
	waitFor(t, func() bool { return app.online(t, baseOne, "dan") && !app.online(t, baseOne, "eve") })
	waitFor(t, func() bool { return app.online(t, baseTwo, "cat") })
}

// TestPostgresComesBack restarts PostgreSQL under a node: requests are refused in
// the API's form meanwhile, sockets stay, and it goes on by itself.
func TestPostgresComesBack(t *testing.T) {
	t.Parallel()
	o := devstack.PostgresOptions{Dir: devFolder(t), Fast: true}
	pg, err := devstack.StartPostgres(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pg.Stop() })
	environ := []string{"CHATD_DATABASE_URL=" + pg.DSN("postgres")}
	app := newFaultApp(t, environ[0])
	_, base := startNode(t, environ)
	app.room(t, base, "ann", "bob")
	bob := app.connect(t, base, "bob")
	app.say(t, base, "ann", "before")

	if err := pg.Stop(); err != nil {
		t.Fatal(err)
	}
	for _, ask := range []func() (int, string){
		func() (int, string) { return app.send(t, base, "ann", "meanwhile") },
		func() (int, string) { return get(t, app.url(base, "/messages/before"), app.token("ann")) },
		func() (int, string) { return get(t, app.url(base, "/unread"), app.token("bob")) },
	} {
		if status, body := ask(); status != http.StatusServiceUnavailable || !strings.Contains(body, `"StatusCode":503`) || !strings.Contains(body, `"code":-1`) {
			t.Errorf("without PostgreSQL: %d %s", status, body)
		}
	}
	if status, _ := get(t, base+"/readyz", ""); status != http.StatusServiceUnavailable {
		t.Errorf("readyz: %d", status)
	}
	if status, _ := get(t, base+"/healthz", ""); status != http.StatusOK {
		t.Errorf("healthz: %d", status)
	}

	if pg, err = devstack.StartPostgres(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() bool {
		status, _ := get(t, base+"/readyz", "")
		return status == http.StatusOK
	})
	waitFor(t, func() bool {
		status, body := app.send(t, base, "ann", "after")
		return status == http.StatusCreated || strings.Contains(body, "already exists")
	})
	bob.waitFor(t, `"type":"message.new".*"id":"(after)"`)
	if status, _ := get(t, app.url(base, "/messages/meanwhile"), app.token("ann")); status != http.StatusNotFound {
		t.Errorf("a refused message: %d", status)
	}
}

// TestDrain sends SIGTERM to a node that has a socket and a request under way: the
// socket is closed so that the SDK comes again, the request is answered and kept.
func TestDrain(t *testing.T) {
	t.Parallel()
	environ := []string{"CHATD_DATABASE_URL=" + testdb.Isolated(t)}
	app := newFaultApp(t, environ[0])
	node, base := startNode(t, environ)
	app.room(t, base, "ann", "bob")
	bob := app.connect(t, base, "bob")

	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	body := `{"message":{"id":"late","text":"late"}}`
	u, err := url.Parse(app.url(base, channelPath+"/message"))
	if err != nil {
		t.Fatal(err)
	}
	// The answer to Expect tells that the node waits for the body.
	fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: chatd\r\nStream-Auth-Type: jwt\r\nAuthorization: %s\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n", u.RequestURI(), app.token("ann"), len(body))
	answers := bufio.NewReader(conn)
	if line, err := answers.ReadString('\n'); err != nil || !strings.Contains(line, "100 Continue") {
		t.Fatal(line, err)
	}
	node.signal(syscall.SIGTERM)
	if code := bob.closed(t); code == websocket.StatusNormalClosure || code < 0 {
		t.Errorf("the socket was closed with %d", code)
	}
	if _, err := fmt.Fprint(conn, body); err != nil {
		t.Fatal(err)
	}
	if _, err := answers.ReadString('\n'); err != nil { // the empty line after 100
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(answers, nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusCreated {
		t.Errorf("the request under way: %d", resp.StatusCode)
	}
	if err := node.wait(); err != nil {
		t.Errorf("the node's end: %v", err)
	}
	_, base = startNode(t, environ)
	if status, body := get(t, app.url(base, "/messages/late"), app.token("ann")); status != http.StatusOK {
		t.Errorf("%d %s", status, body)
	}
}

// startRedis starts a Redis that ends with the test, at an address if that is given.
func startRedis(t *testing.T, addr ...string) *devstack.Redis {
	t.Helper()
	if len(addr) == 0 {
		free, err := devstack.FreeAddr(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		addr = []string{free}
	}
	r, err := devstack.StartRedisAt(t.Context(), t.TempDir(), addr[0])
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Stop() })
	return r
}
