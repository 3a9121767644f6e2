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
