package testkit

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"strings"
)

// Part is a part of a form: a field, or a file when it has a file name.
type Part struct {
	Name, FileName, Type string
	Body                 []byte
}

// Form encodes parts; it returns the body and its Content-Type.
func Form(parts ...Part) (body []byte, contentType string) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, p := range parts {
		h := textproto.MIMEHeader{}
		h.Set("Content-Disposition", fmt.Sprintf(`form-data; name="%s"`, p.Name))
		if p.FileName != "" {
			h.Set("Content-Disposition", fmt.Sprintf(`form-data; name="%s"; filename="%s"`, p.Name, strings.ReplaceAll(p.FileName, `\`, `\\`)))
		}
		if p.Type != "" {
			h.Set("Content-Type", p.Type)
		}
		part, _ := w.CreatePart(h) // writes to memory do not fail
		_, _ = part.Write(p.Body)
	}
	_ = w.Close()
	return b.Bytes(), w.FormDataContentType()
}

// Upload posts a form.
func (c *Client) Upload(path string, parts ...Part) *Response {
	c.s.TB.Helper()
	body, contentType := Form(parts...)
	return c.UploadRaw(path, contentType, int64(len(body)), bytes.NewReader(body))
}

// UploadRaw posts any body. A length of -1 is not told.
func (c *Client) UploadRaw(path, contentType string, length int64, body io.Reader) *Response {
	c.s.TB.Helper()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, c.s.URL+path+"?api_key="+c.s.Key, body)
	if err != nil {
		c.s.TB.Fatal(err)
	}
	req.ContentLength = length
	req.Header.Set("Content-Type", contentType)
	c.authorize(req.Header)
	return c.send(req)
}
