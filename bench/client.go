package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"chatd/internal/auth"
)

// conn is a lean HTTP/1.1 client: a request costs it little beside what it costs
// the server.
type conn struct {
	c    net.Conn
	r    *bufio.Reader
	head string // what all requests share
	buf  []byte
}

// ioPatience bounds every read and write.
const ioPatience = 30 * time.Second

// dial connects to addr as a user of the bench's app; "" is the server side.
func dial(ctx context.Context, addr, user string) (*conn, error) {
	claims := auth.Claims{UserID: user, Server: user == ""}
	token, err := auth.Sign(appSecret, claims)
	if err != nil {
		return nil, err
	}
	c, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	return &conn{c: c, r: bufio.NewReader(c), head: " HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nStream-Auth-Type: jwt\r\nAuthorization: " + token + "\r\n"}, nil
}

func (c *conn) close() { _ = c.c.Close() }

// do makes a request and returns the body, which is valid until the next.
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
	return c.answer(method + " " + path)
}

func (c *conn) answer(what string) ([]byte, error) {
	status, length := 0, 0
	for {
		line, err := c.r.ReadSlice('\n')
		if err != nil {
			return nil, err
		}
		line = bytes.TrimRight(line, "\r\n")
		switch {
		case len(line) == 0:
			c.buf = append(c.buf[:0], make([]byte, length)...)
			if _, err := io.ReadFull(c.r, c.buf); err != nil {
				return nil, err
			}
			if status >= 300 {
				return nil, fmt.Errorf("%s: %d %.300s", what, status, c.buf)
			}
			return c.buf, nil
		case status == 0:
			if f := bytes.Fields(line); len(f) > 1 {
				status, _ = strconv.Atoi(string(f[1]))
			}
		default:
			if v, ok := bytes.CutPrefix(bytes.ToLower(line), []byte("content-length: ")); ok {
				length, _ = strconv.Atoi(string(v))
			}
		}
	}
}

// socket is a websocket that counts what arrives.
type socket struct {
	c net.Conn
	r *bufio.Reader
}

// upgrade opens a websocket at addr.
func upgrade(ctx context.Context, addr, path string) (*socket, error) {
	c, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	key := base64.StdEncoding.EncodeToString([]byte("bench-bench-key!"))
	_, err = fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: bench\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n\r\n", path, key)
	if err != nil {
		return nil, err
	}
	s := &socket{c: c, r: bufio.NewReaderSize(c, 16<<10)}
	for first := true; ; first = false {
		line, err := s.r.ReadString('\n')
		if err != nil {
			return nil, err
		}
		if first && !strings.Contains(line, "101") {
			return nil, errors.New(line)
		}
		if line == "\r\n" {
			return s, nil
		}
	}
}

// next returns the next frame's payload.
func (s *socket) next() ([]byte, error) {
	var h [2]byte
	if _, err := io.ReadFull(s.r, h[:]); err != nil {
		return nil, err
	}
	n := int(h[1] & 127)
	if n >= 126 {
		var ext [8]byte
		size := 2
		if n == 127 {
			size = 8
		}
		if _, err := io.ReadFull(s.r, ext[:size]); err != nil {
			return nil, err
		}
		n = 0
		for _, b := range ext[:size] {
			n = n<<8 | int(b)
		}
	}
	p := make([]byte, n)
	_, err := io.ReadFull(s.r, p)
	return p, err
}
