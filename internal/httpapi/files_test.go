package httpapi_test

import (
	"bytes"
	"fmt"
	"image"
	"net/url"
	"strings"
	"testing"

	"chatd/internal/testkit"
)

func TestFilesAreServed(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	ann := s.As("ann")
	text := link(t, ann.Upload("/uploads/file", file("notes.txt", []byte("0123456789"))))
	whole := fetch(t, "GET", text)
	for name, want := range map[string]string{
		"Content-Type": "text/plain", "Content-Disposition": "attachment; filename=notes.txt", "X-Content-Type-Options": "nosniff",
		"Accept-Ranges": "bytes", "Cross-Origin-Resource-Policy": "cross-origin", "Content-Length": "10",
	} {
		if got := whole.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if csp := whole.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "sandbox") || !strings.Contains(csp, "default-src 'none'") {
		t.Errorf("policy %q", csp)
	}
	if cc := whole.Header.Get("Cache-Control"); !strings.HasPrefix(cc, "private, max-age=1") || !strings.HasSuffix(cc, ", immutable") {
		t.Errorf("caching %q", cc)
	}
	tag := whole.Header.Get("Etag")
	for _, x := range []struct {
		name, method string
		headers      []string
		status       int
		body         string
	}{
		{"whole", "GET", nil, 200, "0123456789"},
		{"the head", "HEAD", nil, 200, ""},
		{"a range", "GET", []string{"Range", "bytes=2-4"}, 206, "234"},
		{"the end", "GET", []string{"Range", "bytes=-3"}, 206, "789"},
		{"beyond the end", "GET", []string{"Range", "bytes=50-"}, 416, "invalid range: failed to overlap\n"},
		{"many ranges", "GET", []string{"Range", "bytes=0-1,0-1,0-1"}, 200, "0123456789"},
		{"what one has", "GET", []string{"If-None-Match", tag}, 304, ""},
		{"a range of what one has", "GET", []string{"Range", "bytes=2-4", "If-Range", tag}, 206, "234"},
		{"a range of something else", "GET", []string{"Range", "bytes=2-4", "If-Range", `"x"`}, 200, "0123456789"},
	} {
		if got := fetch(t, x.method, text, x.headers...); got.Status != x.status || string(got.Body) != x.body {
			t.Errorf("%s: %d %q", x.name, got.Status, got.Body)
		}
	}
	if got := fetch(t, "GET", text, "Origin", "https://app.example.com").Header.Get("Access-Control-Allow-Origin"); got != "*" {
		t.Errorf("another origin may read it: %q", got)
	}
}

// TestNothingRuns checks that no browser shows what could run as this server's page.
func TestNothingRuns(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	for _, f := range []struct {
		part   testkit.Part
		mime   string
		inline bool
	}{
		{file("a.html", []byte("<!doctype html><script>alert(1)</script>")), "text/html", false},
		{testkit.Part{Name: "file", FileName: "a.png", Type: "image/png", Body: []byte("<html><script>alert(1)</script>")}, "text/html", false},
		{file("a.svg", []byte(drawing)), "image/svg+xml", false},
		{file("a.xml", []byte(`<?xml version="1.0"?><x/>`)), "text/xml", false},
		{file("a.js", []byte("alert(1)")), "text/javascript", false},
		{file("a.pdf", []byte("%PDF-1.7\n")), "application/pdf", false},
		{file("a.unknown", []byte("\x00\x01\x02\x03")), "application/octet-stream", false},
		{file("a.png", picture(1, 1)), "image/png", true},
		{file("a.mp3", []byte("ID3\x03\x00\x00\x00\x00\x00\x00")), "audio/mpeg", true},
	} {
		got := fetch(t, "GET", link(t, s.As("ann").Upload("/uploads/file", f.part)))
		h := got.Header
		if kind, _, _ := strings.Cut(h.Get("Content-Type"), ";"); kind != f.mime {
			t.Errorf("%s: type %s", f.part.FileName, h.Get("Content-Type"))
		}
		if strings.HasPrefix(h.Get("Content-Disposition"), "inline") != f.inline {
			t.Errorf("%s: disposition %s", f.part.FileName, h.Get("Content-Disposition"))
		}
		if h.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(h.Get("Content-Security-Policy"), "sandbox") {
			t.Errorf("%s: %v", f.part.FileName, h)
		}
	}
}

func TestLinksAreSigned(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	l := link(t, s.As("ann").Upload("/uploads/file", file("a.txt", []byte("x"))))
	change := func(edit func(q url.Values)) string {
		u, err := url.Parse(l)
		if err != nil {
			t.Fatal(err)
		}
		q := u.Query()
		edit(q)
		u.RawQuery = q.Encode()
		return u.String()
	}
	for name, x := range map[string]struct {
		link   string
		status int
	}{
		"as it was given":        {l, 200},
		"with another name":      {strings.Replace(l, "a.txt", "b.txt", 1), 200},
		"without a signature":    {bare(t, l), 403},
		"with a later end":       {change(func(q url.Values) { q.Set("Expires", "99999999999") }), 403},
		"with no end":            {change(func(q url.Values) { q.Del("Expires") }), 403},
		"with another signature": {change(func(q url.Values) { q.Set("Signature", strings.Repeat("A", 22)) }), 403},
		"of another app":         {strings.Replace(l, fmt.Sprintf("/files/%d/", s.App), fmt.Sprintf("/files/%d/", s.App+1), 1), 404},
		"of no app":              {strings.Replace(l, fmt.Sprintf("/files/%d/", s.App), "/files/x/", 1), 404},
		"of the key":             {s.URL + "/files/../link-key", 404},
	} {
		if got := fetch(t, "GET", x.link); got.Status != x.status {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
	}
	// The settings say how long links are good for.
	s.Server().Patch("/app", `{"cdn_expiration_seconds":14400}`).OK()
	short := fetch(t, "GET", link(t, s.As("ann").Upload("/uploads/file", file("a.txt", []byte("x")))))
	var age int
	if _, err := fmt.Sscanf(short.Header.Get("Cache-Control"), "private, max-age=%d", &age); err != nil || age > 14400 || age < 14400*7/8-5 {
		t.Errorf("%s, %v", short.Header.Get("Cache-Control"), err)
	}
}

func TestResize(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	ann := s.As("ann")
	png64 := link(t, ann.Upload("/uploads/image", file("a.png", picture(64, 32))))
	jpg := link(t, ann.Upload("/uploads/image", file("a.jpg", photo(64, 32))))
	svg := link(t, ann.Upload("/uploads/image", file("a.svg", []byte(drawing))))
	txt := link(t, ann.Upload("/uploads/file", file("a.txt", []byte("text"))))
	large := link(t, ann.Upload("/uploads/image", file("a.png", bomb(4100, 4100))))
	for _, x := range []struct {
		link, query string
		w, h        int
		format      string
	}{
		{png64, "w=32", 32, 16, "png"},
		{png64, "h=8", 16, 8, "png"},
		{png64, "w=32&h=32", 32, 16, "png"},
		{png64, "w=32&h=32&resize=clip", 32, 16, "png"},
		{png64, "w=32&h=32&resize=scale", 32, 32, "png"},
		{png64, "w=32&h=32&resize=fill", 32, 32, "png"},
		{png64, "w=32&h=32&resize=crop", 32, 32, "png"},
		{png64, "w=16.4&h=16.4&resize=crop&crop=left", 16, 16, "png"},
		{png64, "w=640", 64, 32, "png"},
		{png64, "w=128&resize=scale", 128, 64, "png"},
		{jpg, "w=32", 32, 16, "jpeg"},
		{png64, "", 64, 32, "png"},
	} {
		got := fetch(t, "GET", x.link+"&"+x.query)
		c, format, err := image.DecodeConfig(bytes.NewReader(got.Body))
		if err != nil || c.Width != x.w || c.Height != x.h || format != x.format || got.Header.Get("Content-Type") != "image/"+x.format {
			t.Errorf("%s: %s of %d x %d as %s, %v", x.query, format, c.Width, c.Height, got.Header.Get("Content-Type"), err)
		}
	}
	tags := map[string]bool{}
	for _, q := range []string{"", "w=32", "h=8", "w=32&h=32&resize=crop"} {
		tags[fetch(t, "GET", png64+"&"+q).Header.Get("Etag")] = true
	}
	if len(tags) != 4 {
		t.Errorf("sizes share tags: %v", tags)
	}
	for _, x := range []struct {
		link, query, body string
		status            int
	}{
		{svg, "w=32", drawing, 200},
		{txt, "w=32", "text", 200},
		{png64, "w=0", "w must be a number from 1 to 4096", 400},
		{png64, "h=5000", "h must be a number", 400},
		{png64, "w=NaN", "w must be a number", 400},
		{png64, "w=4000&h=4000", "must have 8000000 pixels or less", 400},
		{png64, "w=9&resize=fold", "resize must be one of", 400},
		{png64, "w=9&crop=up", "crop must be one of", 400},
		{large, "w=10", "images of more than 16800000 pixels cannot be resized", 400},
	} {
		if got := fetch(t, "GET", x.link+"&"+x.query); got.Status != x.status || !strings.Contains(string(got.Body), x.body) {
			t.Errorf("%s: %d %s", x.query, got.Status, got.Body)
		}
	}
}

func TestLinksInMessages(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := s.Channel("messaging", "room", "ann", "bob")
	ann, bob := s.As("ann"), s.As("bob")
	l := link(t, ann.Upload(path+"/image", file("a.png", picture(4, 2))))
	plain := bare(t, l)
	const foreign = "https://example.com/files/1/a.png?Expires=1&Signature=x"
	watcher := bob.Connect()
	watcher.Watch(path)
	signed := func(where string, v any) {
		t.Helper()
		got, _ := v.(string)
		if bare(t, got) != plain {
			t.Errorf("%s: %s", where, got)
		}
		if f := fetch(t, "GET", got); f.Status != 200 {
			t.Errorf("%s: %d %s", where, f.Status, f.Body)
		}
	}
	// Some clients escape all slashes; others send numbers of any length.
	attachments := fmt.Sprintf(`[{"type":"image","image_url":%q,"thumb_url":%q,"n":12345678901234567890},{"type":"image","image_url":%q,"text":%q}]`,
		l, plain, foreign, "see "+plain)
	sent := ann.Post(path+"/message", `{"message":{"id":"m1","text":"look","attachments":`+strings.ReplaceAll(attachments, "/", `\/`)+`}}`)
	signed("the answer", sent.OK().At("message.attachments.0.image_url"))
	signed("another field", sent.At("message.attachments.0.thumb_url"))
	sent.Want("message.attachments.1.image_url", fmt.Sprintf("%q", foreign)).Want("message.attachments.1.text", fmt.Sprintf("%q", "see "+plain))
	if !strings.Contains(string(sent.Body), `"n":12345678901234567890`) {
		t.Errorf("other fields: %s", sent.Body)
	}
	ev := watcher.Expect("message.new")
	signed("the event", ev.At("message.attachments.0.image_url"))
	signed("the message", bob.Get("/messages/m1").OK().At("message.attachments.0.image_url"))
	signed("the channel", bob.Post(path+"/query", `{"state":true}`).OK().At("messages.0.attachments.0.image_url"))

	// It is stored without a signature, so an edit by who has another one is none.
	stored, err := s.Store.App(s.App).Message(t.Context(), "m1")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(stored.Attachments), strings.SplitN(l, "Signature=", 2)[1]) || !strings.Contains(string(stored.Attachments), plain) {
		t.Errorf("stored: %s", stored.Attachments)
	}
	// Users and channels may have pictures, too.
	ann.Post("/users", fmt.Sprintf(`{"users":{"ann":{"id":"ann","image":%q}}}`, l)).OK()
	signed("a user", bob.Query("/users", map[string]any{"filter_conditions": map[string]any{"id": "ann"}}).OK().At("users.0.image"))
	ann.Patch(path, fmt.Sprintf(`{"set":{"image":%q}}`, l)).OK()
	signed("a channel", bob.Post(path+"/query", `{}`).OK().At("channel.image"))
	signed("a channel's event", watcher.Expect("channel.updated").At("channel.image"))
	own := ann.Connect()
	defer own.Close()
	if first, _ := fetchMe(t, s); bare(t, first) != plain {
		t.Errorf("the first frame: %s", first)
	}

	// Links of another app are nobody else's to sign.
	other := testkit.Start(t)
	room := other.Channel("messaging", "room", "eve")
	r := other.As("eve").Post(room+"/message", fmt.Sprintf(`{"message":{"text":"x","attachments":[{"image_url":%q}]}}`, plain))
	r.OK().Want("message.attachments.0.image_url", fmt.Sprintf("%q", plain))
}

// fetchMe is the picture of who connects, in the first frame of a long poll.
func fetchMe(t *testing.T, s *testkit.Server) (string, bool) {
	t.Helper()
	r := s.As("ann").Get("/longpoll?json=" + url.QueryEscape(`{"user_id":"ann","user_details":{"id":"ann"}}`)).OK()
	image, ok := r.At("event.me.image").(string)
	return image, ok
}

// TestFilesOfOneNodeAreThoseOfAll checks links and deletes across nodes.
func TestFilesOfOneNodeAreThoseOfAll(t *testing.T) {
	t.Parallel()
	nodes := testkit.Nodes(t, 2)
	l := link(t, nodes[0].As("ann").Upload("/uploads/image", file("a.png", picture(4, 2))))
	there := strings.Replace(l, nodes[0].URL, nodes[1].URL, 1)
	if got := fetch(t, "GET", there); got.Status != 200 || !bytes.Equal(got.Body, picture(4, 2)) {
		t.Errorf("on the other node: %d %s", got.Status, got.Body)
	}
	if got := fetch(t, "GET", there+"&w=2"); got.Status != 200 {
		t.Errorf("resized there: %d %s", got.Status, got.Body)
	}
	nodes[1].As("ann").Delete("/uploads/image?url=" + url.QueryEscape(l)).OK()
	for _, gone := range []string{l, there, there + "&w=2"} {
		if got := fetch(t, "GET", gone); got.Status != 404 {
			t.Errorf("after the delete: %d", got.Status)
		}
	}
}
