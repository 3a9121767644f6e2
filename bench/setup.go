package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
)

// text is what messages say: about as much as people write, at most.
var text = strings.Repeat("the quick brown fox jumps over the lazy dog; ", 4)

// made numbers what a bench makes, so that rounds never share channels.
var made atomic.Int64

// channels makes n channels that users are members of, and returns their paths and
// the users' ids.
func (b *bench) channels(ctx context.Context, n, users int) (paths, ids []string, err error) {
	tag := fmt.Sprintf("b%d", made.Add(1))
	for i := range users {
		ids = append(ids, fmt.Sprintf("%s-user-%d", tag, i))
	}
	c, err := dial(ctx, b.chatd.addr, "")
	if err != nil {
		return nil, nil, err
	}
	defer c.close()
	if err := makeUsers(c, ids); err != nil {
		return nil, nil, err
	}
	for i := range n {
		path := fmt.Sprintf("/channels/messaging/%s-%d", tag, i)
		if err := makeChannel(c, path, ids); err != nil {
			return nil, nil, err
		}
		paths = append(paths, path)
	}
	return paths, ids, nil
}

// perRequest is how many users or members a request may name.
const perRequest = 100

func makeUsers(c *conn, ids []string) error {
	for part := range slices.Chunk(ids, perRequest) {
		var body strings.Builder
		for i, id := range part {
			if i > 0 {
				body.WriteByte(',')
			}
			fmt.Fprintf(&body, `"%s":{"id":"%s","name":"%s"}`, id, id, id)
		}
		if _, err := c.do("POST", "/users", []byte(`{"users":{`+body.String()+`}}`)); err != nil {
			return err
		}
	}
	return nil
}

func makeChannel(c *conn, path string, members []string) error {
	first := members[:min(len(members), perRequest)]
	body := fmt.Sprintf(`{"data":{"created_by_id":"%s","members":["%s"]},"state":false}`, members[0], strings.Join(first, `","`))
	if _, err := c.do("POST", path+"/query", []byte(body)); err != nil {
		return err
	}
	for part := range slices.Chunk(members[len(first):], perRequest) {
		if _, err := c.do("POST", path, []byte(`{"add_members":["`+strings.Join(part, `","`)+`"]}`)); err != nil {
			return err
		}
	}
	return nil
}

// plainMessage is the body of a send.
var plainMessage = []byte(`{"message":{"text":"` + text + `"}}`)

// sendTo sends a message.
func sendTo(c *conn, path string) error {
	_, err := c.do("POST", path+"/message", plainMessage)
	return err
}
