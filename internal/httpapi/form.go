package httpapi

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/chat"
	"chatd/internal/uploads"
	"chatd/internal/wire"
)

// The bounds of a form beside its file. A body that does not move on for bodyIdle is
// given up.
const (
	maxParts     = 16
	maxFormField = 16 << 10 // bytes
	maxForm      = uploads.MaxSize + 256<<10
	bodyIdle     = 30 * time.Second
)

// uploaded is a request that is a form with a file. SDKs send the file before the
// fields or after them, so it lies in a temporary file until all is known, which Close
// removes.
type uploaded interface {
	Attach(file *uploads.File, origin string)
	Close() error
}

// form is a multipart body as far as it was read.
type form struct {
	file   *uploads.File
	fields map[string][]byte
}

// formBody bounds an upload's body in size, and in how long it may stand still.
func formBody(w http.ResponseWriter, body io.ReadCloser) io.ReadCloser {
	return &moving{http.MaxBytesReader(w, body, maxForm), http.NewResponseController(w)}
}

// readForm reads a multipart body into a request, which must be closed also after an
// error.
func readForm(r *http.Request, req uploaded) error {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "multipart/form-data" {
		return chat.Errorf(chat.Invalid, "the Content-Type must be multipart/form-data")
	}
	if r.ContentLength > maxForm {
		return uploads.ErrTooBig
	}
	parts, err := r.MultipartReader()
	if err != nil {
		return &chat.Error{Kind: chat.Invalid, Message: "the request body is not a form", Err: err}
	}
	f := &form{fields: map[string][]byte{}}
	err = f.read(parts)
	if err == nil { // clients that are answered before they have ended may never end
		_, err = io.Copy(io.Discard, r.Body)
	}
	if m, ok := r.Body.(*moving); ok {
		m.arrived()
	}
	req.Attach(f.file, origin(r))
	if err != nil {
		return unreadable(err)
	}
	return f.bind(req)
}

// read reads all parts.
func (f *form) read(parts *multipart.Reader) error {
	for range maxParts {
		p, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := f.add(p); err != nil {
			return err
		}
	}
	return chat.Errorf(chat.Invalid, "the form has more than %d parts", maxParts)
}

// add reads a part.
func (f *form) add(p *multipart.Part) error {
	if p.FormName() != "file" {
		value, err := io.ReadAll(io.LimitReader(p, maxFormField+1))
		if err == nil && len(value) > maxFormField {
			return chat.Errorf(chat.Invalid, "the field %.40q must be %d bytes or less", p.FormName(), maxFormField)
		}
		f.fields[p.FormName()] = value
		return err
	}
	if f.file != nil {
		return chat.Errorf(chat.Invalid, "only one file can be uploaded at a time")
	}
	temp, err := os.CreateTemp("", "chatd-upload-*")
	if err != nil {
		return err
	}
	f.file = &uploads.File{Name: fileName(p), Type: p.Header.Get("Content-Type"), Content: temporary{temp}}
	f.file.Size, err = io.Copy(temp, io.LimitReader(p, uploads.MaxSize+1))
	if err != nil {
		return err
	}
	if f.file.Size > uploads.MaxSize {
		return uploads.ErrTooBig
	}
	_, err = temp.Seek(0, io.SeekStart)
	return err
}

// temporary is a file that goes when it is closed.
type temporary struct{ *os.File }

// Close removes the file.
func (t temporary) Close() error { return errors.Join(t.File.Close(), os.Remove(t.Name())) }

// fileName is what the client calls the file: multipart.Part.FileName drops folders,
// which is right, but also everything before a backslash only on some systems.
func fileName(p *multipart.Part) string {
	if name := p.FileName(); name != "" {
		return name
	}
	return "file"
}

// unreadable turns an error of reading a body into one for the client.
func unreadable(err error) error {
	if chat.KindOf(err) != chat.Internal {
		return err
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return uploads.ErrTooBig
	}
	if _, ok := errors.AsType[*os.PathError](err); ok { // the temporary file
		return err
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return &chat.Error{Kind: chat.Timeout, Message: "the request body did not arrive in time", Err: err}
	}
	return &chat.Error{Kind: chat.Invalid, Message: "the form could not be read; it may have been cut off", Err: err}
}

// bind fills in a request from the form's fields. Of the user only the id counts:
// SDKs send whole users, with fields that nobody may set.
func (f *form) bind(req any) error {
	body := map[string]jsontext.Value{}
	if v := f.fields["user"]; len(v) > 0 {
		var user *struct {
			ID string `json:"id"`
		}
		if err := wire.Unmarshal(v, &user); err != nil {
			return chat.Errorf(chat.Invalid, "user must be a JSON object with an id")
		}
		if user != nil {
			body["user"] = wire.MustMarshal(map[string]string{"id": user.ID})
		}
	}
	if v := f.fields["user_id"]; len(v) > 0 {
		body["user_id"] = wire.MustMarshal(strings.ToValidUTF8(string(v), ""))
	}
	if v := jsontext.Value(f.fields["upload_sizes"]); len(v) > 0 {
		if !v.IsValid() {
			return chat.Errorf(chat.Invalid, "upload_sizes must be a JSON document")
		}
		body["upload_sizes"] = v
	}
	return wire.Unmarshal(wire.MustMarshal(body), req)
}

// moving is a body that must keep arriving.
type moving struct {
	io.ReadCloser
	conn *http.ResponseController
}

// Read gives the client bodyIdle for more.
func (m *moving) Read(p []byte) (int, error) {
	_ = m.conn.SetReadDeadline(time.Now().Add(bodyIdle)) // not every test server can
	return m.ReadCloser.Read(p)
}

// arrived ends the wait for more.
func (m *moving) arrived() { _ = m.conn.SetReadDeadline(time.Time{}) }

// origin is where the caller reached this server.
func origin(r *http.Request) string {
	scheme := "http"
	if r.TLS != nil || strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https") {
		scheme = "https"
	}
	return scheme + "://" + r.Host
}
