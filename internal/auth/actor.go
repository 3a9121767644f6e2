package auth

import (
	"context"
	"strings"

	"chatd/internal/chat"
)

// Actor is who a request acts for.
type Actor struct {
	App *chat.App
	// User is the acting user as stored; nil for a server-side call that names
	// none, and for an anonymous caller.
	User *chat.User
	// UserID is the acting user's id; "" for a server-side call that names none.
	UserID string
	// Server is true for calls with the app's own token: no permission checks, no
	// slow mode, no rate limit per user. It stays true when such a call acts for
	// a user.
	Server bool
	// Anonymous is true for callers without a token, who only read.
	Anonymous bool
	// Platform is one of the Platform constants.
	Platform string
	// Request is the request itself; nil outside of one.
	Request Request
}

// Request tells of a request what hooks and links need to know.
type Request interface {
	// Info tells where it came from.
	Info() *chat.RequestInfo
	// Origin is where the caller reached this server: https://host.
	Origin() string
}

// RequestInfo tells where the request of the actor came from.
func (a *Actor) RequestInfo() *chat.RequestInfo {
	info := &chat.RequestInfo{}
	if a.Request != nil {
		info = a.Request.Info()
	}
	info.Type = "client"
	if a.Server {
		info.Type = "server"
	}
	return info
}

// Origin is where the actor reached this server, as https://host; "" outside of a
// request.
func (a *Actor) Origin() string {
	if a.Request == nil {
		return ""
	}
	return a.Request.Origin()
}

type actorKey struct{}

// WithActor returns a context that carries the actor.
func WithActor(ctx context.Context, a *Actor) context.Context {
	return context.WithValue(ctx, actorKey{}, a)
}

// FromContext returns the actor that WithActor put there; nil on routes that need
// no credentials.
func FromContext(ctx context.Context) *Actor {
	a, _ := ctx.Value(actorKey{}).(*Actor)
	return a
}

// The platforms, each with a rate limit budget of its own.
const (
	PlatformServer  = "server"
	PlatformAndroid = "android"
	PlatformIOS     = "ios"
	PlatformWeb     = "web"
	PlatformUnity   = "unity"
)

// Platform tells the platform of a caller from the name that his SDK gives itself
// (X-Stream-Client), as "stream-chat-swift-v4" or "stream-chat-flutter-v9|os=Android 14".
// Server-side callers are PlatformServer whatever they say; who says nothing of a
// phone is PlatformWeb.
func Platform(client string, server bool) string {
	if server {
		return PlatformServer
	}
	client = strings.ToLower(client)
	// The system that it runs on, where it is told, decides: some SDKs run on all.
	if _, system, ok := strings.Cut(client, "os="); ok {
		system, _, _ = strings.Cut(system, "|")
		if p := platformNamed(system); p != PlatformWeb {
			return p
		}
	}
	return platformNamed(client)
}

// names are the words that give a platform away.
var names = []struct{ word, platform string }{
	{"android", PlatformAndroid},
	{"ios", PlatformIOS},
	{"ipados", PlatformIOS},
	{"iphone", PlatformIOS},
	{"swift", PlatformIOS},
	{"unity", PlatformUnity},
}

func platformNamed(s string) string {
	for _, n := range names {
		if startsWord(s, n.word) {
			return n.platform
		}
	}
	return PlatformWeb
}

// startsWord tells whether a word of s starts so: "ios" is in "chat-ios17", not in
// "axios".
func startsWord(s, word string) bool {
	for {
		i := strings.Index(s, word)
		if i < 0 {
			return false
		}
		if i == 0 || s[i-1] < 'a' || s[i-1] > 'z' {
			return true
		}
		s = s[i+len(word):]
	}
}

// Unchecked tells whether nothing is forbidden to the actor: the server side, and
// everybody in an app that switched permission checks off.
func (a *Actor) Unchecked() bool { return a.Server || a.App.Settings.DisablePermissionsChecks }
