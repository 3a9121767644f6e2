package httpapi

import (
	"context"
	"net/http"
	"reflect"
	"time"

	"chatd/internal/chat"
)

// caller says who may call a route.
type caller int

const (
	anyone     caller = iota // users, guests and the server side
	server                   // server side only
	public                   // no token is looked at
	anonymous                // anyone, and anonymous users too
	clientOnly               // users only: it acts on the caller's own connection
)

// Route is one operation of the API.
type Route struct {
	Method, Path string
	Op           string       // the operation's name in errors, limits, logs and metrics
	Req, Resp    reflect.Type // nil for raw routes
	caller       caller
	// actAs: server-side calls name the user they act for (user_id or user).
	// required: they must. known: he exists already, also if he is named as an object.
	actAs, required, known bool
	handle                 func(*API, http.ResponseWriter, *http.Request)
}

type option func(*Route)

func serverOnly(r *Route)     { r.caller = server }
func anonymousToo(r *Route)   { r.caller = anonymous }
func open(r *Route)           { r.caller = public }
func actingAs(r *Route)       { r.actAs = true }
func actingAsNeeded(r *Route) { r.actAs, r.required = true, true }
func actingAsKnown(r *Route)  { r.actAs, r.required, r.known = true, true, true }

// method is a route's method in its area.
type method[Req, Resp any] func(context.Context, *Req) (*Resp, error)

func get[Req, Resp any](path, op string, fn method[Req, Resp], opts ...option) Route {
	return typed(http.MethodGet, path, op, http.StatusOK, fn, opts)
}

func post[Req, Resp any](path, op string, fn method[Req, Resp], opts ...option) Route {
	return typed(http.MethodPost, path, op, http.StatusCreated, fn, opts)
}

func put[Req, Resp any](path, op string, fn method[Req, Resp], opts ...option) Route {
	return typed(http.MethodPut, path, op, http.StatusCreated, fn, opts)
}

func patch[Req, Resp any](path, op string, fn method[Req, Resp], opts ...option) Route {
	return typed(http.MethodPatch, path, op, http.StatusOK, fn, opts)
}

func del[Req, Resp any](path, op string, fn method[Req, Resp], opts ...option) Route {
	return typed(http.MethodDelete, path, op, http.StatusOK, fn, opts)
}

// raw is a route that speaks HTTP itself.
func raw(method, path, op string, fn func(*API, http.ResponseWriter, *http.Request), who caller) Route { //nolint:unparam // each line of the table says who may call it
	return Route{Method: method, Path: path, Op: op, caller: who, handle: fn}
}

func typed[Req, Resp any](verb, path, op string, status int, fn method[Req, Resp], opts []option) Route {
	bind := binder[Req]()
	r := Route{Method: verb, Path: path, Op: op, Req: reflect.TypeFor[Req](), Resp: reflect.TypeFor[Resp]()}
	for _, o := range opts {
		o(&r)
	}
	r.handle = func(a *API, w http.ResponseWriter, hr *http.Request) {
		started := time.Now()
		resp, err := call(a, &r, bind, fn, w, hr)
		if err != nil {
			a.fail(w, hr, op, err, started)
			return
		}
		a.respond(w, hr, status, resp, started)
	}
	return r
}

// call takes a request to its method.
func call[Req, Resp any](a *API, r *Route, bind func(*http.Request, *Req, func([]byte) []byte) error, fn method[Req, Resp], w http.ResponseWriter, hr *http.Request) (*Resp, error) {
	ctx, err := a.admit(w, hr, r)
	if err != nil {
		return nil, err
	}
	req := new(Req)
	if c, ok := any(req).(uploaded); ok {
		hr.Body = formBody(w, hr.Body)
		defer func() { _ = c.Close() }() // a temporary file
	} else {
		hr.Body = http.MaxBytesReader(w, hr.Body, MaxBody)
	}
	if err := bind(hr, req, a.Links.Unsign); err != nil {
		return nil, err
	}
	if r.actAs {
		if ctx, err = a.actAs(ctx, r, req, hr); err != nil {
			return nil, err
		}
	}
	if v, ok := any(req).(interface{ Validate() error }); ok {
		if err := v.Validate(); err != nil {
			return nil, err
		}
	}
	return fn(ctx, req)
}

// ActAs is embedded by requests that name the user a server-side call acts for.
// Areas do not look at it: when a method runs, the actor is that user.
type ActAs = chat.ActAs
