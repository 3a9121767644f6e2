// Package sdktest uses chatd through the official Go SDK, as a back end does.
package sdktest

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"os"
	"testing"

	stream "github.com/GetStream/stream-chat-go/v7"
)

// client returns a client of the server under test.
func client(t *testing.T) *stream.Client {
	t.Helper()
	key, secret, url := os.Getenv("STREAM_KEY"), os.Getenv("STREAM_SECRET"), os.Getenv("STREAM_URL")
	if key == "" || secret == "" || url == "" {
		t.Fatal("STREAM_URL, STREAM_KEY and STREAM_SECRET must be set")
	}
	c, err := stream.NewClient(key, secret)
	if err != nil {
		t.Fatal(err)
	}
	c.BaseURL = url
	return c
}

// id is a fresh identifier, so tests never meet.
func id(name string) string {
	b := make([]byte, 4)
	if _, err := rand.Read(b); err != nil {
		panic(err)
	}
	return name + "-" + hex.EncodeToString(b)
}

// people creates users and returns their ids.
func people(t *testing.T, c *stream.Client, names ...string) []string {
	t.Helper()
	users, ids := make([]*stream.User, len(names)), make([]string, len(names))
	for i, n := range names {
		ids[i] = id(n)
		users[i] = &stream.User{ID: ids[i], Name: n}
	}
	if _, err := c.UpsertUsers(t.Context(), users...); err != nil {
		t.Fatal(err)
	}
	return ids
}

// room creates a messaging channel of these users; the first is its creator.
func room(t *testing.T, c *stream.Client, members ...string) *stream.Channel {
	t.Helper()
	resp, err := c.CreateChannelWithMembers(t.Context(), "messaging", id("room"), members[0], members...)
	if err != nil {
		t.Fatal(err)
	}
	return resp.Channel
}

// say sends a text.
func say(t *testing.T, ch *stream.Channel, user, text string) *stream.Message {
	t.Helper()
	resp, err := ch.SendMessage(t.Context(), &stream.Message{Text: text}, user)
	if err != nil {
		t.Fatal(err)
	}
	return resp.Message
}

// must fails the test on an error.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// refused fails the test unless err is the API's error with this code.
func refused(t *testing.T, err error, code int) {
	t.Helper()
	var e stream.Error
	if !errors.As(err, &e) {
		t.Fatalf("error = %v, want code %d", err, code)
	}
	if e.Code != code {
		t.Fatalf("code = %d (%s), want %d", e.Code, e.Message, code)
	}
}
