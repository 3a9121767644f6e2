package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/cors"

	"chatd/internal/access"
	"chatd/internal/appadmin"
	"chatd/internal/auth"
	"chatd/internal/channels"
	"chatd/internal/chat"
	"chatd/internal/drafts"
	"chatd/internal/gifs"
	"chatd/internal/locations"
	"chatd/internal/messages"
	"chatd/internal/polls"
	"chatd/internal/preview"
	"chatd/internal/push"
	"chatd/internal/ratelimit"
	"chatd/internal/reads"
	"chatd/internal/realtime"
	"chatd/internal/reminders"
	"chatd/internal/retention"
	"chatd/internal/search"
	"chatd/internal/storage"
	"chatd/internal/store"
	"chatd/internal/threads"
	"chatd/internal/translation"
	"chatd/internal/uploads"
	"chatd/internal/usergroups"
	"chatd/internal/users"
)

// API is what the routes call: the areas, and what every request needs.
type API struct {
	Users      *users.Service
	UserGroups *usergroups.Service
	Channels   *channels.Service
	Messages   *messages.Service
	Reads      *reads.Service
	Search     *search.Service
	Threads    *threads.Service
	Polls      *polls.Service
	Drafts     *drafts.Service
	Reminders  *reminders.Service
	Locations  *locations.Service
	AppAdmin   *appadmin.Service
	Uploads    *uploads.Service
	Previews   *preview.Service

	Translation *translation.Service
	Retention   *retention.Service
	Push        *push.Service

	Store    *store.Store
	Access   *access.Access
	Hub      *realtime.Hub
	Links    *storage.Links
	Pictures *gifs.Painter
	Tokens   *auth.Verifier
	Limits   *ratelimit.Policy
	Logger   *slog.Logger
	Metrics  *Metrics

	MoreInfo string         // the page that errors refer to; "" = the API's own documentation
	Proxies  []netip.Prefix // whose X-Forwarded-For is believed

	operations map[string]bool // all operations, and whether they are for servers only; set by Handler
}

// corsAge is how long browsers may remember that they may call, in seconds: a day,
// which is the longest that any of them believes.
const corsAge = 86400

// Handler returns the HTTP handler of the whole API.
func (a *API) Handler() http.Handler {
	m := chi.NewRouter()
	m.Use(a.observed, cors.Handler(cors.Options{
		AllowedOrigins: []string{"*"},
		AllowedMethods: []string{"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"},
		AllowedHeaders: []string{"*"}, // apps send headers of their own through the SDKs
		ExposedHeaders: []string{"X-Ratelimit-Limit", "X-Ratelimit-Remaining", "X-Ratelimit-Reset", "X-Request-Id", "Retry-After", "Content-Range", "ETag"},
		MaxAge:         corsAge,
	}), a.boundHeaders, cleanPath, newerPath)
	m.Get("/healthz", a.healthz)
	m.Get("/readyz", a.readyz)
	m.Method(http.MethodGet, "/metrics", a.Metrics.Handler())
	routes := a.Routes()
	a.operations = make(map[string]bool, len(routes))
	for _, r := range routes {
		a.operations[r.Op] = r.caller == server
		m.Method(r.Method, r.Path, http.HandlerFunc(func(w http.ResponseWriter, hr *http.Request) {
			entryOf(hr.Context()).op = r.Op
			r.handle(a, w, hr)
		}))
	}
	m.NotFound(a.noRoute)
	m.MethodNotAllowed(a.noRoute)
	return m
}

// opNone stands in errors for the operation of requests that have none.
const opNone = "Request"

// noRoute answers what no route is for: another path, or another method.
func (a *API) noRoute(w http.ResponseWriter, r *http.Request) {
	started := time.Now()
	a.showLimit(r.Context(), w, ratelimit.Request{Operation: opNone})
	a.fail(w, r, opNone, chat.Errorf(chat.NotFound, "%s %s is not a route of this API", r.Method, r.URL.Path), started)
}

// maxHeaders bounds the headers of a request with its URL, in bytes. The HTTP server
// has a bound of its own above this, at which it hangs up.
const maxHeaders = 64 << 10

// boundHeaders refuses requests with too much before the body.
func (a *API) boundHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		size := len(r.RequestURI)
		for name, values := range r.Header {
			for _, v := range values {
				size += len(name) + len(v)
			}
		}
		if size > maxHeaders {
			a.showLimit(r.Context(), w, ratelimit.Request{Operation: opNone})
			a.fail(w, r, opNone, chat.Errorf(chat.HeaderTooBig, "the headers are too big, the limit is %d bytes with the URL", maxHeaders), time.Now())
			return
		}
		next.ServeHTTP(w, r)
	})
}

// cleanPath takes double and trailing slashes out of the path: base URLs are
// often given with one too many. Slashes that are escaped belong to ids.
func cleanPath(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p := r.URL.EscapedPath()
		if !strings.Contains(p, "//") && (p == "/" || !strings.HasSuffix(p, "/")) {
			next.ServeHTTP(w, r)
			return
		}
		for strings.Contains(p, "//") {
			p = strings.ReplaceAll(p, "//", "/")
		}
		if p != "/" {
			p = strings.TrimSuffix(p, "/")
		}
		next.ServeHTTP(w, withPath(r, p))
	})
}

// newerPath takes the prefix of the newer dialect out of the path: its operations are
// those of the older one (API: hosts, prefixes).
func newerPath(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rest, newer := strings.CutPrefix(r.URL.EscapedPath(), "/api/v2/")
		if !newer {
			next.ServeHTTP(w, r)
			return
		}
		entryOf(r.Context()).newer = true
		next.ServeHTTP(w, withPath(r, "/"+strings.TrimPrefix(rest, "chat/")))
	})
}

// withPath returns the request with another path, which is escaped.
func withPath(r *http.Request, path string) *http.Request {
	r = r.Clone(r.Context())
	r.URL.RawPath = path
	r.URL.Path, _ = url.PathUnescape(path) // what could not be unescaped was no URL
	return r
}

// healthz tells that the process serves.
func (a *API) healthz(w http.ResponseWriter, r *http.Request) {
	entryOf(r.Context()).op = "Healthz"
	a.write(w, r, http.StatusOK, []byte(`{"status":"ok"}`))
}

// readyTimeout bounds the check of the database.
const readyTimeout = 2 * time.Second

// readyz tells whether the server can do its work: the database answers.
func (a *API) readyz(w http.ResponseWriter, r *http.Request) {
	entryOf(r.Context()).op = "Readyz"
	ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
	defer cancel()
	if err := a.Store.Ping(ctx); err != nil {
		a.write(w, r, http.StatusServiceUnavailable, []byte(`{"status":"the database does not answer"}`))
		return
	}
	a.write(w, r, http.StatusOK, []byte(`{"status":"ok"}`))
}
