package outbound

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"
)

// Options say which networks may be called beside public addresses.
type Options struct {
	Pages []netip.Prefix // where pages may lie that users link to
	Hooks []netip.Prefix // where hooks and services of administrators may be
}

// The bounds of every call; callers set narrower ones by their context.
const (
	maxTime      = 15 * time.Second
	dialTime     = 5 * time.Second
	maxHeader    = 64 << 10 // bytes
	maxRedirects = 5
	idlePages    = 10 * time.Second // how long a connection waits for another request
	idleHooks    = 90 * time.Second
	idlePerHost  = 16
	maxIdle      = 256
)

// How chatd calls itself. Many sites have a preview only for those whose name they
// know.
const (
	agent      = "chatd"
	pagesAgent = "chatd-link-preview facebookexternalhit/1.1"
)

// Client makes the calls.
type Client struct {
	pages, hooks *http.Client
}

// New returns a client.
func New(o Options) *Client {
	return &Client{
		pages: &http.Client{Timeout: maxTime, Transport: transport(newGuard(o.Pages, 80, 443), idlePages), CheckRedirect: redirect},
		hooks: &http.Client{
			Timeout: maxTime, Transport: transport(newGuard(o.Hooks), idleHooks),
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// transport asks the guard about each address that it dials.
func transport(g *guard, idle time.Duration) *http.Transport {
	d := &net.Dialer{Timeout: dialTime, Control: g.control}
	return &http.Transport{
		DialContext: d.DialContext, ForceAttemptHTTP2: true, TLSHandshakeTimeout: dialTime, MaxResponseHeaderBytes: maxHeader,
		IdleConnTimeout: idle, MaxIdleConns: maxIdle, MaxIdleConnsPerHost: idlePerHost,
	}
}

// redirect allows a page's next redirect.
func redirect(req *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects {
		return fmt.Errorf("%w: more than %d redirects", ErrRefused, maxRedirects)
	}
	req.Header.Del("Referer") // where a user found a link is nobody's business
	return check(req.URL)
}

// Response is an answer of any status.
type Response struct {
	Status    int
	Header    http.Header
	URL       *url.URL // where it came from: after redirects another than was asked for
	Body      []byte
	Truncated bool // there was more of the body
}

// OK tells whether the status says that all is well.
func (r *Response) OK() bool { return r.Status >= 200 && r.Status < 300 }

// Get loads a page that a user linked to: its first bytes, at most as many as most,
// uncompressed.
func (c *Client) Get(ctx context.Context, link string, most int) (*Response, error) {
	req, err := request(ctx, http.MethodGet, link, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", pagesAgent)
	req.Header.Set("Accept", "text/html,application/xhtml+xml,image/*;q=0.9,*/*;q=0.5")
	req.Header.Set("Accept-Language", "en;q=0.8,*;q=0.5")
	return do(c.pages, req, most)
}

// Post sends a body, JSON unless the header says otherwise, to where an
// administrator wants it, and returns the answer. ErrTooBig when that has more bytes
// than most.
func (c *Client) Post(ctx context.Context, to string, header http.Header, body []byte, most int) (*Response, error) {
	req, err := request(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", agent)
	req.Header.Set("Content-Type", "application/json")
	for name, values := range header {
		req.Header[http.CanonicalHeaderKey(name)] = values
	}
	return c.whole(req, most)
}

// Ask gets a document of a service that an administrator named, and returns the
// answer; ErrTooBig as of Post.
func (c *Client) Ask(ctx context.Context, link string, most int) (*Response, error) {
	req, err := request(ctx, http.MethodGet, link, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", agent)
	req.Header.Set("Accept", "application/json")
	return c.whole(req, most)
}

// whole makes a request under the rules of hooks, whose answer must be whole.
func (c *Client) whole(req *http.Request, most int) (*Response, error) {
	resp, err := do(c.hooks, req, most)
	if err == nil && resp.Truncated {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrTooBig, most)
	}
	return resp, err
}

func request(ctx context.Context, method, to string, body io.Reader) (*http.Request, error) {
	u, err := Parse(to)
	if err != nil {
		return nil, err
	}
	return http.NewRequestWithContext(ctx, method, u.String(), body)
}

// do makes the request and reads the answer. Only as much is uncompressed as is
// read, so a small answer cannot become a big one.
func do(c *http.Client, req *http.Request, most int) (*Response, error) {
	resp, err := c.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }() // what is left of it is not read: the connection is given up
	body, err := io.ReadAll(io.LimitReader(resp.Body, int64(most)+1))
	if err != nil {
		return nil, err
	}
	r := &Response{Status: resp.StatusCode, Header: resp.Header, URL: resp.Request.URL, Body: body}
	if len(body) > most {
		r.Body, r.Truncated = body[:most], true
	}
	return r, nil
}
