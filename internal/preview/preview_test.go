package preview_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"image"
	"image/gif"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"chatd/internal/outbound"
	"chatd/internal/preview"
)

// site serves pages by path.
type site map[string]page

type page struct {
	header string // content type
	body   string
	status int // 0: 200
}

func (s site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p, ok := s[r.URL.Path]
	if !ok {
		http.NotFound(w, r)
		return
	}
	if p.header == "none" {
		w.Header()["Content-Type"] = nil
	} else {
		w.Header().Set("Content-Type", p.header)
	}
	if p.status != 0 {
		if p.status/100 == 3 {
			w.Header().Set("Location", p.body)
		}
		w.WriteHeader(p.status)
	}
	_, _ = io.WriteString(w, p.body)
}

// start serves a site and returns its base and a service that may load it.
func start(t *testing.T, h http.Handler) (string, *preview.Service) {
	t.Helper()
	web := httptest.NewServer(h)
	t.Cleanup(web.Close)
	s := preview.New(outbound.New(outbound.Options{Pages: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}}))
	t.Cleanup(s.Close)
	return web.URL, s
}

func pngImage(tb testing.TB) string {
	tb.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 3, 2))); err != nil {
		tb.Fatal(err)
	}
	return b.String()
}

func gifImage(tb testing.TB) string {
	tb.Helper()
	var b bytes.Buffer
	if err := gif.Encode(&b, image.NewGray(image.Rect(0, 0, 3, 2)), nil); err != nil {
		tb.Fatal(err)
	}
	return b.String()
}

const html = "text/html; charset=utf-8"

func TestPages(t *testing.T) {
	t.Parallel()
	head := func(s string) page {
		return page{header: html, body: "<!doctype html><html><head>" + s + "</head><body>x</body></html>"}
	}
	pages := site{
		"/full": head(`<title>Plain</title><meta property="og:title" content="A &quot;title&quot;"><meta property="og:description" content="What
			it   is"><meta property="og:image" content="/a.png?x=1&amp;y=2"><meta property="og:image:width" content="600">
			<meta property="og:site_name" content="Site"><meta property="og:url" content="https://example.com/x"><meta property="og:title" content="second">`),
		"/video":        head(`<meta property="og:title" content="V"><meta property="og:image" content="http://i/t.jpg"><meta property="og:video" content="https://v/x.mp4"><meta property="og:video:secure_url" content="https://v/secure.mp4">`),
		"/audio":        head(`<meta property="og:title" content="S"><meta property="og:audio" content="/s.mp3">`),
		"/twitter":      head(`<meta name="twitter:title" content="TT"><meta name="twitter:description" content="TD"><meta name="twitter:image" content="//cdn.example.com/t.png">`),
		"/plain":        head(`<title> Plain &amp; simple </title><meta name="Description" content="words">`),
		"/base":         head(`<base href="https://static.example.com/dir/"><title>b</title><link rel="image_src" href="i.png">`),
		"/body":         {header: html, body: `<html><title>head</title><body><meta property="og:title" content="of a comment"><title>of a comment</title></body>`},
		"/no-body":      {header: html, body: `<title>head</title><p>words<meta property="og:title" content="of a comment">`},
		"/script":       head(`<script>"<meta property='og:title' content='no'>"</script><style><title>no</title></style><title>yes</title>`),
		"/comment":      head(`<!-- <title>no</title> --><title>yes</title>`),
		"/cut":          {header: html, body: `<title>yes</title><meta property="og:description" content="` + strings.Repeat("x", 600<<10)},
		"/unsafe":       head(`<title>t</title><meta property="og:image" content="javascript:alert(1)"><meta property="og:video" content="data:text/html,x"><meta property="og:url" content="https://user:pass@example.com/">`),
		"/control":      head("<title>a\x00b\u202ec\x07\nd</title>"),
		"/long":         head(`<title>` + strings.Repeat("ab ", 200) + `</title><meta property="og:image" content="https://x/` + strings.Repeat("y", 3000) + `">`),
		"/deep":         {header: html, body: "<title>t</title>" + strings.Repeat("<div>", 100_000)},
		"/deep-head":    {header: html, body: strings.Repeat("<template>", 40_000) + "<title>t</title>"},
		"/many":         {header: html, body: "<title>t</title>" + strings.Repeat(`<meta name="x" content="y">`, 15_000)},
		"/attributes":   {header: html, body: "<title>t</title><meta " + strings.Repeat("a=b ", 100_000) + ">"},
		"/moved":        {status: http.StatusFound, body: "/plain"},
		"/sniffed":      {header: "none", body: "<!doctype html><title>s</title>"},
		"/xhtml":        {header: "application/xhtml+xml", body: `<?xml version="1.0"?><html><head><title>x</title></head></html>`},
		"/windows-1251": {header: "text/html; charset=windows-1251", body: "<title>\xcf\xf0\xe8\xe2\xe5\xf2</title>"},
		"/latin1":       {header: "text/html", body: "<meta charset=iso-8859-1><title>caf\xe9</title>"},
		"/shift-jis":    {header: "text/html", body: `<meta http-equiv="Content-Type" content="text/html; charset=Shift_JIS"><title>` + "\x93\xfa\x96\x7b" + `</title>`},
		"/utf-16":       {header: "text/html", body: "\xff\xfe<\x00t\x00i\x00t\x00l\x00e\x00>\x00h\x00i\x00<\x00/\x00t\x00i\x00t\x00l\x00e\x00>\x00"},
		"/unknown":      {header: "text/html; charset=klingon", body: "<title>ok</title>"},
		"/invalid":      {header: html, body: "<title>a\xff\xfeb</title>"},
		"/a.png":        {header: "image/png", body: pngImage(t)},
		"/a.gif":        {header: "IMAGE/GIF; x=y", body: gifImage(t)},
		"/sniffed.png":  {header: "none", body: pngImage(t)},
	}
	base, s := start(t, pages)
	for path, want := range map[string]map[string]any{
		"/full": {
			"type": "image", "author_name": "Site", "author_link": "{}/", "title": `A "title"`, "text": "What it is", "title_link": "https://example.com/x",
			"image_url": "{}/a.png?x=1&y=2", "thumb_url": "{}/a.png?x=1&y=2",
		},
		"/video":        {"type": "video", "title": "V", "title_link": "{}/video", "image_url": "http://i/t.jpg", "thumb_url": "http://i/t.jpg", "asset_url": "https://v/secure.mp4"},
		"/audio":        {"type": "audio", "title": "S", "title_link": "{}/audio", "asset_url": "{}/s.mp3"},
		"/twitter":      {"type": "image", "title": "TT", "text": "TD", "title_link": "{}/twitter", "image_url": "http://cdn.example.com/t.png", "thumb_url": "http://cdn.example.com/t.png"},
		"/plain":        {"title": "Plain & simple", "text": "words", "title_link": "{}/plain"},
		"/base":         {"type": "image", "title": "b", "title_link": "{}/base", "image_url": "https://static.example.com/dir/i.png", "thumb_url": "https://static.example.com/dir/i.png"},
		"/body":         {"title": "head", "title_link": "{}/body"},
		"/no-body":      {"title": "head", "title_link": "{}/no-body"},
		"/script":       {"title": "yes", "title_link": "{}/script"},
		"/comment":      {"title": "yes", "title_link": "{}/comment"},
		"/cut":          {"title": "yes", "title_link": "{}/cut"},
		"/unsafe":       {"title": "t", "title_link": "{}/unsafe"},
		"/control":      {"title": "a\ufffdbc d", "title_link": "{}/control"},
		"/long":         {"title": strings.TrimSpace(strings.Repeat("ab ", 200)[:249]) + "…", "title_link": "{}/long"},
		"/deep":         {"title": "t", "title_link": "{}/deep"},
		"/deep-head":    {"title": "t", "title_link": "{}/deep-head"},
		"/many":         {"title": "t", "title_link": "{}/many"},
		"/attributes":   {"title": "t", "title_link": "{}/attributes"},
		"/moved":        {"title": "Plain & simple", "text": "words", "title_link": "{}/moved"},
		"/sniffed":      {"title": "s", "title_link": "{}/sniffed"},
		"/xhtml":        {"title": "x", "title_link": "{}/xhtml"},
		"/windows-1251": {"title": "Привет", "title_link": "{}/windows-1251"},
		"/latin1":       {"title": "café", "title_link": "{}/latin1"},
		"/shift-jis":    {"title": "日本", "title_link": "{}/shift-jis"},
		"/utf-16":       {"title": "hi", "title_link": "{}/utf-16"},
		"/unknown":      {"title": "ok", "title_link": "{}/unknown"},
		"/invalid":      {"title": "a\ufffd\ufffdb", "title_link": "{}/invalid"},
		"/a.png":        {"type": "image", "image_url": "{}/a.png", "thumb_url": "{}/a.png"},
		"/a.gif":        {"type": "image", "image_url": "{}/a.gif", "thumb_url": "{}/a.gif"},
		"/sniffed.png":  {"type": "image", "image_url": "{}/sniffed.png", "thumb_url": "{}/sniffed.png"},
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			for name, v := range want {
				want[name] = strings.ReplaceAll(v.(string), "{}", base)
			}
			want["og_scrape_url"] = base + path
			a, err := s.Preview(t.Context(), base+path)
			if err != nil {
				t.Fatal(err)
			}
			var got map[string]any
			if err := json.Unmarshal(a, &got); err != nil {
				t.Fatalf("%v: %s", err, a)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestPagesWithoutPreview(t *testing.T) {
	t.Parallel()
	base, s := start(t, site{
		"/empty":     {header: html, body: ""},
		"/nothing":   {header: html, body: "<html><body>words</body></html>"},
		"/blank":     {header: html, body: "<title> \n </title>"},
		"/pdf":       {header: "application/pdf", body: "%PDF-1.4"},
		"/json":      {header: "application/json", body: `{"title":"x"}`},
		"/text":      {header: "text/plain", body: "<title>x</title>"},
		"/no-image":  {header: "image/png", body: "<title>this is no image</title>"},
		"/cut.png":   {header: "image/png", body: pngImage(t)[:20]},
		"/svg":       {header: "image/svg+xml", body: `<svg xmlns="http://www.w3.org/2000/svg"/>`},
		"/bad-type":  {header: ";;;", body: "<title>x</title>"},
		"/error":     {header: html, body: "<title>Error</title>", status: http.StatusInternalServerError},
		"/forbidden": {header: html, body: "<title>Log in</title>", status: http.StatusForbidden},
		"/inside":    {status: http.StatusFound, body: "http://169.254.169.254/latest/meta-data/"},
		"/loopback":  {status: http.StatusFound, body: "http://[::1]/"},
	})
	for _, path := range []string{
		"/empty", "/nothing", "/blank", "/pdf", "/json", "/text", "/no-image", "/cut.png", "/svg", "/bad-type", "/error", "/forbidden", "/inside", "/loopback", "/missing",
	} {
		if a, err := s.Preview(t.Context(), base+path); !errors.Is(err, preview.ErrNone) || a != nil {
			t.Errorf("%s: %s, %v", path, a, err)
		}
	}
	for _, link := range []string{"http://10.0.0.1/", "http://localhost:1/", "https://127.0.0.1:1/", "ftp://x", ""} {
		if a, err := s.Preview(t.Context(), link); !errors.Is(err, preview.ErrNone) || a != nil {
			t.Errorf("%s: %s, %v", link, a, err)
		}
	}
	if a, err := preview.New(nil).Preview(t.Context(), base+"/pdf"); !errors.Is(err, preview.ErrNone) || a != nil {
		t.Errorf("switched off: %s, %v", a, err)
	}
}

// loader is a Pages that loads when it is told to.
type loader struct {
	calls atomic.Int64
	load  chan struct{}
	err   error
}

func (l *loader) Get(ctx context.Context, _ string, _ int) (*outbound.Response, error) {
	l.calls.Add(1)
	select {
	case <-l.load:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return &outbound.Response{Status: http.StatusOK, Header: http.Header{"Content-Type": {"text/html"}}, URL: &url.URL{Scheme: "http", Host: "x"}, Body: []byte("<title>t</title>")}, l.err
}

func TestLoadedOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &loader{load: make(chan struct{})}
		s := preview.New(l)
		defer s.Close()
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := s.Preview(short, "http://x/"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a slow page: %v", err)
		}
		answers := make(chan error, 10)
		for range cap(answers) {
			go func() {
				_, err := s.Preview(t.Context(), "http://x/")
				answers <- err
			}()
		}
		synctest.Wait()
		close(l.load)
		for range cap(answers) {
			if err := <-answers; err != nil {
				t.Error(err)
			}
		}
		if _, err := s.Preview(t.Context(), "http://x/"); err != nil || l.calls.Load() != 1 {
			t.Errorf("%v, loaded %d times", err, l.calls.Load())
		}
	})
}

func TestTooSlow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := preview.New(&loader{load: make(chan struct{})})
		defer s.Close()
		begin := time.Now()
		if _, err := s.Preview(t.Context(), "http://x/"); !errors.Is(err, preview.ErrNone) || time.Since(begin) > 10*time.Second {
			t.Errorf("%v after %v", err, time.Since(begin))
		}
	})
}

func TestTooMany(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &loader{load: make(chan struct{})}
		s := preview.New(l)
		asked := 0
		for n := range 100 {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if _, err := s.Preview(ctx, "http://x/"+strings.Repeat("x", n)); errors.Is(err, context.Canceled) {
				asked++
			}
		}
		synctest.Wait()
		if got := l.calls.Load(); got != int64(asked) || got == 0 || got == 100 {
			t.Errorf("%d loads, %d asked for", got, asked)
		}
		s.Close() // gives them up
		if _, err := s.Preview(t.Context(), "http://after/"); err == nil {
			t.Error("loaded after Close")
		}
	})
}

func FuzzPage(f *testing.F) {
	f.Add("<title>x</title>", "text/html")
	f.Add(`<meta property="og:image" content="//x"><base href=":">`, "text/html; charset=utf-16")
	f.Fuzz(func(t *testing.T, body, header string) {
		s := preview.New(fixed{body: body, header: header})
		defer s.Close()
		a, err := s.Preview(t.Context(), "http://example.com/a")
		if err == nil && !json.Valid(a) {
			t.Errorf("%s", a)
		}
	})
}

type fixed struct{ body, header string }

func (p fixed) Get(context.Context, string, int) (*outbound.Response, error) {
	u, err := outbound.Parse("http://example.com/a")
	return &outbound.Response{Status: http.StatusOK, Header: http.Header{"Content-Type": {p.header}}, URL: u, Body: []byte(p.body)}, err
}
