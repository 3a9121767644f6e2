package httpapi_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"chatd/internal/testkit"
)

// cast are the connections to which an event about one channel can go, or not:
//
//	ann    who does what is done, and watches
//	ann2   hers, on another device that does not watch
//	bob    a member who watches
//	cat    a member who does not
//	dan    a pending invitee, who asked to watch
//	eve    an admin, no member, who watches
//	fay    a stranger
//	gus    a stranger who asked for the presence of all of them
type cast struct {
	*testkit.Server

	t       *testing.T
	path    string // of the channel
	sockets map[string]*testkit.Socket
}

// newCast makes the channel room of a type, with a clean slate for its cast.
func newCast(t *testing.T, s *testkit.Server, channelType string) *cast {
	t.Helper()
	c := &cast{Server: s, t: t, path: s.Channel(channelType, "room", "ann", "bob", "cat"), sockets: map[string]*testkit.Socket{}}
	s.Users("dan", "eve", "fay", "gus")
	s.Server().Patch("/users", `{"users":[{"id":"eve","set":{"role":"admin"}}]}`).OK()
	s.Server().Post(c.path, `{"invites":["dan"]}`).OK()
	for _, name := range []string{"ann", "ann2", "bob", "cat", "dan", "eve", "fay", "gus"} {
		c.sockets[name] = s.As(strings.TrimSuffix(name, "2")).Connect()
	}
	for _, name := range []string{"ann", "bob", "dan", "eve"} {
		c.sockets[name].Client.Post(c.path+"/query", `{"state":true,"watch":true}`).OK()
	}
	c.sockets["gus"].Client.Get(find(`{"filter_conditions":{"id":{"$in":["ann","bob","cat","dan","eve","fay"]}},"presence":true}`)).OK()
	c.told()
	return c
}

// scene is something that is done, and what the cast is told of it, and nothing else.
type scene struct {
	exchange

	// told are a type of event each, and the connections that get it: one that gets two is
	// named twice.
	told []string
	// order is the one in which those who get several of these types get them.
	order string
	// fields are by "connection/type path", or "type path" for all who got it; "null" is
	// a field that is not there.
	fields map[string]string
}

// play plays scenes one after the other. What is late in one is too much in the next.
func (c *cast) play(scenes ...scene) {
	c.t.Helper()
	for _, x := range scenes {
		exchangeAll(c.t, c.Server, []exchange{x.exchange})
		got := c.told()
		c.compare(x, got)
		for at, want := range x.fields {
			who, path, _ := strings.Cut(at, " ")
			c.field(x, got, who, path, want)
		}
	}
}

// told returns what each connection was told until now.
func (c *cast) told() map[string][]*testkit.Event {
	c.t.Helper()
	const end = "end_of_scene"
	users := map[string]bool{}
	for name := range c.sockets {
		users[strings.TrimSuffix(name, "2")] = true
	}
	c.Settle()
	for id := range users {
		c.Server.Server().Post("/users/"+id+"/event", `{"event":{"type":"`+end+`"}}`).OK()
	}
	got := map[string][]*testkit.Event{}
	for name, socket := range c.sockets {
		for e := socket.Next(); e.Type != end; e = socket.Next() {
			if e.Type != "health.check" { // comes by the clock
				complete(c.t, e)
				got[name] = append(got[name], e)
			}
		}
	}
	return got
}

// compare compares who was told of what, in which order.
func (c *cast) compare(x scene, got map[string][]*testkit.Event) {
	c.t.Helper()
	by := map[string][]string{}
	for name, events := range got {
		place := -1
		for _, e := range events {
			by[e.Type] = append(by[e.Type], name)
			if at := slices.Index(strings.Fields(x.order), e.Type); at >= 0 {
				if at < place {
					c.t.Errorf("%s: %s got %s too late", x.name, name, e.Type)
				}
				place = at
			}
		}
	}
	want := map[string]string{}
	for _, line := range x.told {
		typ, names, _ := strings.Cut(line, ":")
		want[typ] = strings.Join(slices.Sorted(strings.FieldsSeq(names)), " ")
	}
	for _, typ := range slices.Sorted(maps.Keys(by)) {
		slices.Sort(by[typ])
		if names := strings.Join(by[typ], " "); names != want[typ] {
			c.t.Errorf("%s: %s: got it: %q, want: %q", x.name, typ, names, want[typ])
		}
		delete(want, typ)
	}
	for typ, names := range want {
		c.t.Errorf("%s: %s: nobody got it, want: %q", x.name, typ, names)
	}
}

// field compares a field of the events of one type that one connection got, or all.
func (c *cast) field(x scene, got map[string][]*testkit.Event, who, path, want string) {
	c.t.Helper()
	name, typ, one := strings.Cut(who, "/")
	if !one {
		typ = who
	}
	n := 0
	for _, of := range slices.Sorted(maps.Keys(got)) {
		for _, e := range got[of] {
			if e.Type == typ && (!one || of == name) {
				n++
				e.Want(path, want)
			}
		}
	}
	if n == 0 {
		c.t.Errorf("%s: no %s to have %s", x.name, who, path)
	}
}
