package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/cors"

	"chatd/internal/access"
	"chatd/internal/appadmin"
	"chatd/internal/auth"
	"chatd/internal/channels"
	"chatd/internal/chat"
	"chatd/internal/messages"
	"chatd/internal/ratelimit"
	"chatd/internal/reads"
	"chatd/internal/realtime"
	"chatd/internal/store"
	"chatd/internal/users"
)

// API is what the routes call: the areas, and what every request needs.
type API struct {
	Users    *users.Service
	Channels *channels.Service
	Messages *messages.Service
	Reads    *reads.Service
	AppAdmin *appadmin.Service

	Store   *store.Store
	Access  *access.Access
	Hub     *realtime.Hub
	Tokens  *auth.Verifier
	Limits  *ratelimit.Policy
	Logger  *slog.Logger
	Metrics *Metrics
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
		AllowedHeaders: []string{
			"Authorization", "Content-Type", "Content-Encoding", "Stream-Auth-Type", "X-Client-Request-Id", "X-Stream-Client", "X-Stream-Ext", "X-Api-Key",
		},
		ExposedHeaders: []string{"X-Ratelimit-Limit", "X-Ratelimit-Remaining", "X-Ratelimit-Reset", "X-Request-Id", "Retry-After"},
		MaxAge:         corsAge,
	}), cleanPath)
	m.Get("/healthz", a.healthz)
	m.Get("/readyz", a.readyz)
	m.Method(http.MethodGet, "/metrics", a.Metrics.Handler())
	for _, r := range a.Routes() {
		m.Method(r.Method, r.Path, http.HandlerFunc(func(w http.ResponseWriter, hr *http.Request) {
			entryOf(hr.Context()).op = r.Op
			r.handle(a, w, hr)
		}))
	}
	m.NotFound(func(w http.ResponseWriter, r *http.Request) {
		a.fail(w, r, "Request", chat.Errorf(chat.NotFound, "%s %s is not a route of this API", r.Method, r.URL.Path), time.Now())
	})
	m.MethodNotAllowed(func(w http.ResponseWriter, r *http.Request) {
		a.fail(w, r, "Request", chat.Errorf(chat.NotFound, "%s %s is not a route of this API", r.Method, r.URL.Path), time.Now())
	})
	return m
}

// cleanPath takes double and trailing slashes out of the path: base URLs are
// often given with one too many.
func cleanPath(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p := r.URL.Path
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
		r2 := r.Clone(r.Context())
		r2.URL.Path, r2.URL.RawPath = p, ""
		next.ServeHTTP(w, r2)
	})
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
