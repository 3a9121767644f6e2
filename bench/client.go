package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"chatd/internal/auth"
)

// conn is a lean HTTP/1.1 client with one connection: a request costs it little
// beside what it costs the server.
type conn struct {
	c     net.Conn
	r     *bufio.Reader
	token string // the caller's
	head  string // what his requests share
	buf   []byte
}

// ioPatience bounds every request.
const ioPatience = 30 * time.Second

// dial connects to addr as a user of the bench's app; "" is the server side.
func dial(ctx context.Context, addr, user string) (*conn, error) {
	n, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	c := &conn{c: n, r: bufio.NewReader(n)}
	if err := c.as(user); err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

// as makes the next requests be those of a user; "" is the server side.
func (c *conn) as(user string) error {
	token, err := auth.Sign(appSecret, auth.Claims{UserID: user, Server: user == ""})
	if err != nil {
		return err
	}
	c.token = token
	c.head = " HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nStream-Auth-Type: jwt\r\nAuthorization: " + token + "\r\n"
	return nil
}

func (c *conn) close() { _ = c.c.Close() } // nothing was written that could be lost

// do makes a request and returns the body, which is valid until the next. An
// answer that is not a success is an error; after any other error the connection
// is of no use any more.
func (c *conn) do(method, path string, body []byte) ([]byte, error) {
	sep := "?"
	if strings.Contains(path, "?") {
		sep = "&"
	}
	c.buf = append(c.buf[:0], method...)
	c.buf = append(c.buf, ' ')
	c.buf = append(c.buf, path...)
	c.buf = append(c.buf, sep+"api_key="+appKey...)
	c.buf = append(c.buf, c.head...)
	c.buf = append(c.buf, "Content-Length: "...)
	c.buf = strconv.AppendInt(c.buf, int64(len(body)), 10)
	c.buf = append(append(c.buf, "\r\n\r\n"...), body...)
	if err := c.c.SetDeadline(time.Now().Add(ioPatience)); err != nil {
		return nil, err
	}
	if _, err := c.c.Write(c.buf); err != nil {
		return nil, err
	}
	status, length, err := c.header()
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	c.buf = slices.Grow(c.buf[:0], length)[:length]
	if _, err := io.ReadFull(c.r, c.buf); err != nil {
		return nil, err
	}
	if status/100 != 2 {
		return nil, fmt.Errorf("%s %s: %d %.300s", method, path, status, c.buf)
	}
	return c.buf, nil
}

// header reads an answer's status and headers up to its body, and returns how long
// that is.
func (c *conn) header() (status, length int, err error) {
	length = -1
	for first := true; ; first = false {
		line, err := c.r.ReadSlice('\n')
		if err != nil {
			return 0, 0, err
		}
		line = bytes.TrimRight(line, "\r\n")
		switch name, value, _ := bytes.Cut(line, []byte(":")); {
		case first:
			if len(line) < len("HTTP/1.1 200") {
				return 0, 0, fmt.Errorf("answered %q", line)
			}
			status, err = strconv.Atoi(string(line[9:12]))
		case len(line) == 0 && length < 0:
			return 0, 0, errors.New("the answer does not say how long it is")
		case len(line) == 0:
			return status, length, nil
		case bytes.EqualFold(name, []byte("Content-Length")):
			length, err = strconv.Atoi(string(bytes.TrimSpace(value)))
		}
		if err != nil {
			return 0, 0, err
		}
	}
}
