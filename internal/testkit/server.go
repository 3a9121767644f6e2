package testkit

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	_ "gocloud.dev/blob/memblob" // mem://, for files that last as long as the test binary

	"chatd/internal/auth"
	"chatd/internal/chat"
	"chatd/internal/realtime"
	"chatd/internal/server"
	"chatd/internal/store"
	"chatd/internal/testkit/operations"
	"chatd/internal/testkit/testdb"
	"chatd/internal/wire"
)

// Server is a running chatd as one test sees it: an app of its own on a server
// that the test binary may share.
type Server struct {
	TB     testing.TB
	URL    string
	Key    string
	Secret string
	App    chat.AppID
	Store  *store.Store
	// Database is the URL of the database of Nodes.
	Database string

	node *server.Server
}

// Settle waits until the events of requests that were answered are on their way to the
// sockets of this node.
func (s *Server) Settle() {
	s.TB.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := s.node.Settle(ctx); err != nil {
		s.TB.Fatal(err)
	}
}

// shared is the binary's one server for tests that need nothing special.
var shared struct {
	once sync.Once
	url  string
	node *server.Server
	err  error
}

var apps atomic.Int64

// Start returns a new app on the binary's shared server.
func Start(tb testing.TB) *Server {
	tb.Helper()
	dsn := Database(tb)
	shared.once.Do(func() {
		if shared.node, shared.err = boot(context.Background(), dsn, func(*server.Options) {}); shared.err != nil {
			return
		}
		srv := shared.node
		go func() { _ = srv.Run(context.Background()) }() // lives as long as the test binary
		shared.url = httptest.NewServer(srv.Handler()).URL
		testdb.AtEnd(func() error { return recordOperations(shared.url) })
	})
	if shared.err != nil {
		tb.Fatal(shared.err)
	}
	return newApp(tb, shared.url, shared.node)
}

// StartWith returns an app on a server of the test's own, with other options than
// the shared one's.
func StartWith(tb testing.TB, change func(*server.Options)) *Server {
	tb.Helper()
	srv, url := start(tb, Database(tb), change)
	return newApp(tb, url, srv)
}

// start runs a server until the test ends.
func start(tb testing.TB, dsn string, change func(*server.Options)) (srv *server.Server, url string) {
	tb.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	srv, err := boot(ctx, dsn, change)
	if err != nil {
		cancel()
		tb.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := srv.Run(ctx); err != nil {
			tb.Error(err)
		}
	})
	web := httptest.NewServer(srv.Handler())
	tb.Cleanup(func() {
		if err := recordOperations(web.URL); err != nil {
			tb.Error(err)
		}
		cancel()
		wg.Wait()
		web.Close()
	})
	return srv, web.URL
}

// Nodes starts n servers of the test's own on a database and a bus that nobody else
// uses, so that jobs are theirs, with one app; they are shut down, and waited for, with the test.
func Nodes(tb testing.TB, n int) []*Server {
	tb.Helper()
	dsn, bus, files := Isolated(tb), realtime.NewMemoryBus(), tb.TempDir()
	var out []*Server
	for i := range n {
		srv, url := start(tb, dsn, func(o *server.Options) { o.Bus, o.Node, o.StorageURL = bus, fmt.Sprintf("node-%d", i+1), files })
		if i == 0 {
			out = append(out, newApp(tb, url, srv))
			out[0].Database = dsn
			continue
		}
		s := *out[0]
		s.URL, s.Store, s.node = url, srv.Store(), srv
		out = append(out, &s)
	}
	return out
}

// recordOperations notes what the server at base has answered, for the table of
// what works, if somebody wants that.
func recordOperations(base string) error {
	file := os.Getenv(operations.FileVariable)
	if file == "" {
		return nil
	}
	return operations.Record(context.Background(), base, file)
}

func boot(ctx context.Context, dsn string, change func(*server.Options)) (*server.Server, error) {
	here := []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")} // where the servers of tests are; nothing else that is not public
	o := server.Options{DatabaseURL: dsn, MaxConns: 8, StorageURL: "mem://", Previews: true, TranslateURL: server.Dictionary, PageNets: here, HookNets: here, Logger: slog.New(slog.DiscardHandler)}
	change(&o)
	return server.New(ctx, o)
}

func newApp(tb testing.TB, base string, node *server.Server) *Server {
	tb.Helper()
	n := apps.Add(1)
	key, secret := fmt.Sprintf("key%d_%d", n, time.Now().UnixNano()), fmt.Sprintf("secret-of-%d-that-is-long-enough-for-hmac", n)
	k, err := node.Store().CreateApp(context.Background(), fmt.Sprintf("app %d", n), key, secret)
	if err != nil {
		tb.Fatal(err)
	}
	return &Server{TB: tb, URL: base, Key: key, Secret: secret, App: k.AppID, Store: node.Store(), node: node}
}

// Send makes exactly this request, without any credentials but those it has.
func (s *Server) Send(method, pathAndQuery string, header http.Header, body string) *Response {
	s.TB.Helper()
	req, err := http.NewRequestWithContext(context.Background(), method, s.URL+pathAndQuery, strings.NewReader(body))
	if err != nil {
		s.TB.Fatal(err)
	}
	maps.Copy(req.Header, header)
	return s.Server().send(req)
}

// Client makes requests as somebody.
type Client struct {
	s     *Server
	ID    string // "" for the server side
	Token string
	// ConnID goes along as connection_id, once the client is connected.
	ConnID string
	anon   bool
}

// Server returns a client with a server's token.
func (s *Server) Server() *Client {
	return &Client{s: s, Token: s.Sign(auth.Claims{Server: true})}
}

// As returns a client with the token of a user, who is created if need be.
func (s *Server) As(id string) *Client {
	s.TB.Helper()
	s.Users(id)
	return s.WithToken(id, s.Sign(auth.Claims{UserID: id}))
}

// WithToken returns a client with any token.
func (s *Server) WithToken(id, token string) *Client { return &Client{s: s, ID: id, Token: token} }

// Anonymous returns a client without a token.
func (s *Server) Anonymous() *Client { return &Client{s: s, ID: "visitor", anon: true} }

// Sign makes a token of the app.
func (s *Server) Sign(c auth.Claims) string {
	s.TB.Helper()
	t, err := auth.Sign(s.Secret, c)
	if err != nil {
		s.TB.Fatal(err)
	}
	return t
}

// Users creates users by id, as far as they do not exist.
func (s *Server) Users(ids ...string) {
	s.TB.Helper()
	have, err := s.Store.App(s.App).Users(context.Background(), ids...)
	if err != nil {
		s.TB.Fatal(err)
	}
	users := map[string]any{}
	for _, id := range ids {
		if have[id] == nil {
			users[id] = map[string]any{"id": id, "name": id}
		}
	}
	if len(users) > 0 {
		s.Server().Post("/users", map[string]any{"users": users}).OK()
	}
}

// Channel creates a channel with members, the first of whom is its creator, and
// returns its path: "/channels/messaging/<id>".
func (s *Server) Channel(typ, id string, members ...string) string {
	s.TB.Helper()
	s.Users(members...)
	path := "/channels/" + typ + "/" + id
	s.Server().Post(path+"/query", map[string]any{"data": map[string]any{"created_by_id": members[0], "members": members}}).OK()
	return path
}

// Response is an answer.
type Response struct {
	tb     testing.TB
	what   string
	Status int
	Header http.Header
	Body   []byte
	// Uncompressed tells that the body came compressed.
	Uncompressed bool
}

// Do makes a request. body is a string of JSON, nil, or a value to encode.
func (c *Client) Do(method, path string, body any) *Response {
	c.s.TB.Helper()
	u, err := url.Parse(c.s.URL + path)
	if err != nil {
		c.s.TB.Fatal(err)
	}
	q := u.Query()
	q.Set("api_key", c.s.Key)
	if c.ConnID != "" && !q.Has("connection_id") {
		q.Set("connection_id", c.ConnID)
	}
	if c.anon {
		q.Set("user_id", c.ID)
	}
	u.RawQuery = q.Encode()
	req, err := http.NewRequestWithContext(context.Background(), method, u.String(), bytes.NewReader(c.encode(body)))
	if err != nil {
		c.s.TB.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	c.authorize(req.Header)
	return c.send(req)
}

func (c *Client) encode(body any) []byte {
	c.s.TB.Helper()
	switch b := body.(type) {
	case nil:
		return nil
	case string:
		return []byte(b)
	default:
		out, err := wire.Marshal(b)
		if err != nil {
			c.s.TB.Fatal(err)
		}
		return out
	}
}

func (c *Client) authorize(h http.Header) {
	if c.anon {
		h.Set("Stream-Auth-Type", "anonymous")
		return
	}
	h.Set("Stream-Auth-Type", "jwt")
	h.Set("Authorization", c.Token)
}

func (c *Client) send(req *http.Request) *Response {
	c.s.TB.Helper()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		c.s.TB.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		c.s.TB.Fatal(err)
	}
	return &Response{tb: c.s.TB, what: req.Method + " " + req.URL.Path, Status: resp.StatusCode, Header: resp.Header, Body: b, Uncompressed: resp.Uncompressed}
}

// Get makes a GET request.
func (c *Client) Get(path string) *Response { c.s.TB.Helper(); return c.Do(http.MethodGet, path, nil) }

// Post makes a POST request.
func (c *Client) Post(path string, body any) *Response {
	c.s.TB.Helper()
	return c.Do(http.MethodPost, path, body)
}

// Put makes a PUT request.
func (c *Client) Put(path string, body any) *Response {
	c.s.TB.Helper()
	return c.Do(http.MethodPut, path, body)
}

// Patch makes a PATCH request.
func (c *Client) Patch(path string, body any) *Response {
	c.s.TB.Helper()
	return c.Do(http.MethodPatch, path, body)
}

// Delete makes a DELETE request.
func (c *Client) Delete(path string) *Response {
	c.s.TB.Helper()
	return c.Do(http.MethodDelete, path, nil)
}

// Query makes a GET request with payload as its JSON document.
func (c *Client) Query(path string, payload any) *Response {
	c.s.TB.Helper()
	return c.Get(path + "?payload=" + url.QueryEscape(string(c.encode(payload))))
}

// OK fails the test unless the request succeeded.
func (r *Response) OK() *Response {
	r.tb.Helper()
	if r.Status >= http.StatusBadRequest {
		r.tb.Fatalf("%s: %d %s", r.what, r.Status, r.Body)
	}
	return r
}

// Fails fails the test unless the request was refused in the API's form with this
// status and code, and a message that contains text.
func (r *Response) Fails(status, code int, text string) *Response {
	r.tb.Helper()
	var e struct {
		Code       int    `json:"code"`
		Message    string `json:"message"`
		StatusCode int    `json:"StatusCode"`
	}
	if err := wire.Unmarshal(r.Body, &e); err != nil {
		r.tb.Fatalf("%s: %v: %s", r.what, err, r.Body)
	}
	if r.Status != status || e.StatusCode != status || e.Code != code || !strings.Contains(e.Message, text) {
		r.tb.Fatalf("%s: %d %s\nwant status %d, code %d and %q", r.what, r.Status, r.Body, status, code, text)
	}
	return r
}

// At returns the value at a path like "message.user.id" or "channels.0.cid"; nil
// when there is none.
func (r *Response) At(path string) any { r.tb.Helper(); return at(r.tb, r.Body, path) }

// Want fails the test unless the value at path, in JSON, is want.
func (r *Response) Want(path, want string) *Response {
	r.tb.Helper()
	if got := jsonOf(r.tb, r.At(path)); got != want {
		r.tb.Fatalf("%s: %s = %s, want %s\n%s", r.what, path, got, want, r.Body)
	}
	return r
}
