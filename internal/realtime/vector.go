package realtime

import (
	"sync"
	"syscall"
)

// joinBytes bounds what is joined for one write.
const joinBytes = 64 << 10

// vector writes frames to sockets without waiting for them. Connections that are
// to get the same frames share one joined buffer. One goroutine uses it at a time.
type vector struct {
	frames []frame // to write now

	buf   []byte  // joined
	parts []frame // what buf was joined from

	write1 func(fd uintptr) bool
	bytes  []byte
	n      int
	err    error
}

var vectors = sync.Pool{New: func() any { return &vector{} }}

// reset forgets all frames, so that an idle vector keeps none alive.
func (v *vector) reset() {
	clear(v.frames)
	clear(v.parts)
	v.frames, v.parts, v.bytes = v.frames[:0], v.parts[:0], nil
	if cap(v.frames) > 1024 {
		v.frames, v.parts = nil, nil
	}
}

// flush writes to connections to which the caller has the right to write.
func (v *vector) flush(conns []*conn) {
	for _, c := range conns {
		c.flush(v)
	}
	v.reset()
}

// write sends v.frames as far as the socket takes them at once. It returns what
// is left; if cut, the first of that is the rest of a frame.
func (v *vector) write(raw syscall.RawConn) (left []frame, cut bool, err error) {
	left = v.frames
	for len(left) > 0 {
		b, k := v.join(left)
		n, err := v.once(raw, b)
		if err != nil {
			return nil, false, err
		}
		if n == len(b) {
			left = left[k:]
			continue
		}
		for n >= len(left[0]) {
			n -= len(left[0])
			left = left[1:]
		}
		left[0] = left[0][n:]
		return left, n > 0, nil
	}
	return nil, false, nil
}

// join returns the bytes of as many of the first frames as go into one write.
func (v *vector) join(frames []frame) ([]byte, int) {
	if len(frames) == 1 || len(frames[0])+len(frames[1]) > joinBytes {
		return frames[0], 1
	}
	if v.joined(frames) {
		return v.buf, len(v.parts)
	}
	if v.buf == nil {
		v.buf = make([]byte, 0, joinBytes)
	}
	v.buf, v.parts = v.buf[:0], v.parts[:0]
	for _, f := range frames {
		if len(v.buf)+len(f) > joinBytes {
			break
		}
		v.buf = append(v.buf, f...)
		v.parts = append(v.parts, f)
	}
	return v.buf, len(v.parts)
}

// joined tells whether buf holds the first of the frames, and as many as fit.
func (v *vector) joined(frames []frame) bool {
	k := len(v.parts)
	if k == 0 || k > len(frames) || k < len(frames) && len(v.buf)+len(frames[k]) <= joinBytes {
		return false
	}
	for i, f := range v.parts {
		if &f[0] != &frames[i][0] || len(f) != len(frames[i]) {
			return false
		}
	}
	return true
}

// once makes one write call; 0 bytes if the socket is full.
func (v *vector) once(raw syscall.RawConn, b []byte) (int, error) {
	if v.write1 == nil {
		v.write1 = func(fd uintptr) bool {
			v.n, v.err = writeNow(fd, v.bytes)
			return true
		}
	}
	v.bytes = b
	if err := raw.Write(v.write1); err != nil {
		return 0, err
	}
	return v.n, v.err
}
