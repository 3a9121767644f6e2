package httpapi

import (
	"cmp"
	"fmt"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"chatd/internal/storage"
	"chatd/internal/uploads"
)

const (
	fileRoute = storage.Root + "{app}/{owner}/{id}/{name}"
	opGetFile = "GetFile"
)

// filePolicy lets nothing that was uploaded run or load anything, should a browser
// show it as a page: it would be one of this server's.
const filePolicy = "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; sandbox"

// file serves GET and HEAD of a file's link: whole or in ranges, as it was uploaded or
// resized.
func (a *API) file(w http.ResponseWriter, r *http.Request) {
	started := time.Now()
	c, err := a.content(r)
	if err != nil {
		w.Header().Set("Cache-Control", "no-store")
		a.fail(w, r, opGetFile, err, started)
		return
	}
	defer func() { _ = c.Close() }() // it was read only
	h := w.Header()
	h.Set("Content-Type", c.Type)
	h.Set("Content-Disposition", disposition(c))
	h.Set("Content-Security-Policy", filePolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Etag", `"`+c.Tag+`"`)
	// A file never changes; a link is good for whoever has it, until it expires.
	h.Set("Cache-Control", fmt.Sprintf("private, max-age=%d, immutable", max(0, int(time.Until(c.Expires).Seconds()))))
	if strings.Contains(r.Header.Get("Range"), ",") { // ranges without end are made of nothing but work
		r.Header.Del("Range")
	}
	http.ServeContent(w, r, "", c.ModTime, c)
}

func (a *API) content(r *http.Request) (*uploads.Content, error) {
	q := r.URL.Query()
	size, err := uploads.ParseSize(q.Get("w"), q.Get("h"), q.Get("resize"), q.Get("crop"))
	if err != nil {
		return nil, err
	}
	return a.Uploads.Get(r.Context(), &uploads.GetRequest{
		App: chi.URLParam(r, "app"), Owner: chi.URLParam(r, "owner"), ID: chi.URLParam(r, "id"),
		Expires: q.Get("Expires"), Signature: q.Get("Signature"), Size: size,
	})
}

// disposition says whether a browser may show a file, and under what name it saves it.
func disposition(c *uploads.Content) string {
	kind := "attachment"
	if c.Inline {
		kind = "inline"
	}
	return cmp.Or(mime.FormatMediaType(kind, map[string]string{"filename": c.Name}), kind)
}
