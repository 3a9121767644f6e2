package httpapi

import (
	"bytes"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"

	"chatd/internal/gifs"
)

const (
	pictureRoute = gifs.Root + "{seed}/{name}"
	opGetPicture = "GetPicture"
)

// picture serves GET and HEAD of the pictures that /giphy answers with, where chatd
// paints them itself. Their address says all that they show, so they never change and
// are everybody's.
func (a *API) picture(w http.ResponseWriter, r *http.Request) {
	started := time.Now()
	seed, name := chi.URLParam(r, "seed"), chi.URLParam(r, "name")
	b, err := a.Pictures.Picture(r.Context(), seed, name)
	if err != nil {
		w.Header().Set("Cache-Control", "no-store")
		a.fail(w, r, opGetPicture, err, started)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "image/gif")
	h.Set("Content-Security-Policy", filePolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Set("Etag", `"`+seed+"-"+name+`"`)
	h.Set("Cache-Control", "public, max-age=31536000, immutable") // a year
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(b))
}
