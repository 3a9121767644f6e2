package httpapi_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"chatd/internal/server"
	"chatd/internal/testkit"
)

// web is a server with pages to link to: /slow when it is released, /none without
// anything to show, every other path with its name as title.
type web struct {
	URL     string
	release func()

	mu   sync.Mutex
	seen map[string]int
}

func newWeb(t *testing.T) *web {
	t.Helper()
	w, slow := &web{seen: map[string]int{}}, make(chan struct{})
	site := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		w.seen[r.URL.Path]++
		w.mu.Unlock()
		rw.Header().Set("Content-Type", "text/html")
		switch r.URL.Path {
		case "/slow":
			select {
			case <-slow:
			case <-r.Context().Done():
				return
			}
		case "/none":
			return
		case "/inside":
			http.Redirect(rw, r, "http://169.254.169.254/", http.StatusFound)
			return
		case "/round":
			http.Redirect(rw, r, "/round", http.StatusFound)
			return
		case "/program":
			rw.Header().Set("Content-Type", "application/zip")
		case "/huge":
			rw.Header().Set("Content-Length", "10737418240")
			_, _ = io.WriteString(rw, "<title>huge</title>")
			for line := strings.Repeat("x", 64<<10); ; {
				if _, err := io.WriteString(rw, line); err != nil {
					return
				}
			}
		}
		_, _ = fmt.Fprintf(rw, `<head><title>%s</title><meta property="og:image" content="/i.png"><meta property="og:site_name" content="Site"></head>`, r.URL.Path)
	}))
	w.URL, w.release = site.URL, sync.OnceFunc(func() { close(slow) })
	t.Cleanup(func() {
		w.release()
		site.Close()
	})
	return w
}

// calls is how often a page was loaded.
func (w *web) calls(path string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.seen[path]
}

// shown is the attachment of a page, as JSON.
func (w *web) shown(path string) string {
	return fmt.Sprintf(`{"author_link":"%[1]s/","author_name":"Site","image_url":"%[1]s/i.png","og_scrape_url":"%[1]s%[2]s","thumb_url":"%[1]s/i.png","title":%[3]q,"title_link":"%[1]s%[2]s","type":"image"}`,
		w.URL, path, path)
}

func TestGetOG(t *testing.T) {
	t.Parallel()
	s, w := testkit.Start(t), newWeb(t)
	og := func(link string) string { return "/og?url=" + url.QueryEscape(link) }
	for _, who := range []string{"ann", ""} {
		exchangeAll(t, s, []exchange{
			{
				name: "a page", who: who, method: "GET", path: og(w.URL + "/a?b=c"),
				want: map[string]string{
					"title": `"/a"`, "type": `"image"`, "og_scrape_url": `"` + w.URL + `/a?b=c"`, "title_link": `"` + w.URL + `/a?b=c"`, "author_name": `"Site"`,
					"image_url": `"` + w.URL + `/i.png"`, "thumb_url": `"` + w.URL + `/i.png"`, "asset_url": "null",
				},
			},
			{name: "as long as it may be", who: who, method: "GET", path: og(w.URL + "/huge"), want: map[string]string{"title": `"huge"`}},
			{name: "nothing to show", who: who, method: "GET", path: og(w.URL + "/none"), status: 400, code: 4, message: `GetOG failed with error: "no preview can be made of ` + w.URL + `/none"`},
			{name: "no URL", who: who, method: "GET", path: "/og", status: 400, code: 4, message: "url is a required field"},
			{name: "no URL of the web", who: who, method: "GET", path: og("file:///etc/passwd"), status: 400, code: 4, message: "url must be a URL"},
			{name: "a number", who: who, method: "GET", path: og("http://2130706433/"), status: 400, code: 4, message: "url must be a URL"},
			{name: "a private address", who: who, method: "GET", path: og("http://10.0.0.1/"), status: 400, code: 4, message: "no preview can be made"},
			{name: "metadata of a cloud", who: who, method: "GET", path: og("http://169.254.169.254/latest/"), status: 400, code: 4, message: "no preview can be made"},
			{name: "another loopback address", who: who, method: "GET", path: og(strings.Replace(w.URL, "127.0.0.1", "[::1]", 1)), status: 400, code: 4, message: "no preview can be made"},
			{name: "redirects without an end", who: who, method: "GET", path: og(w.URL + "/round"), status: 400, code: 4, message: "no preview can be made"},
			{name: "no page", who: who, method: "GET", path: og(w.URL + "/program"), status: 400, code: 4, message: "no preview can be made"},
			{name: "a redirect inside", who: who, method: "GET", path: og(w.URL + "/inside"), status: 400, code: 4, message: "no preview can be made"},
		})
	}
	if n := w.calls("/a"); n != 1 {
		t.Errorf("loaded %d times", n)
	}
	if r := s.As("ann").Get(og(w.URL + "/a")).OK(); r.At("duration") == nil {
		t.Errorf("no duration: %s", r.Body)
	}
	s.Anonymous().Get(og(w.URL+"/a")).Fails(403, 17, "")
	s.As("ann").Get(og(w.URL+"/slow")).Fails(408, 23, "takes too long")
	w.release()
	s.As("ann").Get(og(w.URL+"/slow")).OK().Want("title", `"/slow"`)
}

func TestLinksAreShown(t *testing.T) {
	t.Parallel()
	s, w := testkit.Start(t), newWeb(t)
	path := s.Channel("messaging", "room", "ann", "bob")
	bob := s.As("bob").Connect()
	bob.Watch(path)
	to := path + "/message"
	text := func(id, text, more string) string {
		return fmt.Sprintf(`{"message":{"id":%q,"text":%q%s}}`, s.Key+id, text, more)
	}
	a := w.shown("/a")
	exchangeAll(t, s, []exchange{
		{name: "a link", who: "ann", method: "POST", path: to, body: text("1", "see "+w.URL+"/a and "+w.URL+"/b", ""), want: map[string]string{"message.attachments": "[" + a + "]"}},
		{name: "is stored", who: "bob", method: "GET", path: "/messages/" + s.Key + "1", want: map[string]string{"message.attachments": "[" + a + "]"}},
		{name: "markdown", who: "ann", method: "POST", path: to, body: text("2", "[see]("+w.URL+"/a?x=1&y=2)", ""), want: map[string]string{"message.attachments.0.og_scrape_url": `"` + w.URL + `/a?x=1&y=2"`}},
		{name: "code", who: "ann", method: "POST", path: to, body: text("3", "`"+w.URL+"/a`", ""), want: map[string]string{"message.attachments": "[]"}},
		{name: "not wanted", who: "ann", method: "POST", path: to, body: `{"skip_enrich_url":true,` + text("4", w.URL+"/a", "")[1:], want: map[string]string{"message.attachments": "[]"}},
		{
			name: "with others", who: "ann", method: "POST", path: to, body: text("5", w.URL+"/a", `,"attachments":[{"type":"x","n":1.50}]`),
			want: map[string]string{"message.attachments": `[{"n":1.5,"type":"x"},` + a + "]"},
		},
		{
			name: "shown already", who: "ann", method: "POST", path: to, body: text("6", w.URL+"/a", `,"attachments":[{"og_scrape_url":"`+w.URL+`/a","title":"mine"}]`),
			want: map[string]string{"message.attachments": `[{"og_scrape_url":"` + w.URL + `/a","title":"mine"}]`},
		},
		{name: "nothing to show", who: "ann", method: "POST", path: to, body: text("7", w.URL+"/none", ""), want: map[string]string{"message.attachments": "[]"}},
		{name: "leads inside", who: "ann", method: "POST", path: to, body: text("8", w.URL+"/inside http://10.0.0.1/", ""), want: map[string]string{"message.attachments": "[]"}},
		{name: "a reply", who: "ann", method: "POST", path: to, body: text("9", w.URL+"/a", `,"parent_id":"`+s.Key+`1"`), want: map[string]string{"message.attachments.0.title": `"/a"`}},
		{name: "server side", method: "POST", path: to, body: text("10", w.URL+"/a", `,"user_id":"ann"`), want: map[string]string{"message.attachments": "[" + a + "]"}},
	})
	bob.Expect("message.new").Want("message.attachments", "["+a+"]").Want("message.id", `"`+s.Key+`1"`)
	bob.Quiet("message.updated.none")
	if n := w.calls("/a"); n != 2 { // with and without a query
		t.Errorf("loaded %d times", n)
	}
}

func TestLinksInEdits(t *testing.T) {
	t.Parallel()
	s, w := testkit.Start(t), newWeb(t)
	path, m := s.Channel("messaging", "room", "ann", "bob"), "/messages/m"
	s.As("ann").Post(path+"/message", `{"message":{"id":"m","text":"hi","attachments":[{"type":"own"}]}}`).OK()
	bob := s.As("bob").Connect()
	bob.Watch(path)
	a, b := w.shown("/a"), w.shown("/b")
	set := func(text, more string) string { return fmt.Sprintf(`{"set":{"text":%q%s}}`, text, more) }
	all := func(text, more string) string { return fmt.Sprintf(`{"message":{"text":%q%s}}`, text, more) }
	exchangeAll(t, s, []exchange{
		{name: "a link comes", who: "ann", method: "PUT", path: m, body: set("see "+w.URL+"/a", ""), want: map[string]string{"message.attachments": `[{"type":"own"},` + a + `]`}},
		{name: "something else changes", who: "ann", method: "PUT", path: m, body: `{"set":{"color":"red"}}`, want: map[string]string{"message.attachments": `[{"type":"own"},` + a + `]`}},
		{name: "a pin", who: "bob", method: "PUT", path: m, body: `{"set":{"pinned":true}}`, want: map[string]string{"message.attachments": `[{"type":"own"},` + a + `]`}},
		{name: "another comes", who: "ann", method: "PUT", path: m, body: set("see "+w.URL+"/b", ""), want: map[string]string{"message.attachments": `[{"type":"own"},` + b + `]`}},
		{name: "it goes", who: "ann", method: "PUT", path: m, body: set("see", ""), want: map[string]string{"message.attachments": `[{"type":"own"}]`}},
		{name: "not wanted", who: "ann", method: "PUT", path: m, body: `{"skip_enrich_url":true,` + set("see "+w.URL+"/a", "")[1:], want: map[string]string{"message.attachments": `[{"type":"own"}]`}},
		{name: "all of it", who: "ann", method: "POST", path: m, body: all("now "+w.URL+"/a", ""), want: map[string]string{"message.attachments": `[` + a + `]`}},
		{name: "all of it, sent back", who: "ann", method: "POST", path: m, body: all("and now "+w.URL+"/a", `,"attachments":[`+a+`]`), want: map[string]string{"message.attachments": `[` + a + `]`}},
		{name: "all of it, sent back without", who: "ann", method: "POST", path: m, body: all("gone", `,"attachments":[`+a+`,{"type":"own"}]`), want: map[string]string{"message.attachments": `[{"type":"own"}]`}},
		{name: "all of it, not wanted", who: "ann", method: "POST", path: m, body: `{"skip_enrich_url":true,` + all(w.URL+"/a", "")[1:], want: map[string]string{"message.attachments": `[]`}},
		{name: "of another", who: "bob", method: "PUT", path: m, body: set(w.URL+"/secret", ""), status: 403, code: 17, message: "UpdateMessage"},
		{name: "not stored", method: "PATCH", path: m + "/ephemeral", body: set(w.URL+"/b", ""), want: map[string]string{"message.attachments": `[` + b + `]`}},
		{name: "was not stored", who: "bob", method: "GET", path: m, want: map[string]string{"message.attachments": `[]`}},
	})
	bob.Expect("message.updated").Want("message.attachments", `[{"type":"own"},`+a+`]`).Want("message_update.change_set.attachments", "true").Want("user.id", `"ann"`)
	if n := w.calls("/secret"); n != 0 {
		t.Error("loaded for who may not edit the message")
	}
}

func TestLinksWherePreviewsAreOff(t *testing.T) {
	t.Parallel()
	s, w := testkit.Start(t), newWeb(t)
	s.Server().Put("/channeltypes/messaging", `{"url_enrichment":false}`).OK()
	path := s.Channel("messaging", "room", "ann")
	body := `{"message":{"text":"` + w.URL + `/a"}}`
	id, _ := s.As("ann").Post(path+"/message", body).OK().Want("message.attachments", "[]").At("message.id").(string)
	s.As("ann").Put("/messages/"+id, `{"set":{"text":"now `+w.URL+`/a"}}`).OK().Want("message.attachments", "[]")
	s.Server().Put("/channeltypes/messaging", `{"url_enrichment":true,"grants":{"channel_member":["read-channel","create-message"],"user":["read-channel"]}}`).OK()
	s.As("ann").Post(path+"/message", body).Fails(403, 17, "AddLinks")
	if n := w.calls("/a"); n != 0 {
		t.Errorf("loaded %d times", n)
	}
	off := testkit.StartWith(t, func(o *server.Options) { o.DatabaseURL, o.Previews = testkit.Isolated(t), false }) // it does no jobs of the others
	path = off.Channel("messaging", "room", "ann")
	off.As("ann").Post(path+"/message", body).OK().Want("message.attachments", "[]")
	off.As("ann").Get("/og?url="+url.QueryEscape(w.URL)).Fails(400, 4, "switched off on this server")
}

func TestPreviewsThatFollow(t *testing.T) {
	t.Parallel()
	s, w := testkit.StartWith(t, func(o *server.Options) { o.DatabaseURL = testkit.Isolated(t) }), newWeb(t) // whose jobs only this server does
	path := s.Channel("messaging", "room", "ann", "bob")
	bob := s.As("bob").Connect()
	bob.Watch(path)
	begin := time.Now()
	r := s.As("ann").Post(path+"/message", `{"message":{"id":"slow","text":"`+w.URL+`/slow"}}`).OK().Want("message.attachments", "[]")
	if took := time.Since(begin); took > 3*time.Second {
		t.Errorf("a send waited for %v", took)
	}
	bob.Expect("message.new").Want("message.attachments", "[]")
	w.release()
	e := bob.Expect("message.updated").Want("message.id", `"slow"`).Want("message.attachments", "["+w.shown("/slow")+"]").Want("user.id", `"ann"`).Want("message.user.id", `"ann"`)
	if e.At("message.updated_at") == r.At("message.updated_at") {
		t.Errorf("not updated: %s", e.Body)
	}
	s.As("bob").Get("/messages/slow").OK().Want("message.attachments.0.title", `"/slow"`)

	s.Server().Patch("/app", `{"async_url_enrich_enabled":true}`).OK()
	s.As("ann").Post(path+"/message", `{"message":{"id":"later","text":"`+w.URL+`/a"}}`).OK().Want("message.attachments", "[]")
	bob.Expect("message.new").Want("message.attachments", "[]")
	bob.Expect("message.updated").Want("message.id", `"later"`).Want("message.attachments", "["+w.shown("/a")+"]")
	s.As("ann").Put("/messages/later", `{"set":{"text":"`+w.URL+`/b"}}`).OK().Want("message.attachments", "[]")
	edited, shown := bob.Expect("message.updated"), bob.Expect("message.updated")
	if edited.At("message.attachments.0") != nil { // the job began before the edit was told of
		edited, shown = shown, edited
	}
	edited.Want("message.text", `"`+w.URL+`/b"`).Want("message.attachments", "[]")
	shown.Want("message.text", `"`+w.URL+`/b"`).Want("message.attachments", "["+w.shown("/b")+"]")
	// What has lost its link, or is gone, stays as it is.
	s.As("ann").Post(path+"/message", `{"message":{"id":"none","text":"`+w.URL+`/none"}}`).OK()
	s.As("ann").Post(path+"/message", `{"message":{"id":"end","text":"`+w.URL+`/a"}}`).OK()
	bob.Expect("message.updated").Want("message.id", `"end"`)
	s.As("bob").Get("/messages/none").OK().Want("message.attachments", "[]")
}
