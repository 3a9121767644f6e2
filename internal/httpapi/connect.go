package httpapi

import (
	"cmp"
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/auth"
	"chatd/internal/chat"
	"chatd/internal/ratelimit"
	"chatd/internal/reads"
	"chatd/internal/realtime"
	"chatd/internal/users"
	"chatd/internal/wire"
)

// opConnect is the operation's name in errors; clients match on it.
const opConnect = "Connect"

// hello is the first frame of a connection (API: websocket, hello).
type hello struct {
	ConnectionID string        `json:"connection_id"`
	Me           *chat.OwnUser `json:"me"`
	CID          string        `json:"cid"`
	Type         string        `json:"type"`
	CreatedAt    time.Time     `json:"created_at"`
}

// connect serves GET /connect. A browser cannot read the answer to a refused
// upgrade, so errors are told on the socket, which is then closed: with 1000 those
// that will stay, with another code those after which SDKs are to try again.
func (a *API) connect(w http.ResponseWriter, r *http.Request) {
	started := time.Now()
	if !strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		a.showLimit(r.Context(), w, ratelimit.Request{Operation: opConnect})
		a.fail(w, r, opConnect, chat.Errorf(chat.Invalid, "the request is not the opening of a websocket"), started)
		return
	}
	arrival, err := a.arrive(w, r, opConnect) // before the upgrade, whose answer takes the headers
	socket, refused := a.Hub.Accept(w, r)
	if refused != nil {
		return // Accept has answered
	}
	if err == nil {
		err = a.enter(r.Context(), arrival)
	}
	if err == nil {
		err = a.Hub.Serve(r.Context(), socket, arrival.actor.App.ID, arrival.actor.UserID, arrival.doc.MemberCustomInclude.Inclusion(), a.greet(r.Context(), arrival.actor))
	}
	if err != nil {
		a.reject(r.Context(), socket, err, started)
	}
}

// passing are the kinds of errors that pass: whether the client is told or not, he
// is to connect again.
var passing = map[chat.Kind]struct{ told bool }{
	chat.Internal: {}, chat.Unavailable: {}, chat.Timeout: {}, // nothing that the app could do about them
	chat.RateLimited: {told: true}, chat.TooManyConnections: {told: true},
}

// reject ends a socket that was not served.
func (a *API) reject(ctx context.Context, s *realtime.Socket, err error, started time.Time) {
	form := a.formError(opConnect, err, time.Since(started))
	a.note(ctx, opConnect, form, err)
	frame := wire.MustMarshal(struct {
		Error *apiError `json:"error"`
	}{form})
	switch p, ok := passing[forClient(err).Kind]; {
	case !ok:
		s.Reject(frame)
	case p.told:
		s.Abort(frame)
	default:
		s.Abort(nil)
	}
}

// arrival is a connection that is being opened.
type arrival struct {
	actor *auth.Actor
	doc   users.ConnectRequest
}

// arrive finds out who opens a connection, and counts it.
func (a *API) arrive(w http.ResponseWriter, r *http.Request, op string) (*arrival, error) {
	ctx := r.Context()
	v := &arrival{}
	err := readConnect(r, &v.doc)
	if err == nil {
		c := credentialsOf(r)
		c.userID, c.token = cmp.Or(c.userID, v.doc.UserID), cmp.Or(c.token, v.doc.UserToken)
		v.actor, err = a.authenticate(ctx, c, anonymous)
	}
	if err != nil {
		a.showLimit(ctx, w, ratelimit.Request{Operation: op})
		return nil, err
	}
	if err := a.limit(ctx, w, op, false, v.actor); err != nil {
		return nil, err
	}
	if v.actor.Server {
		return nil, chat.Errorf(chat.Unauthenticated, "the token must have a user_id claim to connect")
	}
	return v, nil
}

// readConnect reads the document in the query. Who sends none says nothing of
// himself.
func readConnect(r *http.Request, doc *users.ConnectRequest) error {
	text := r.URL.Query().Get("json")
	if text == "" {
		return nil
	}
	if err := wire.Receive([]byte(text), doc); err != nil {
		return err
	}
	return doc.Validate()
}

// enter brings the user of an arrival up to date.
func (a *API) enter(ctx context.Context, v *arrival) error {
	user, err := a.Users.Connect(auth.WithActor(ctx, v.actor), &v.doc)
	if err == nil {
		v.actor.User = user
	}
	return err
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
		frame, err := wire.Marshal(&hello{ConnectionID: connID, Me: me, CID: "*", Type: "health.check", CreatedAt: time.Now().UTC()})
		return a.Links.Sign(actor.App.ID, frame), err
	}
}

// opLongPoll is the operation of the websocket's stand-in.
const opLongPoll = "LongPoll"

// longpoll serves GET /longpoll, the websocket's stand-in: without connection_id it
// opens a connection, with it waits for events, with close it ends.
func (a *API) longpoll(w http.ResponseWriter, r *http.Request) {
	started := time.Now()
	resp, err := a.poll(w, r)
	if err != nil {
		a.fail(w, r, opLongPoll, err, started)
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

// Shapes tells what the frames are.
func (pollResponse) Shapes() map[string]any {
	return map[string]any{"event": hello{}, "events": []reads.Event(nil)}
}

func (a *API) poll(w http.ResponseWriter, r *http.Request) (*pollResponse, error) {
	ctx, q := r.Context(), r.URL.Query()
	v, err := a.arrive(w, r, opLongPoll)
	if err != nil {
		return nil, err
	}
	id := q.Get("connection_id")
	if id == "" {
		if err := a.enter(ctx, v); err != nil {
			return nil, err
		}
		_, first, err := a.Hub.Open(ctx, v.actor.App.ID, v.actor.UserID, v.doc.MemberCustomInclude.Inclusion(), a.greet(ctx, v.actor))
		return &pollResponse{Event: first}, err
	}
	if q.Get("close") == "true" {
		return &pollResponse{}, a.Hub.Close(ctx, v.actor.App.ID, v.actor.UserID, id)
	}
	events, err := a.Hub.Poll(ctx, v.actor.App.ID, v.actor.UserID, id)
	return &pollResponse{Events: events}, err
}

// hi answers the probe with which SDKs warm up their connection.
func (a *API) hi(w http.ResponseWriter, r *http.Request) {
	a.showLimit(r.Context(), w, ratelimit.Request{Operation: "Hi"})
	a.respond(w, r, http.StatusOK, &struct{}{}, time.Now())
}
