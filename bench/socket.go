package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
)

// socket is the receiving side of a websocket. A frame that is in its buffer costs
// no allocation and no copy.
type socket struct {
	c    net.Conn
	r    *bufio.Reader
	used int    // bytes of the buffer that belong to the last payload
	big  []byte // the last payload, if the buffer is too small for it
}

// socketBuffer holds a few frames, in bytes.
const socketBuffer = 8 << 10

// upgrade opens a websocket at addr.
func upgrade(ctx context.Context, addr, path string) (*socket, error) {
	c, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	s := &socket{c: c, r: bufio.NewReaderSize(c, socketBuffer)}
	if err := s.handshake(path); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *socket) close() { _ = s.c.Close() } // nothing was written that could be lost

func (s *socket) handshake(path string) error {
	const key = "YmVuY2gtYmVuY2gta2V5IQ==" // any 16 bytes: nothing of the answer is believed
	_, err := fmt.Fprintf(s.c, "GET %s HTTP/1.1\r\nHost: bench\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n\r\n", path, key)
	if err != nil {
		return err
	}
	for first := true; ; first = false {
		line, err := s.r.ReadString('\n')
		switch {
		case err != nil:
			return err
		case first && !strings.HasPrefix(line, "HTTP/1.1 101 "):
			return fmt.Errorf("upgrade: answered %q", line)
		case line == "\r\n":
			return nil
		}
	}
}

// The kinds of frames.
const (
	opText  = 1
	opClose = 8
	opPing  = 9
	opPong  = 10
)

// errClosed is what next returns when the server has closed the socket.
var errClosed = errors.New("closed by the server")

// next returns the next message, which is valid until the next call, and answers
// pings before it.
func (s *socket) next() ([]byte, error) {
	for {
		op, p, err := s.frame()
		if err != nil {
			return nil, err
		}
		switch op {
		case opText:
			return p, nil
		case opPing:
			err = s.pong(p)
		case opPong:
		case opClose:
			return nil, errClosed
		default:
			return nil, fmt.Errorf("frame of kind %d", op)
		}
		if err != nil {
			return nil, err
		}
	}
}

// frame reads a frame, which must be a whole message.
func (s *socket) frame() (op int, payload []byte, err error) {
	if _, err := s.r.Discard(s.used); err != nil {
		return 0, nil, err
	}
	s.used = 0
	h, err := s.take(2)
	if err != nil {
		return 0, nil, err
	}
	if h[0]&0x80 == 0 {
		return 0, nil, errors.New("a fragment")
	}
	op = int(h[0] & 15)
	n := int(h[1] & 127)
	switch n {
	case 126:
		if h, err = s.take(2); err == nil {
			n = int(binary.BigEndian.Uint16(h))
		}
	case 127:
		if h, err = s.take(8); err == nil {
			n = int(binary.BigEndian.Uint32(h[4:])) // 4 GB are enough
		}
	}
	if err != nil {
		return 0, nil, err
	}
	if n <= s.r.Size() {
		s.used = n
		payload, err = s.r.Peek(n)
		return op, payload, err
	}
	s.big = slices.Grow(s.big[:0], n)[:n]
	_, err = io.ReadFull(s.r, s.big)
	return op, s.big, err
}

// take returns n bytes and moves on; they are valid until the next read.
func (s *socket) take(n int) ([]byte, error) {
	p, err := s.r.Peek(n)
	if err != nil {
		return nil, err
	}
	_, err = s.r.Discard(n) // cannot fail: they are there
	return p, err
}

// pong answers a ping. Clients mask what they send; the mask is zero.
func (s *socket) pong(p []byte) error {
	frame := append([]byte{0x80 | opPong, 0x80 | byte(len(p)&127), 0, 0, 0, 0}, p...)
	_, err := s.c.Write(frame)
	return err
}
