package httpapi_test

import (
	"testing"

	"chatd/internal/testkit"
)

func TestWatching(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := s.Channel("messaging", "room", "ann", "bob")
	ann, bob, tab := s.As("ann").Connect(), s.As("bob").Connect(), s.As("bob").Connect()
	ann.Watch(path).Want("watcher_count", "1").Want("watchers.0.id", `"ann"`)
	bob.Watch(path).Want("watcher_count", "2").Want("watchers.#", "2")
	ann.Expect("user.watching.start").Want("user.id", `"bob"`).Want("watcher_count", "2").Want("cid", `"messaging:room"`)
	tab.Watch(path).Want("watcher_count", "2") // another connection of one who watches
	tab.Client.Post(path+"/stop-watching", `{}`).OK()
	bob.Client.Post(path+"/stop-watching", `{}`).OK()
	ann.Expect("user.watching.stop").Want("user.id", `"bob"`).Want("watcher_count", "1")
	bob.Quiet("user.watching.start", "user.watching.stop")
	s.As("bob").Post(path+"/query", `{}`).OK().Want("watcher_count", "1").Want("watchers.#", "1")
	bob.Watch(path)
	ann.Expect("user.watching.start")
	bob.Close()
	ann.Expect("user.watching.stop").Want("user.id", `"bob"`).Want("watcher_count", "1")
}

func TestWatchersOfAnOpenChannel(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := s.Channel("livestream", "live", "ann")
	s.Channel("livestream", "live2", "ann")
	ann, visitor := s.As("ann").Connect(), s.Anonymous().Connect()
	ann.Watch(path)
	visitor.Watch(path).Want("watcher_count", "2")
	ann.Expect("user.watching.start").Want("watcher_count", "2").Want("user.role", `"anonymous"`)
	s.As("ann").Post(path+"/query", `{"watchers":{"limit":1}}`).OK().Want("watchers.#", "1")
	s.As("ann").Post(path+"/query", `{"watchers":{"limit":2}}`).OK().Want("watchers.0.role", `"anonymous"`)
	dan := s.As("dan").Connect()
	dan.Client.Post("/channels", `{"filter_conditions":{"type":"livestream"},"watch":true}`).OK().Want("channels.0.watcher_count", "1").Want("channels.1.watcher_count", "3")
	ann.Expect("user.watching.start").Want("user.id", `"dan"`)
	s.As("dan").Post(path+"/stop-watching", `{}`).Fails(400, 4, "connection_id")
	s.Server().Post(path+"/stop-watching", `{}`).Fails(400, 4, "connection")
}

func TestNobodyIsToldOfWatchersWhereConnectEventsAreOff(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	s.Server().Post("/channeltypes", `{"name":"calm","automod":"disabled","automod_behavior":"flag","max_message_length":500,"connect_events":false}`).OK()
	path := s.Channel("calm", "room", "ann", "bob")
	ann, bob := s.As("ann").Connect(), s.As("bob").Connect()
	ann.Watch(path)
	bob.Watch(path).Want("watcher_count", "2")
	bob.Client.Post(path+"/stop-watching", `{}`).OK()
	ann.Quiet("user.watching.start", "user.watching.stop")
}
