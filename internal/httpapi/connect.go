package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/auth"
	"chatd/internal/chat"
	"chatd/internal/users"
	"chatd/internal/wire"
)

// opConnect is the operation's name in errors; clients match on it.
const opConnect = "Connect"

// hello is the first frame of a connection (facts: websocket, hello).
type hello struct {
	ConnectionID string        `json:"connection_id"`
	Me           *chat.OwnUser `json:"me"`
	CID          string        `json:"cid"`
	Type         string        `json:"type"`
	CreatedAt    time.Time     `json:"created_at"`
}

// connect serves GET /connect. A browser cannot read the answer to a refused
// upgrade, so errors are told on the socket, which is then closed with 1000.
func (a *API) connect(w http.ResponseWriter, r *http.Request) {
	started := time.Now()
	socket, err := a.Hub.Accept(w, r)
	if err != nil {
		return // Accept has answered
	}
	actor, err := a.arrive(r)
	if err != nil {
		socket.Reject(errorFrame(err, started))
		return
	}
	err = a.Hub.Serve(r.Context(), socket, actor.App.ID, actor.UserID, a.greet(r.Context(), actor))
	if err != nil {
		socket.Reject(errorFrame(err, started))
	}
}

// arrive authenticates a connection and brings its user up to date.
func (a *API) arrive(r *http.Request) (*auth.Actor, error) {
	ctx := r.Context()
	c := credentialsOf(r)
	var doc users.ConnectRequest
	if err := wire.Unmarshal([]byte(r.URL.Query().Get("json")), &doc); err != nil {
		return nil, err
	}
	if c.userID == "" {
		c.userID = doc.UserID
	}
	actor, err := a.authenticate(ctx, c, anonymous)
	if err != nil {
		return nil, err
	}
	if actor.Server {
		return nil, chat.Errorf(chat.Unauthenticated, "the token must have a user_id claim to connect")
	}
	if e := entryOf(ctx); e != nil {
		e.app, e.actor, e.platform = actor.App.ID, actor.UserID, actor.Platform
	}
	user, err := a.Users.Connect(auth.WithActor(ctx, actor), &doc)
	if err != nil {
		return nil, err
	}
	actor.User = user
	return actor, nil
}

// greet returns what makes a connection's first frame, once it is registered.
func (a *API) greet(ctx context.Context, actor *auth.Actor) func(connID string) ([]byte, error) {
	return func(connID string) ([]byte, error) {
		if a.Hub.First(connID) {
			if err := a.Users.Online(ctx, actor.App.ID, actor.User); err != nil {
				return nil, err
			}
		}
		me, err := a.Users.Own(auth.WithActor(ctx, actor), actor.User)
		if err != nil {
			return nil, err
		}
		return wire.Marshal(&hello{ConnectionID: connID, Me: me, CID: "*", Type: "health.check", CreatedAt: time.Now().UTC()})
	}
}

// errorFrame is an error as a websocket's first frame.
func errorFrame(err error, started time.Time) []byte {
	return wire.MustMarshal(struct {
		Error *apiError `json:"error"`
	}{formError(opConnect, err, time.Since(started))})
}

// longpoll serves GET /longpoll, the websocket's stand-in: without connection_id it
// opens a connection, with it waits for events, with close it ends.
func (a *API) longpoll(w http.ResponseWriter, r *http.Request) {
	started := time.Now()
	resp, err := a.poll(r)
	if err != nil {
		a.fail(w, r, "LongPoll", err, started)
		return
	}
	a.respond(w, r, http.StatusOK, resp, started)
}

// pollResponse holds the hello of a new connection or the events since the last
// poll.
type pollResponse struct {
	Event  jsontext.Value   `json:"event,omitzero"`
	Events []jsontext.Value `json:"events"`
}

func (a *API) poll(r *http.Request) (*pollResponse, error) {
	ctx, q := r.Context(), r.URL.Query()
	id := q.Get("connection_id")
	if id == "" {
		actor, err := a.arrive(r)
		if err != nil {
			return nil, err
		}
		_, first, err := a.Hub.Open(ctx, actor.App.ID, actor.UserID, a.greet(ctx, actor))
		return &pollResponse{Event: first}, err
	}
	actor, err := a.authenticate(ctx, credentialsOf(r), anonymous)
	if err != nil {
		return nil, err
	}
	if q.Get("close") == "true" {
		return &pollResponse{}, a.Hub.Close(ctx, actor.App.ID, actor.UserID, id)
	}
	events, err := a.Hub.Poll(ctx, actor.App.ID, actor.UserID, id)
	return &pollResponse{Events: events}, err
}

// hi answers the probe with which SDKs warm up their connection.
func (a *API) hi(w http.ResponseWriter, r *http.Request) {
	a.respond(w, r, http.StatusOK, &struct{}{}, time.Now())
}
