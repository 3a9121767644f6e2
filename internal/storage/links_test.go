package storage_test

import (
	"bytes"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	_ "gocloud.dev/blob/memblob"

	"chatd/internal/chat"
	"chatd/internal/storage"
)

const day = 24 * time.Hour

// linksAt are the links of a new storage at a time that the test sets.
func linksAt(tb testing.TB, now *time.Time) *storage.Links {
	tb.Helper()
	s, err := storage.Open(tb.Context(), "mem://")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = s.Close() })
	return s.Links("", func(chat.AppID) time.Duration { return 8 * day }, func() time.Time { return *now })
}

// check follows a link.
func check(l *storage.Links, link string) (storage.Ref, time.Time, error) {
	u, err := url.Parse(link)
	if err != nil {
		return storage.Ref{}, time.Time{}, err
	}
	p := strings.Split(u.Path[strings.Index(u.Path, storage.Root)+len(storage.Root):], "/")
	return l.Check(p[0], p[1], p[2], u.Query().Get("Expires"), u.Query().Get("Signature"))
}

func TestLinkLives(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	now := start
	l := linksAt(t, &now)
	ref := l.New(7, "ann")
	plain := l.URL("http://here", ref, "a.png", "ow=1")
	sign := func() string { return strings.Trim(string(l.Sign(7, []byte(`"`+plain+`"`))), `"`) }
	link := sign()
	if got, until, err := check(l, link); err != nil || got != ref || until.After(start.Add(8*day)) || until.Before(start.Add(7*day)) {
		t.Errorf("%s: %v until %v, %v", link, got, until, err)
	}
	now = start.Add(9 * day)
	if _, _, err := check(l, link); chat.KindOf(err) != chat.NotAllowed {
		t.Errorf("an expired link: %v", err)
	}
	if _, _, err := check(l, sign()); err != nil {
		t.Errorf("a fresh link: %v", err)
	}
	if _, _, err := check(linksAt(t, &now), sign()); chat.KindOf(err) != chat.NotFound {
		t.Errorf("another server's link: %v", err)
	}
	// A link is the same for a while, so that browsers know the picture again.
	same := map[string]bool{}
	for range 100 {
		now = now.Add(10 * time.Minute)
		same[sign()] = true
	}
	if len(same) > 2 {
		t.Errorf("%d links within %v", len(same), 100*10*time.Minute)
	}
}

func TestOwners(t *testing.T) {
	t.Parallel()
	now := time.Now()
	l := linksAt(t, &now)
	a, b, c, d := l.New(1, "ann"), l.New(1, "ann"), l.New(1, "bob"), l.New(2, "ann")
	if a.Owner != b.Owner || a.ID == b.ID || a.Owner == c.Owner || a.Owner == d.Owner {
		t.Errorf("%v %v %v %v", a, b, c, d)
	}
}

func TestNamesInLinks(t *testing.T) {
	t.Parallel()
	now := time.Now()
	l := linksAt(t, &now)
	ref := l.New(1, "ann")
	for name, want := range map[string]string{
		"photo.jpg": "photo.jpg", "../../etc/passwd": "passwd", `..\..\boot.ini`: "boot.ini", "..": "file", "": "file", "a b?c#d%/": "file",
		`"><script>.png`: "___script_.png", "日本.png": "______.png", strings.Repeat("x", 300) + ".png": strings.Repeat("x", 96) + ".png",
	} {
		got := l.URL("http://h", ref, name, "")
		if got != "http://h/files/"+ref.Key()+"/"+want {
			t.Errorf("%q: %s", name, got)
		}
		if back, ok := l.Parse(got); !ok || back != ref {
			t.Errorf("%q does not come back from %s", name, got)
		}
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	now := time.Now()
	l := linksAt(t, &now)
	ref := l.New(1, "ann")
	for link, want := range map[string]bool{
		"http://h/files/" + ref.Key() + "/a":                        true,
		"https://other/below/files/" + ref.Key() + "/a?Expires=1":   true,
		"/files/" + ref.Key() + "/a":                                true,
		"http://h/files/" + ref.Key():                               false,
		"http://h/files/" + ref.Key() + "/a/b":                      false,
		"http://h/files/2/" + ref.Owner + "/" + ref.ID + "/a":       false,
		"http://h/files/1/" + ref.Owner + "/" + ref.ID[:38] + "x/a": false,
		"http://h/file/" + ref.Key() + "/a":                         false,
		"http://h/%zz":                                              false,
		"":                                                          false,
	} {
		if got, ok := l.Parse(link); ok != want || ok && got != ref {
			t.Errorf("%q: %v %v", link, got, ok)
		}
	}
}

func TestSign(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	l := linksAt(t, &now)
	ref := l.New(1, "ann")
	plain := l.URL("https://h", ref, "a.png", "")
	signed := strings.Trim(string(l.Sign(1, []byte(`"`+plain+`"`))), `"`)
	stale := plain + "?Expires=1&Signature=x"
	forged := strings.Replace(plain, ref.ID, strings.Repeat("a", len(ref.ID)), 1)
	for name, x := range map[string]struct{ in, want string }{
		"alone":                 {`"` + plain + `"`, `"` + signed + `"`},
		"in an object":          {`{"a":"x","b":"` + plain + `","c":[]}`, `{"a":"x","b":"` + signed + `","c":[]}`},
		"twice":                 {`["` + plain + `","` + plain + `"]`, `["` + signed + `","` + signed + `"]`},
		"signed before":         {`["` + stale + `"]`, `["` + signed + `"]`},
		"with other parameters": {`["` + plain + `?w=1&Signature=x&h=2"]`, `["` + strings.Replace(signed, "?", "?w=1&h=2&", 1) + `"]`},
		"the name of a field":   {`{"` + plain + `":1}`, `{"` + plain + `":1}`},
		"within a text":         {`["see ` + plain + `"]`, `["see ` + plain + `"]`},
		"before a text":         {`["` + plain + ` see"]`, `["` + plain + ` see"]`},
		"in HTML":               {`["<a href=\"` + plain + `\">x</a>"]`, `["<a href=\"` + plain + `\">x</a>"]`},
		"after a backslash":     {`["\\","` + plain + `"]`, `["\\","` + signed + `"]`},
		"another scheme":        {`["ftp` + plain[5:] + `"]`, `["ftp` + plain[5:] + `"]`},
		"forged":                {`["` + forged + `","` + plain + `"]`, `["` + forged + `","` + signed + `"]`},
		"not to the end":        {`["https://h/files/1/x"]`, `["https://h/files/1/x"]`},
		"with a fragment":       {`["` + plain + `#x"]`, `["` + plain + `#x"]`},
		"cut off":               {`["` + plain, `["` + plain},
	} {
		in := []byte(x.in)
		if got := string(l.Sign(1, in)); got != x.want {
			t.Errorf("%s: %s\nwant %s", name, got, x.want)
		}
		if string(in) != x.in {
			t.Errorf("%s: the input was changed", name)
		}
		if got := string(l.Sign(2, []byte(x.in))); got != x.in {
			t.Errorf("%s, for another app: %s", name, got)
		}
	}
	l.Base = "https://new/chat"
	if got := string(l.Sign(1, []byte(`"`+plain+`"`))); !strings.HasPrefix(got, `"https://new/chat/files/1/`) {
		t.Errorf("with a base: %s", got)
	}
}

func TestUnsign(t *testing.T) {
	t.Parallel()
	now := time.Now()
	l := linksAt(t, &now)
	plain := l.URL("https://h", l.New(1, "ann"), "a.png", "")
	signed := strings.Trim(string(l.Sign(1, []byte(`"`+plain+`"`))), `"`)
	for name, x := range map[string]struct{ in, want string }{
		"plain":           {`{"a":"` + signed + `"}`, `{"a":"` + plain + `"}`},
		"escaped":         {`{"a":"` + strings.NewReplacer("/", `\/`, "&", `\u0026`).Replace(signed) + `"}`, `{"a":"` + plain + `"}`},
		"with a size":     {`["` + signed + `&w=10"]`, `["` + plain + `?w=10"]`},
		"foreign":         {`["https://example.com/files/1/a?Expires=1&Signature=x"]`, `["https://example.com/files/1/a?Expires=1&Signature=x"]`},
		"in a text":       {`["see ` + signed + `"]`, `["see ` + signed + `"]`},
		"beside the rest": {`{"a":1.50,"b":123456789012345678901,"c":"` + signed + `"}`, `{"a":1.50,"b":123456789012345678901,"c":"` + plain + `"}`},
		"broken":          {`{"a":"` + signed + `"`, `{"a":"` + signed + `"`},
		"with more":       {`{"a":"` + signed + `"} {}x`, `{"a":"` + signed + `"} {}x`},
		"no JSON":         {`Signature=`, `Signature=`},
	} {
		if got := strings.TrimSpace(string(l.Unsign([]byte(x.in)))); got != x.want {
			t.Errorf("%s: %s\nwant %s", name, got, x.want)
		}
	}
}

// FuzzSign checks that signing never panics, changes nothing but links, and that
// Unsign undoes it.
func FuzzSign(f *testing.F) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	l := linksAt(f, &now)
	plain := l.URL("https://h", l.New(1, "ann"), "a.png", "")
	for _, s := range []string{`""`, `"` + plain + `"`, `{"` + plain + `":"` + plain + `?Expires=1&Signature=2"}`, `["\"` + plain + `"]`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		signed := l.Sign(1, doc)
		if !bytes.Contains(doc, []byte("https://h/files/1/")) && !bytes.Contains(doc, []byte(storage.Root)) && !bytes.Equal(signed, doc) {
			t.Errorf("%q became %q", doc, signed)
		}
		if again := l.Sign(1, signed); !bytes.Equal(again, signed) {
			t.Errorf("%q is signed as %q, then as %q", doc, signed, again)
		}
		_ = l.Unsign(signed)
	})
}

// BenchmarkSign measures what signing costs an answer without links, and with them.
func BenchmarkSign(b *testing.B) {
	now := time.Now()
	l := linksAt(b, &now)
	link := l.URL("https://chat.example.com", l.New(1, "ann"), "photo.jpg", "oh=1&ow=1")
	for _, links := range []int{0, 1, 60} {
		doc := []byte(`[` + strings.Repeat(`{"text":"`+strings.Repeat("words ", 50)+`","html":"<p>x</p>"},`, 60))
		for range links {
			doc = append(doc, `{"image_url":"`+link+`"},`...)
		}
		doc = append(doc[:len(doc)-1], ']')
		b.Run(fmt.Sprintf("%dKB/%dlinks", len(doc)>>10, links), func(b *testing.B) {
			b.SetBytes(int64(len(doc)))
			b.ReportAllocs()
			for b.Loop() {
				l.Sign(1, doc)
			}
		})
	}
}
