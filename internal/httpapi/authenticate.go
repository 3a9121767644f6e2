package httpapi

import (
	"context"
	"net/http"
	"strings"
	"time"

	"chatd/internal/auth"
	"chatd/internal/chat"
	"chatd/internal/ratelimit"
)

// credentials are what a request shows of who sent it.
type credentials struct {
	key, authType, token string
	userID               string // what the client calls itself; proves nothing
	client               string
}

// credentialsOf reads them from headers and, for websockets, from the query.
func credentialsOf(r *http.Request) credentials {
	q := r.URL.Query()
	first := func(values ...string) string {
		for _, v := range values {
			if v != "" && v != "null" && v != "undefined" {
				return v
			}
		}
		return ""
	}
	return credentials{
		key:      first(q.Get("api_key"), r.Header.Get("X-Api-Key")),
		authType: first(r.Header.Get("Stream-Auth-Type"), q.Get("stream-auth-type")),
		token:    first(r.Header.Get("Authorization"), q.Get("authorization")),
		userID:   q.Get("user_id"),
		client:   first(r.Header.Get("X-Stream-Client"), q.Get("X-Stream-Client")),
	}
}

// admit finds out who calls, and whether he may call this route now. The context
// it returns carries the actor.
func (a *API) admit(w http.ResponseWriter, r *http.Request, route *Route) (context.Context, error) {
	ctx := r.Context()
	c := credentialsOf(r)
	actor, err := a.authenticate(ctx, c, route.caller)
	if err != nil {
		a.showLimit(ctx, w, ratelimit.Request{Operation: route.Op, ServerOnly: route.caller == server})
		return nil, err
	}
	if err := a.limit(ctx, w, route.Op, route.caller == server, actor); err != nil {
		return nil, err
	}
	if err := mayCall(actor, route); err != nil {
		return nil, err
	}
	e := entryOf(ctx)
	e.request = r // not of what lasts, as a connection
	actor.Request = e
	return auth.WithActor(ctx, actor), nil
}

// mayCall checks the kind of caller against the route.
func mayCall(actor *auth.Actor, route *Route) error {
	switch route.caller {
	case server:
		if !actor.Server {
			return chat.Errorf(chat.NotAllowed, "%s can only be called with server side auth", route.Op)
		}
	case clientOnly:
		if actor.Server {
			return chat.Errorf(chat.Invalid, "%s can not be called with server side auth", route.Op)
		}
	case anyone:
		if actor.Anonymous {
			return chat.Errorf(chat.NotAllowed, "%s is not available to anonymous users", route.Op)
		}
	case anonymous, public:
	}
	return nil
}

// authenticate turns credentials into an actor and notes him for the log.
func (a *API) authenticate(ctx context.Context, c credentials, who caller) (*auth.Actor, error) {
	actor, err := a.actorOf(ctx, c, who)
	if err != nil {
		return nil, err
	}
	e := entryOf(ctx)
	e.app, e.actor, e.platform = actor.App.ID, actor.UserID, actor.Platform
	return actor, nil
}

func (a *API) actorOf(ctx context.Context, c credentials, who caller) (*auth.Actor, error) {
	if c.key == "" || strings.ContainsFunc(c.key, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, chat.Errorf(chat.AccessKey, "api_key not valid")
	}
	key, err := a.Store.Key(ctx, c.key)
	if err != nil {
		return nil, err
	}
	app, err := a.Store.App(key.AppID).App(ctx)
	if err != nil {
		return nil, err
	}
	if app.Settings.Suspended {
		return nil, chat.Errorf(chat.AppSuspended, "%s", "app is suspended: "+app.Settings.SuspendedExplanation)
	}
	actor := &auth.Actor{App: app}
	switch strings.ToLower(c.authType) {
	case "anonymous":
		asAnonymous(actor, c)
		return actor, nil
	case "", "jwt":
	default:
		return nil, chat.Errorf(chat.Unauthenticated, "stream-auth-type must be one of [jwt anonymous]")
	}
	if c.token == "" && who == public {
		asAnonymous(actor, c)
		return actor, nil
	}
	return actor, a.identify(ctx, actor, key, c)
}

// asAnonymous makes the actor an anonymous user. The SDKs make up an id for each
// connection and send it along; the server's is made from that, so a connection
// and its requests belong together.
func asAnonymous(actor *auth.Actor, c credentials) {
	id := c.userID
	switch {
	case chat.IsAnonymousID(id) && chat.ValidUserID(id) == nil:
	case id != "" && chat.ValidUserID(chat.AnonymousID(id)) == nil:
		id = chat.AnonymousID(id)
	default:
		id = chat.NewAnonymousID()
	}
	actor.Anonymous, actor.UserID = true, id
	actor.User = &chat.User{ID: id, Role: chat.RoleAnonymous}
	actor.Platform = auth.Platform(c.client, false)
}

// identify checks the token and loads its user.
func (a *API) identify(ctx context.Context, actor *auth.Actor, key *chat.AppKey, c credentials) error {
	set := actor.App.Settings
	claims, err := a.Tokens.Verify(c.token, []string{key.Secret}, auth.Options{
		DisableAuthChecks: set.DisableAuthChecks, AppRevoked: set.RevokeTokensIssuedBefore, Now: time.Now(), APIKey: key.Key,
	})
	if err != nil {
		return err
	}
	actor.Server = claims.Server
	actor.Platform = auth.Platform(c.client, claims.Server)
	if claims.Server {
		return nil
	}
	actor.UserID = claims.UserID
	actor.User, err = a.Store.App(actor.App.ID).User(ctx, claims.UserID)
	if err != nil || actor.User == nil {
		return err
	}
	if err := claims.CheckRevoked(actor.User.TokensRevoked); err != nil {
		return err
	}
	switch u := actor.User; {
	case u.DeletedAt != nil:
		return chat.Errorf(chat.NotAllowed, "user %q was deleted", u.ID)
	case u.DeactivatedAt != nil:
		return chat.Errorf(chat.NotAllowed, "user %q was deactivated", u.ID)
	}
	return nil
}

// actAs makes a server-side call act for the user it names.
func (a *API) actAs(ctx context.Context, route *Route, req any, r *http.Request) (context.Context, error) {
	actor := auth.FromContext(ctx)
	var in chat.ActAs
	if h, ok := req.(interface{ Acting() *chat.ActAs }); ok {
		in = *h.Acting()
	}
	if !actor.Server {
		return ctx, nil
	}
	if in.UserID == "" && in.User == nil {
		in.UserID = r.URL.Query().Get("user_id")
	}
	if route.known {
		in = in.Known()
	}
	return a.Access.ActAs(ctx, "", in, route.required)
}
