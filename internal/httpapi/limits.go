package httpapi

import (
	"net/http"
	"strconv"

	"chatd/internal/ratelimit"
)

// limitHeaders tells the caller how many requests he has left. Every response
// carries them, errors too.
func (a *API) limitHeaders(w http.ResponseWriter, d ratelimit.Decision) {
	h := w.Header()
	h.Set("X-Ratelimit-Limit", strconv.Itoa(d.Limit))
	h.Set("X-Ratelimit-Remaining", strconv.Itoa(d.Remaining))
	h.Set("X-Ratelimit-Reset", strconv.FormatInt(d.Reset.Unix(), 10))
}
