package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"time"

	"github.com/google/uuid"

	"chatd/internal/chat"
)

// entry is what is told of a request, in its one log line and to hooks; it is filled
// on the request's way.
type entry struct {
	request      *http.Request // of typed routes
	id, clientID string
	op           string
	app          chat.AppID
	actor        string
	platform     string
	addr         netip.Addr // the client's
	newer        bool       // the request is in the newer dialect, and so is the answer
	status, code int
	err          error
}

type entryKey struct{}

func entryOf(ctx context.Context) *entry {
	e, _ := ctx.Value(entryKey{}).(*entry)
	return e
}

// maxInfo bounds what hooks are told of each header, in bytes.
const maxInfo = 1024

// Info tells hooks where the request came from.
func (e *entry) Info() *chat.RequestInfo {
	bounded := func(v string) string { return strings.ToValidUTF8(v[:min(len(v), maxInfo)], "") }
	h := e.request.Header
	info := &chat.RequestInfo{
		UserAgent: bounded(h.Get("User-Agent")), SDK: bounded(credentialsOf(e.request).client), Ext: bounded(h.Get("X-Stream-Ext")),
	}
	if e.addr.IsValid() {
		info.IP = e.addr.String()
	}
	return info
}

// Origin is where the caller reached this server.
func (e *entry) Origin() string { return origin(e.request) }

// maxClientID bounds what of a client's request id is logged, in bytes.
const maxClientID = 64

// observed gives each request an id, survives its panics and logs it once.
func (a *API) observed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		started := time.Now()
		e := &entry{id: uuid.NewString(), clientID: r.Header.Get("X-Client-Request-Id"), addr: clientAddr(r, a.Proxies)}
		e.clientID = e.clientID[:min(len(e.clientID), maxClientID)]
		sw := &statusWriter{ResponseWriter: w, entry: e}
		sw.Header().Set("X-Request-Id", e.id)
		r = r.WithContext(context.WithValue(r.Context(), entryKey{}, e))
		defer func() {
			if p := recover(); p != nil {
				a.Logger.ErrorContext(r.Context(), "panic", "request_id", e.id, "op", e.op, "panic", p, "stack", string(debug.Stack()))
				if e.status == 0 {
					a.fail(sw, r, e.op, chat.Errorf(chat.Internal, "internal error"), started)
				}
			}
			took := time.Since(started)
			a.Metrics.observe(e, took)
			a.log(r, e, took)
		}()
		next.ServeHTTP(sw, r)
	})
}

func (a *API) log(r *http.Request, e *entry, took time.Duration) {
	level := slog.LevelInfo
	if e.status < http.StatusBadRequest {
		level = slog.LevelDebug
	}
	if !a.Logger.Enabled(r.Context(), level) {
		return
	}
	attrs := []slog.Attr{
		slog.String("request_id", e.id), slog.String("op", e.op), slog.String("method", r.Method), slog.String("path", r.URL.Path),
		slog.Int("status", e.status), slog.Int("code", e.code), slog.Duration("took", took), slog.Int64("app", int64(e.app)),
		slog.String("actor", e.actor), slog.String("platform", e.platform), slog.String("addr", e.addr.String()),
	}
	if e.clientID != "" {
		attrs = append(attrs, slog.String("client_request_id", e.clientID))
	}
	if e.err != nil {
		attrs = append(attrs, slog.Any("error", e.err))
	}
	a.Logger.LogAttrs(r.Context(), level, "request", attrs...)
}

// statusWriter notes the status. Unwrap lets websockets through.
type statusWriter struct {
	http.ResponseWriter
	entry *entry
}

// WriteHeader notes the status before it sends it.
func (w *statusWriter) WriteHeader(status int) {
	if w.entry.status == 0 {
		w.entry.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
