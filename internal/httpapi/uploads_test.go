package httpapi_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"chatd/internal/testkit"
)

// picture is a PNG of w by h pixels, red in its left half and blue in its right.
func picture(w, h int) []byte { return pictureAs(png.Encode, w, h) }

func photo(w, h int) []byte {
	return pictureAs(func(b io.Writer, m image.Image) error { return jpeg.Encode(b, m, nil) }, w, h)
}

func pictureAs(encode func(io.Writer, image.Image) error, w, h int) []byte {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.RGBA{R: 255, A: 255}
			if x >= w/2 {
				c = color.RGBA{B: 255, A: 255}
			}
			m.SetRGBA(x, y, c)
		}
	}
	var b bytes.Buffer
	if err := encode(&b, m); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// bomb is a PNG that says it has w by h pixels and has none.
func bomb(w, h uint32) []byte {
	b := []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d")
	head := append([]byte("IHDR"), make([]byte, 8)...)
	binary.BigEndian.PutUint32(head[4:], w)
	binary.BigEndian.PutUint32(head[8:], h)
	head = append(head, 8, 6, 0, 0, 0)
	b = append(b, head...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(head))
}

func file(name string, body []byte) testkit.Part {
	return testkit.Part{Name: "file", FileName: name, Body: body}
}

func field(name, value string) testkit.Part {
	return testkit.Part{Name: name, Body: []byte(value)}
}

const drawing = `<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9" fill="url(#a)"/></svg>`

// fetched is what a browser gets.
type fetched struct {
	Status int
	Header http.Header
	Body   []byte
}

// fetch gets a link as a browser does, without a token.
func fetch(t *testing.T, method, link string, headers ...string) fetched {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, link, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return fetched{resp.StatusCode, resp.Header, body}
}

// link is the file of an answer.
func link(t *testing.T, r *testkit.Response) string {
	t.Helper()
	s, _ := r.OK().At("file").(string)
	if s == "" {
		t.Fatalf("no file: %s", r.Body)
	}
	return s
}

// bare is a link without its signature.
func bare(t *testing.T, link string) string {
	t.Helper()
	u, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	if q.Get("Expires") == "" || q.Get("Signature") == "" {
		t.Errorf("%s is not signed", link)
	}
	q.Del("Expires")
	q.Del("Signature")
	u.RawQuery = q.Encode()
	return u.String()
}

func TestUpload(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := s.Channel("messaging", "room", "ann", "bob")
	s.Users("dan")
	s.Server().Post("/channeltypes", `{"name":"quiet","uploads":false}`).OK()
	quiet := s.Channel("quiet", "room", "ann")
	hello, art := file("hello.txt", []byte("hello")), file("art.png", picture(4, 2))
	user := field("user", `{"id":"ann","name":"ignored","created_at":"x"}`)
	for _, x := range []struct {
		name, who, path string
		parts           []testkit.Part
		status, code    int
		message         string
	}{
		{"a member", "ann", path + "/file", []testkit.Part{hello}, 0, 0, ""},
		{"an image", "bob", path + "/image", []testkit.Part{art}, 0, 0, ""},
		{"for a user, named after the file", "", path + "/file", []testkit.Part{hello, user}, 0, 0, ""},
		{"for a user, named before", "", path + "/image", []testkit.Part{user, art}, 0, 0, ""},
		{"for a user by his id", "", path + "/file", []testkit.Part{field("user_id", "bob"), hello}, 0, 0, ""},
		{"for nobody", "", path + "/file", []testkit.Part{hello}, 400, 4, "either user or user_id must be provided when using server side auth."},
		{"for somebody without an id", "", path + "/file", []testkit.Part{hello, field("user", `{}`)}, 400, 4, "user.id is a required field"},
		{"a user that is no object", "", path + "/file", []testkit.Part{hello, field("user", `7`)}, 400, 4, "user must be a JSON object"},
		{"for two", "", path + "/file", []testkit.Part{hello, user, field("user_id", "bob")}, 400, 4, "cannot set both user and user_id."},
		{"no member", "dan", path + "/file", []testkit.Part{hello}, 403, 17, "is not allowed to perform action UploadAttachment in scope 'messaging'"},
		{"a visitor", "anonymous", path + "/file", []testkit.Part{hello}, 403, 17, "not available to anonymous users"},
		{"no channel", "ann", "/channels/messaging/none/file", []testkit.Part{hello}, 404, 16, ""},
		{"a type without uploads", "ann", quiet + "/file", []testkit.Part{hello}, 400, 19, "does not support uploads"},
		{"a type without uploads, on the server", "", quiet + "/image", []testkit.Part{art, user}, 400, 19, "does not support uploads"},
		{"standalone", "dan", "/uploads/file", []testkit.Part{hello}, 0, 0, ""},
		{"an avatar", "dan", "/uploads/image", []testkit.Part{art}, 0, 0, ""},
		{"standalone for nobody", "", "/uploads/file", []testkit.Part{hello}, 0, 0, ""},
		{"sizes", "ann", path + "/image", []testkit.Part{art, field("upload_sizes", `[{"width":100,"height":100,"resize":"crop","crop":"top"}]`)}, 0, 0, ""},
		{"sizes that are none", "ann", path + "/image", []testkit.Part{art, field("upload_sizes", `[`)}, 400, 4, "upload_sizes"},
		{"sizes of the wrong type", "ann", path + "/image", []testkit.Part{art, field("upload_sizes", `{}`)}, 400, 4, "upload_sizes"},
		{"a way to resize that there is not", "ann", path + "/image", []testkit.Part{art, field("upload_sizes", `[{"resize":"fold"}]`)}, 400, 4, "upload_sizes.resize must be one of [clip crop scale fill]"},
		{"an enormous size", "ann", path + "/image", []testkit.Part{art, field("upload_sizes", `[{"width":99999}]`)}, 400, 4, "upload_sizes.width"},
		{"no file", "ann", path + "/file", []testkit.Part{user}, 400, 4, "file is a required field"},
		{"a file by another name", "ann", path + "/file", []testkit.Part{{Name: "upload", FileName: "a.txt", Body: []byte("x")}}, 400, 4, "file is a required field"},
		{"two files", "ann", path + "/file", []testkit.Part{hello, hello}, 400, 4, "only one file"},
		{"many parts", "ann", path + "/file", append(make([]testkit.Part, 40), hello), 400, 4, "more than 16 parts"},
		{"a huge field", "ann", path + "/file", []testkit.Part{field("user", strings.Repeat("x", 20_000)), hello}, 400, 4, "must be 16384 bytes or less"},
		{"text as an image", "ann", path + "/image", []testkit.Part{file("a.txt", []byte("hello"))}, 400, 4, "File type text/plain is not supported"},
		{"text as a drawing", "ann", path + "/image", []testkit.Part{file("a.svg", []byte("hello"))}, 400, 4, "File type image/svg+xml is not supported"},
		{"a program as an image", "ann", path + "/image", []testkit.Part{file("a.png", []byte("\x7fELF\x02\x01\x01"+strings.Repeat("\x00", 60)))}, 400, 4, "is not supported"},
		{"a page as an image", "ann", path + "/image", []testkit.Part{{Name: "file", FileName: "a.png", Type: "image/png", Body: []byte("<!doctype html><script>alert(1)</script>")}}, 400, 4, "File type text/html is not supported"},
		{"a zip as an image", "ann", path + "/image", []testkit.Part{file("a.png", []byte("PK\x03\x04"+strings.Repeat("\x00", 60)))}, 400, 4, "is not supported"},
		{"a broken image", "ann", path + "/image", []testkit.Part{file("a.png", picture(4, 4)[:20])}, 400, 4, "File is damaged or not an image"},
		{"a bomb", "ann", path + "/image", []testkit.Part{file("a.png", bomb(50_000, 50_000))}, 400, 4, "File has too many pixels: 50000 x 50000"},
		{"a drawing", "ann", path + "/image", []testkit.Part{file("a.svg", []byte(drawing))}, 0, 0, ""},
		{"a drawing with a script", "ann", path + "/image", []testkit.Part{file("a.svg", []byte(strings.Replace(drawing, "<rect", "<script>alert(1)</script><rect", 1)))}, 400, 4, "File contains scripts"},
		{"any file", "ann", path + "/file", []testkit.Part{file("a.html", []byte("<script>alert(1)</script>"))}, 0, 0, ""},
	} {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			c := s.Server()
			switch x.who {
			case "":
			case "anonymous":
				c = s.Anonymous()
			default:
				c = s.As(x.who)
			}
			r := c.Upload(x.path, x.parts...)
			if x.status != 0 {
				r.Fails(x.status, x.code, x.message)
				return
			}
			if got := fetch(t, "GET", link(t, r)); got.Status != 200 || len(got.Body) == 0 {
				t.Errorf("%s: %d %s", r.At("file"), got.Status, got.Body)
			}
			if r.Status != 201 || r.At("duration") == nil {
				t.Errorf("%d %s", r.Status, r.Body)
			}
		})
	}
}

func TestUploadAnswers(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := s.Channel("messaging", "room", "ann")
	r := s.As("ann").Upload(path+"/image", file("../../etc/Ünï code.png", picture(4, 2)), field("upload_sizes", `[{"width":2,"resize":"scale"},{"height":9,"crop":"left"}]`))
	r.OK().Want("upload_sizes", `[{"resize":"scale","width":2},{"crop":"left","height":9}]`)
	u, err := url.Parse(link(t, r))
	if err != nil {
		t.Fatal(err)
	}
	if q := u.Query(); q.Get("ow") != "4" || q.Get("oh") != "2" || q.Get("Expires") == "" || q.Get("Signature") == "" {
		t.Errorf("link: %s", u)
	}
	if !strings.HasPrefix(u.String(), fmt.Sprintf("%s/files/%d/", s.URL, s.App)) || strings.Contains(u.Path, "..") || !strings.HasSuffix(u.Path, "code.png") {
		t.Errorf("link: %s", u)
	}
	got := fetch(t, "GET", u.String())
	if !bytes.Equal(got.Body, picture(4, 2)) || got.Header.Get("Content-Type") != "image/png" {
		t.Errorf("%d bytes of %s", len(got.Body), got.Header.Get("Content-Type"))
	}
	if got := got.Header.Get("Content-Disposition"); got != `inline; filename*=utf-8''%C3%9Cn%C3%AF%20code.png` {
		t.Errorf("disposition: %s", got)
	}
}

func TestUploadBodies(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	ann := s.As("ann")
	body, kind := testkit.Form(file("a.txt", bytes.Repeat([]byte("x"), 5000)))
	send := func(contentType string, length int64, body io.Reader) *testkit.Response {
		return ann.UploadRaw("/uploads/file", contentType, length, body)
	}
	send(kind, -1, bytes.NewReader(body)).OK()
	send("application/json", int64(len(body)), bytes.NewReader(body)).Fails(400, 4, "Content-Type must be multipart/form-data")
	send("", int64(len(body)), bytes.NewReader(body)).Fails(400, 4, "Content-Type must be multipart/form-data")
	send("multipart/form-data", int64(len(body)), bytes.NewReader(body)).Fails(400, 4, "is not a form")
	send(kind, 400, bytes.NewReader(body[:400])).Fails(400, 4, "may have been cut off")
	send(kind, -1, bytes.NewReader(body[:3000])).Fails(400, 4, "may have been cut off")
	send(kind, 0, http.NoBody).Fails(400, 4, "file is a required field")
	send(kind, -1, strings.NewReader(strings.Repeat("y", 9000))).Fails(400, 4, "may have been cut off")
	ann.Post("/uploads/file", `{"file":"x"}`).Fails(400, 4, "multipart/form-data")
}

func TestUploadSize(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	head := "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.bin\"\r\n\r\n"
	// Ten gigabytes are refused before they are sent.
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/uploads/file?api_key="+s.Key, io.MultiReader(strings.NewReader(head), neverEnding{}))
	if err != nil {
		t.Fatal(err)
	}
	req.ContentLength = 10 << 30
	req.Header.Set("Content-Type", "multipart/form-data; boundary=b")
	req.Header.Set("Authorization", s.As("ann").Token)
	req.Header.Set("Stream-Auth-Type", "jwt")
	req.Header.Set("Expect", "100-continue")
	resp, err := (&http.Client{Transport: &http.Transport{ExpectContinueTimeout: 1 << 40}}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if got, _ := io.ReadAll(resp.Body); resp.StatusCode != http.StatusBadRequest || !strings.Contains(string(got), "max upload size of 100MB exceeded") {
		t.Errorf("%d %s", resp.StatusCode, got)
	}
	// So are those who do not say how much is to come, once it is too much.
	s.As("ann").UploadRaw("/uploads/file", "multipart/form-data; boundary=b", -1,
		io.MultiReader(strings.NewReader(head), io.LimitReader(neverEnding{}, 100<<20+1), strings.NewReader("\r\n--b--\r\n"))).
		Fails(400, 4, "max upload size of 100MB exceeded")
}

type neverEnding struct{}

func (neverEnding) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// sound is a recording as browsers make them.
func sound(declared string) testkit.Part {
	return testkit.Part{Name: "file", FileName: "a.mp4", Type: declared, Body: []byte("\x00\x00\x00\x18ftypiso5\x00\x00\x00\x01isom")}
}

func TestUploadConfig(t *testing.T) {
	t.Parallel()
	text := func(name, kind string) testkit.Part {
		return testkit.Part{Name: "file", FileName: name, Type: kind, Body: []byte("# hello")}
	}
	for _, x := range []struct {
		name, config, route string
		part                testkit.Part
		message             string
	}{
		{"an extension that is allowed", `{"file_upload_config":{"allowed_file_extensions":[".txt"]}}`, "file", text("a.TXT", ""), ""},
		{"without its dot", `{"file_upload_config":{"allowed_file_extensions":["txt"]}}`, "file", text("a.txt", ""), ""},
		{"one that is not", `{"file_upload_config":{"allowed_file_extensions":[".txt"]}}`, "file", text("a.md", ""), "File extension .md is not supported"},
		{"none", `{"file_upload_config":{"allowed_file_extensions":[".txt"]}}`, "file", text("a", ""), "File extension  is not supported"},
		{"one that is blocked", `{"file_upload_config":{"blocked_file_extensions":["MD"]}}`, "file", text("a.md", ""), "File extension .md is not supported"},
		{"others", `{"file_upload_config":{"blocked_file_extensions":["md"]}}`, "file", text("a.txt", ""), ""},
		{"a type that is allowed", `{"file_upload_config":{"allowed_mime_types":["text/plain"]}}`, "file", text("a.txt", ""), ""},
		{"one that is not", `{"file_upload_config":{"allowed_mime_types":["text/plain"]}}`, "file", text("a", "text/markdown; charset=utf-8"), "File type text/markdown is not supported"},
		{"one that is blocked", `{"file_upload_config":{"blocked_mime_types":["text/markdown"]}}`, "file", text("a", "text/markdown"), "File type text/markdown is not supported"},
		{"an image in disguise", `{"file_upload_config":{"blocked_mime_types":["image/png"]}}`, "file", testkit.Part{Name: "file", FileName: "a.txt", Type: "text/plain", Body: picture(1, 1)}, "File type image/png is not supported"},
		{"another name of a type", `{"file_upload_config":{"allowed_mime_types":["application/x-pdf"]}}`, "file", file("a.pdf", []byte("%PDF-1.4")), ""},
		{"another name of one that is blocked", `{"file_upload_config":{"blocked_mime_types":["application/x-pdf"]}}`, "file", file("a.pdf", []byte("%PDF-1.4")), "File type application/pdf is not supported"},
		{"sound in a container", `{"file_upload_config":{"allowed_mime_types":["audio/mp4"]}}`, "file", sound("audio/mp4"), ""},
		{"declared as what it is not", `{"file_upload_config":{"allowed_mime_types":["audio/aac"]}}`, "file", sound("audio/aac"), "File type video/mp4 is not supported"},
		{"a size that is too much", `{"file_upload_config":{"size_limit":6}}`, "file", text("a", ""), "File size is above the size limit (6 bytes)"},
		{"a size that is not", `{"file_upload_config":{"size_limit":7}}`, "file", text("a", ""), ""},
		{"images have their own", `{"file_upload_config":{"size_limit":7}}`, "image", file("a.png", picture(9, 9)), ""},
		{"of images", `{"image_upload_config":{"size_limit":7}}`, "image", file("a.png", picture(9, 9)), "File size is above the size limit (7 bytes)"},
		{"kinds of images", `{"image_upload_config":{"allowed_mime_types":["image/jpeg"]}}`, "image", file("a.jpg", picture(9, 9)), "File type image/png is not supported"},
	} {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			s := testkit.Start(t)
			s.Server().Patch("/app", x.config).OK()
			r := s.As("ann").Upload("/uploads/"+x.route, x.part)
			if x.message == "" {
				r.OK()
				return
			}
			r.Fails(400, 4, x.message)
		})
	}
}

func TestDeleteFile(t *testing.T) {
	t.Parallel()
	s, foreign := testkit.Start(t), testkit.Start(t)
	room, other := s.Channel("messaging", "room", "ann", "bob"), s.Channel("messaging", "other", "ann")
	s.Server().Post("/users", `{"users":{"mod":{"id":"mod","role":"admin"}}}`).OK()
	upload := func(who, path string) string { return link(t, s.As(who).Upload(path, file("a.txt", []byte("x")))) }
	del := func(path, link string) string { return path + "?url=" + url.QueryEscape(link) }
	annRoom, bobRoom, annOwn := upload("ann", room+"/file"), upload("bob", room+"/file"), upload("ann", "/uploads/file")
	theirs := link(t, foreign.As("ann").Upload("/uploads/file", file("a.txt", []byte("x"))))
	exchangeAll(t, s, []exchange{
		{name: "no url", who: "ann", method: "DELETE", path: room + "/file", status: 400, code: 4, message: "url is a required field"},
		{name: "somebody's page", who: "ann", method: "DELETE", path: del(room+"/file", "https://example.com/a.txt"), status: 400, code: 4, message: "url is not a link to a file of this app"},
		{name: "made up", who: "ann", method: "DELETE", path: del("/uploads/file", s.URL+"/files/1/aaaaaaaaaaaaa/"+strings.Repeat("a", 39)+"/a.txt"), status: 400, code: 4, message: "url is not a link"},
		{name: "another app's", who: "ann", method: "DELETE", path: del("/uploads/file", theirs), status: 400, code: 4, message: "url is not a link"},
		{name: "another app's, by the server", method: "DELETE", path: del("/uploads/file", theirs), status: 400, code: 4, message: "url is not a link"},
		{name: "another user's", who: "bob", method: "DELETE", path: del(room+"/file", annRoom), status: 403, code: 17, message: "is not allowed to perform action DeleteAttachment"},
		{name: "another user's own", who: "bob", method: "DELETE", path: del("/uploads/file", annOwn), status: 403, code: 17, message: "is not allowed to delete this file"},
		{name: "in another channel", who: "ann", method: "DELETE", path: del(other+"/file", annRoom), status: 404, code: 16, message: "the file doesn't exist in channel messaging:other"},
		{name: "in another channel, by the server", method: "DELETE", path: del(other+"/file", annRoom), status: 404, code: 16, message: "the file doesn't exist in channel"},
		{name: "a channel's as one's own", who: "ann", method: "DELETE", path: del("/uploads/file", annRoom), status: 403, code: 17, message: "is not allowed to delete this file"},
		{name: "not at all a channel", who: "ann", method: "DELETE", path: del("/channels/messaging/none/file", annRoom), status: 404, code: 16},
		{name: "one's own", who: "ann", method: "DELETE", path: del(room+"/file", annRoom)},
		{name: "again", who: "ann", method: "DELETE", path: del(room+"/file", annRoom), status: 404, code: 16, message: "the file doesn't exist"},
		{name: "by a moderator, without a signature", who: "mod", method: "DELETE", path: del(room+"/image", bare(t, bobRoom))},
		{name: "one's own, standing alone", who: "ann", method: "DELETE", path: del("/uploads/image", annOwn)},
	})
	for _, l := range []string{annRoom, bobRoom, annOwn} {
		if got := fetch(t, "GET", l); got.Status != 404 {
			t.Errorf("after the delete: %d %s", got.Status, got.Body)
		}
	}
	if got := fetch(t, "GET", theirs); got.Status != 200 {
		t.Errorf("the other app's file: %d", got.Status)
	}
	exchangeAll(t, s, []exchange{{name: "by the server", method: "DELETE", path: del(room+"/file", upload("bob", room+"/file"))}})
}

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

// TestForgottenUploads checks that refused uploads leave no temporary files.
func TestForgottenUploads(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	s := testkit.Nodes(t, 1)[0]
	ann := s.As("ann")
	ann.Upload("/uploads/file", file("a.txt", []byte("x"))).OK()
	ann.Upload("/uploads/image", file("a.txt", []byte("x"))).Fails(400, 4, "is not supported")
	ann.Upload("/uploads/file", file("a.txt", []byte("x")), file("a.txt", []byte("x"))).Fails(400, 4, "only one file")
	ann.Upload("/channels/messaging/none/file", file("a.txt", []byte("x"))).Fails(404, 16, "")
	body, kind := testkit.Form(file("a.txt", bytes.Repeat([]byte("x"), 5000)))
	ann.UploadRaw("/uploads/file", kind, 400, bytes.NewReader(body[:400])).Fails(400, 4, "cut off")
	left, err := filepath.Glob(filepath.Join(os.TempDir(), "chatd-upload-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}
