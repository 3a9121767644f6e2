package outbound_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"chatd/internal/outbound"
)

// only allows pages and hooks at 127.0.0.1, where test servers are, and at no other
// address that is not public.
func only() *outbound.Client {
	here := []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
	return outbound.New(outbound.Options{Pages: here, Hooks: here})
}

const most = 1 << 20

func TestRefusedAddresses(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	web := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { calls.Add(1) }))
	t.Cleanup(web.Close)
	port := web.URL[strings.LastIndexByte(web.URL, ':'):]
	c := outbound.New(outbound.Options{})
	for _, tt := range []struct {
		host string
		want error
	}{
		{"127.0.0.1" + port, outbound.ErrRefused},
		{"localhost" + port, outbound.ErrRefused},
		{"127.8.8.8", outbound.ErrRefused},
		{"0.0.0.0" + port, outbound.ErrRefused},
		{"[::]" + port, outbound.ErrRefused},
		{"[::1]" + port, outbound.ErrRefused},
		{"[::ffff:127.0.0.1]" + port, outbound.ErrRefused},
		{"[::ffff:7f00:1]" + port, outbound.ErrRefused},
		{"[::127.0.0.1]" + port, outbound.ErrRefused},
		{"[64:ff9b::7f00:1]" + port, outbound.ErrRefused},
		{"[64:ff9b:1::7f00:1]" + port, outbound.ErrRefused},
		{"[2002:7f00:1::]" + port, outbound.ErrRefused},
		{"[2001:0:7f00:1::]" + port, outbound.ErrRefused},
		{"10.0.0.1", outbound.ErrRefused},
		{"172.31.255.255", outbound.ErrRefused},
		{"192.168.1.1", outbound.ErrRefused},
		{"100.64.0.1", outbound.ErrRefused},
		{"198.18.0.1", outbound.ErrRefused},
		{"169.254.169.254", outbound.ErrRefused},
		{"100.100.100.200", outbound.ErrRefused},
		{"168.63.129.16", outbound.ErrRefused},
		{"192.0.0.192", outbound.ErrRefused},
		{"[fd00:ec2::254]", outbound.ErrRefused},
		{"[fe80::1]", outbound.ErrRefused},
		{"[fe80::1%25lo]", outbound.ErrRefused},
		{"[fec0::1]", outbound.ErrRefused},
		{"224.0.0.1", outbound.ErrRefused},
		{"[ff02::1]", outbound.ErrRefused},
		{"255.255.255.255", outbound.ErrRefused},
		{"2130706433" + port, outbound.ErrURL},
		{"0x7f000001" + port, outbound.ErrURL},
		{"0x7f.1" + port, outbound.ErrURL},
		{"0177.0.0.1" + port, outbound.ErrURL},
		{"127.1" + port, outbound.ErrURL},
		{"127.0.0.1." + port, outbound.ErrURL},
		{"017700000001" + port, outbound.ErrURL},
		{"user:secret@example.com", outbound.ErrURL},
		{"", outbound.ErrURL},
		{":80", outbound.ErrURL},
		{"example.com/" + strings.Repeat("x", 3000), outbound.ErrURL},
	} {
		t.Run(tt.host, func(t *testing.T) {
			t.Parallel()
			for _, scheme := range []string{"http", "https"} {
				if _, err := c.Get(t.Context(), scheme+"://"+tt.host, most); !errors.Is(err, tt.want) {
					t.Errorf("GET %s: %v, want %v", scheme, err, tt.want)
				}
				if _, err := c.Post(t.Context(), scheme+"://"+tt.host, nil, nil, most); !errors.Is(err, tt.want) {
					t.Errorf("POST %s: %v, want %v", scheme, err, tt.want)
				}
			}
		})
	}
	t.Cleanup(func() {
		if n := calls.Load(); n > 0 {
			t.Errorf("%d calls came through", n)
		}
	})
}

func TestRefusedURLs(t *testing.T) {
	t.Parallel()
	c := only()
	for _, link := range []string{
		"", "example.com", "//example.com", "ftp://example.com/x", "file:///etc/passwd", "gopher://127.0.0.1:6379/_x", "unix:///run/x.sock",
		"javascript:alert(1)", "http:127.0.0.1", "http://[::1", "http://a b/", "http://%zz/", "HTTP//x",
	} {
		if _, err := c.Get(t.Context(), link, most); !errors.Is(err, outbound.ErrURL) {
			t.Errorf("%q: %v", link, err)
		}
	}
}

// TestPorts looks only whether a port is refused: the addresses are for
// documentation and allowed here, or refused for what they are.
func TestPorts(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // nothing is dialled that is not refused first
	c := outbound.New(outbound.Options{})
	for _, port := range []string{"22", "25", "6379", "8080"} {
		link := "http://8.8.8.8:" + port + "/"
		if _, err := c.Get(t.Context(), link, most); !errors.Is(err, outbound.ErrRefused) {
			t.Errorf("GET at port %s: %v", port, err)
		}
		if _, err := c.Post(ctx, link, nil, nil, most); !errors.Is(err, context.Canceled) {
			t.Errorf("POST to port %s: %v", port, err)
		}
	}
}

func TestRedirects(t *testing.T) {
	t.Parallel()
	elsewhere := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { t.Errorf("called: %s", r.URL) }))
	elsewhere.Start()
	t.Cleanup(elsewhere.Close)
	port := elsewhere.URL[strings.LastIndexByte(elsewhere.URL, ':'):]
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Cookie") != "" || r.Header.Get("Referer") != "" {
			t.Errorf("%s: sent %v", r.URL, r.Header)
		}
		http.SetCookie(w, &http.Cookie{Name: "seen", Value: "yes"})
		if to := r.FormValue("to"); to != "" {
			http.Redirect(w, r, to, http.StatusFound)
			return
		}
		_, _ = io.WriteString(w, "here")
	}))
	t.Cleanup(web.Close)
	chain := func(n int) string {
		to := web.URL + "/end"
		for range n {
			to = web.URL + "/?to=" + url.QueryEscape(to)
		}
		return to
	}
	for name, tt := range map[string]struct {
		to   string
		want error
	}{
		"twice":         {chain(1), nil},
		"often":         {chain(4), nil},
		"too often":     {chain(6), outbound.ErrRefused},
		"relative":      {"/?to=" + url.QueryEscape("/"), nil},
		"other address": {"http://127.0.0.2" + port, outbound.ErrRefused},
		"localhost":     {"http://[::1]" + port, outbound.ErrRefused},
		"metadata":      {"http://169.254.169.254/latest/meta-data/", outbound.ErrRefused},
		"mapped":        {"http://[::ffff:169.254.169.254]/", outbound.ErrRefused},
		"number":        {"http://2852039166/", outbound.ErrURL},
		"file":          {"file:///etc/passwd", outbound.ErrURL},
		"user":          {"http://a:b@127.0.0.1" + port, outbound.ErrURL},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			link := web.URL + "/?to=" + url.QueryEscape(tt.to)
			resp, err := only().Get(t.Context(), link, most)
			if !errors.Is(err, tt.want) {
				t.Fatalf("%v, want %v", err, tt.want)
			}
			if err == nil && string(resp.Body) != "here" {
				t.Errorf("%d %s", resp.Status, resp.Body)
			}
			posted, err := only().Post(t.Context(), link, nil, nil, most)
			if err != nil || posted.Status != http.StatusFound || posted.OK() {
				t.Errorf("POST followed: %v, %v", posted, err)
			}
		})
	}
}

func TestProxyOfTheEnvironment(t *testing.T) {
	proxy := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { t.Errorf("asked for %s", r.URL) }))
	t.Cleanup(proxy.Close)
	t.Setenv("HTTP_PROXY", proxy.URL)
	t.Setenv("http_proxy", proxy.URL)
	if _, err := only().Get(t.Context(), "http://10.1.2.3/", most); !errors.Is(err, outbound.ErrRefused) {
		t.Error(err)
	}
}

// bomb is 64 MB of zeros, packed.
func bomb(tb testing.TB) []byte {
	tb.Helper()
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	if err != nil {
		tb.Fatal(err)
	}
	zeros := make([]byte, 1<<20)
	for range 64 {
		if _, err := z.Write(zeros); err != nil {
			tb.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// hostile answers in ways that are meant to hurt.
func hostile(tb testing.TB) string {
	tb.Helper()
	packed := bomb(tb)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/bomb":
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(packed)
		case "/declared":
			w.Header().Set("Content-Length", "10737418240")
			for line := bytes.Repeat([]byte("x"), 64<<10); ; {
				if _, err := w.Write(line); err != nil {
					return // hung up, as it should
				}
			}
		case "/slow":
			_, _ = io.WriteString(w, "<")
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		case "/silent":
			<-r.Context().Done()
		case "/headers":
			w.Header().Set("X-Long", strings.Repeat("x", 200<<10))
		case "/broken":
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = io.WriteString(w, "this is not gzip")
		case "/hangs-up":
			panic(http.ErrAbortHandler)
		case "/exact":
			_, _ = w.Write(make([]byte, most))
		}
	}))
	tb.Cleanup(web.Close)
	return web.URL
}

func TestHostileAnswers(t *testing.T) {
	t.Parallel()
	base, c := hostile(t), only()
	for _, tt := range []struct {
		path             string
		cutOff           bool
		getErr, postedAs error
	}{
		{"/bomb", true, nil, outbound.ErrTooBig},
		{"/declared", true, nil, outbound.ErrTooBig},
		{"/exact", false, nil, nil},
		{"/slow", false, context.DeadlineExceeded, context.DeadlineExceeded},
		{"/silent", false, context.DeadlineExceeded, context.DeadlineExceeded},
	} {
		t.Run(tt.path, func(t *testing.T) {
			t.Parallel()
			call := func(do func(context.Context) (*outbound.Response, error)) (*outbound.Response, error) {
				ctx, cancel := context.WithCancel(t.Context())
				if tt.getErr != nil {
					ctx, cancel = context.WithTimeout(t.Context(), 50*time.Millisecond)
				}
				defer cancel()
				return do(ctx)
			}
			resp, err := call(func(ctx context.Context) (*outbound.Response, error) { return c.Get(ctx, base+tt.path, most) })
			if !errors.Is(err, tt.getErr) {
				t.Fatalf("GET: %v, want %v", err, tt.getErr)
			}
			if err == nil && (len(resp.Body) != most || resp.Truncated != tt.cutOff || !resp.OK()) {
				t.Errorf("GET: %d, %d bytes, truncated: %v", resp.Status, len(resp.Body), resp.Truncated)
			}
			_, err = call(func(ctx context.Context) (*outbound.Response, error) {
				return c.Post(ctx, base+tt.path, nil, nil, most)
			})
			if !errors.Is(err, tt.postedAs) {
				t.Errorf("POST: %v, want %v", err, tt.postedAs)
			}
		})
	}
	for _, path := range []string{"/headers", "/broken", "/hangs-up"} {
		if resp, err := c.Get(t.Context(), base+path, most); err == nil {
			t.Errorf("%s: %d %q", path, resp.Status, resp.Body)
		}
	}
}

func TestGetAndPost(t *testing.T) {
	t.Parallel()
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.WriteHeader(http.StatusTeapot)
		_, _ = fmt.Fprintf(w, "%s %s %s %s %q %s", r.Method, r.URL, r.Header.Get("Content-Type"), r.UserAgent(), body, r.Header.Get("X-Signature"))
	}))
	t.Cleanup(web.Close)
	c := only()
	got, err := c.Get(t.Context(), web.URL+"/a?b=c#d", most)
	if err != nil {
		t.Fatal(err)
	}
	if want := `GET /a?b=c  chatd-link-preview facebookexternalhit/1.1 "" `; string(got.Body) != want || got.Status != http.StatusTeapot || got.OK() || got.URL.Path != "/a" {
		t.Errorf("%d %s\nwant %s", got.Status, got.Body, want)
	}
	posted, err := c.Post(t.Context(), web.URL+"/hook", http.Header{"x-signature": {"s"}}, []byte(`{"a":1}`), most)
	if err != nil {
		t.Fatal(err)
	}
	if want := `POST /hook application/json chatd "{\"a\":1}" s`; string(posted.Body) != want {
		t.Errorf("%s\nwant %s", posted.Body, want)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"http://example.com", "https://[::1]:80/", "http://0x7f.1", "http://user@host", "x:y", "http://ⓔxample.com", "http://127。0。0。1/"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		u, err := outbound.Parse(s)
		if err != nil {
			if !errors.Is(err, outbound.ErrURL) {
				t.Errorf("%q: %v", s, err)
			}
			return
		}
		if (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" || u.User != nil {
			t.Errorf("%q is %#v", s, u)
		}
	})
}

func TestAsk(t *testing.T) {
	t.Parallel()
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/elsewhere" {
			http.Redirect(w, r, "/", http.StatusFound)
			return
		}
		_, _ = fmt.Fprintf(w, "%s %s %s", r.Method, r.Header.Get("Accept"), r.Header.Get("User-Agent"))
	}))
	t.Cleanup(web.Close)
	got, err := only().Ask(t.Context(), web.URL, most)
	if err != nil || !got.OK() || string(got.Body) != "GET application/json chatd" {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := only().Ask(t.Context(), web.URL+"/elsewhere", most); err != nil || got.Status != http.StatusFound {
		t.Errorf("a redirect was followed: %+v, %v", got, err)
	}
	if _, err := only().Ask(t.Context(), web.URL, 3); !errors.Is(err, outbound.ErrTooBig) {
		t.Errorf("too long an answer: %v", err)
	}
	if _, err := outbound.New(outbound.Options{}).Ask(t.Context(), web.URL, most); !errors.Is(err, outbound.ErrRefused) {
		t.Errorf("inside: %v", err)
	}
}
