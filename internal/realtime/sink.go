package realtime

import (
	"bytes"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	writeTimeout = 30 * time.Second // for a chunk of a backlog
	writeChunk   = 64 << 10         // bytes of a backlog written at once
	closeTimeout = 5 * time.Second  // for the peer to answer a close frame
)

// sink is the sending side of a connection: a queue of whole frames bounded by
// bytes, and the right to write, which one goroutine has at a time (busy). Who
// pushes the first frame into an idle sink gets that right and must flush.
//
// It is also the net.Conn that the websocket library writes its control frames
// to and reads from.
type sink struct {
	net.Conn                 // nil for a long-poll
	raw      syscall.RawConn // nil if the socket cannot be written without waiting, as under TLS
	hub      *Hub
	wake     chan struct{} // for a long-poll: something changed
	seen     atomic.Int32  // the health round in which the peer was heard last; 0: never
	writer   sync.WaitGroup

	mu      sync.Mutex
	queue   []frame
	size    int  // bytes in the queue and in the writer's hands
	busy    bool // somebody has the right to write
	backlog bool // the peer does not keep up: the limit counts
	cut     bool // the queue's first frame is the rest of one
	closing bool // the close frame is queued; nothing more is taken
	dead    bool // nothing more is written
}

// push queues a frame. It returns true if the caller got the right to write and
// must call flush, and the size of the backlog that the frame has to wait for.
func (s *sink) push(f frame) (own bool, behind int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing || s.dead {
		return false, 0
	}
	if s.backlog && s.size+len(f) > s.hub.cfg.QueueBytes {
		s.hub.stats.overflows.Add(1)
		s.close(closeOverloaded, "too slow")
		return false, 0
	}
	if s.backlog {
		behind = s.size
	}
	s.queue = append(s.queue, f)
	s.size += len(f)
	if s.wake != nil {
		s.signal()
		return false, 0
	}
	own = !s.busy
	s.busy = true
	return own, behind
}

// behind returns the size of the backlog.
func (s *sink) behind() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.backlog {
		return 0
	}
	return s.size
}

// send queues a frame and writes it if nobody else is writing.
func (s *sink) send(f frame) {
	if own, _ := s.push(f); own {
		s.flushAlone()
	}
}

func (s *sink) flushAlone() {
	v, _ := vectors.Get().(*vector)
	s.flush(v)
	v.reset()
	vectors.Put(v)
}

// pushAndFlush is send for callers with a vector.
func (s *sink) pushAndFlush(f frame, v *vector) {
	if own, _ := s.push(f); own {
		s.flush(v)
	}
}

// flush writes what is queued without waiting. What the socket does not take is
// left to a writer. The caller has the right to write and gives it up.
func (s *sink) flush(v *vector) {
	for {
		s.mu.Lock()
		if len(s.queue) == 0 || s.dead {
			s.busy = false
			s.mu.Unlock()
			return
		}
		if s.raw == nil {
			s.startWriter()
			s.mu.Unlock()
			return
		}
		size := s.size
		v.frames = append(v.frames[:0], s.queue...)
		s.cut = false
		s.emptyQueue()
		s.mu.Unlock()

		left, cut, err := v.write(s.raw)
		if err != nil {
			s.kill()
			return
		}
		if len(left) > 0 {
			s.putBack(left, cut)
			return
		}
		s.mu.Lock()
		s.size -= size
		s.mu.Unlock()
	}
}

// emptyQueue forgets the queued frames and keeps only a small slice for the next.
func (s *sink) emptyQueue() {
	clear(s.queue)
	s.queue = s.queue[:0]
	if cap(s.queue) > 4 {
		s.queue = nil
	}
}

// putBack returns frames that the socket did not take to the front of the queue
// and leaves them to a writer.
func (s *sink) putBack(left []frame, cut bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dead {
		s.busy = false
		return
	}
	if s.closing && len(s.queue) > 0 { // it is the close frame; only a started frame goes before it
		if !cut {
			left = nil
		} else {
			left = left[:1]
		}
	}
	s.queue = append(append(make([]frame, 0, len(left)+len(s.queue)), left...), s.queue...)
	s.cut = cut
	s.size = 0
	for _, f := range s.queue {
		s.size += len(f)
	}
	s.startWriter()
}

// startWriter hands the right to write to a new goroutine. s.mu is held.
func (s *sink) startWriter() {
	s.backlog = true
	s.writer.Go(s.drain)
}

// drain writes the backlog, waiting for the peer, until nothing is left.
func (s *sink) drain() {
	for {
		s.mu.Lock()
		if len(s.queue) == 0 || s.dead {
			_ = s.SetWriteDeadline(time.Time{})
			s.busy, s.backlog = false, false
			s.mu.Unlock()
			return
		}
		chunk := s.takeChunk()
		s.mu.Unlock()

		_ = s.SetWriteDeadline(time.Now().Add(writeTimeout))
		n, err := chunk.WriteTo(s.Conn)
		if err != nil {
			s.kill()
			return
		}
		s.mu.Lock()
		s.size -= int(n)
		s.mu.Unlock()
	}
}

// takeChunk moves the first frames of the queue into one write. s.mu is held.
func (s *sink) takeChunk() net.Buffers {
	var chunk net.Buffers
	n := 0
	for _, f := range s.queue {
		if n > 0 && n+len(f) > writeChunk {
			break
		}
		n += len(f)
		chunk = append(chunk, f)
	}
	s.queue = append(s.queue[:0:0], s.queue[len(chunk):]...)
	s.cut = false
	return chunk
}

// shut ends the connection with a close frame. What the peer has not been sent
// yet is dropped.
func (s *sink) shut(code closeCode, reason string) {
	s.mu.Lock()
	own := s.close(code, reason)
	s.mu.Unlock()
	if own {
		s.flushAlone()
	}
}

// close replaces the queue by a close frame and gives the peer a moment to
// answer. It returns true if the caller got the right to write. s.mu is held.
func (s *sink) close(code closeCode, reason string) bool {
	if s.closing || s.dead {
		return false
	}
	s.closing = true
	if s.wake != nil {
		s.queue, s.size = nil, 0
		s.signal()
		return false
	}
	queue := make([]frame, 0, 2)
	if s.cut {
		queue = append(queue, s.queue[0])
	}
	s.queue = append(queue, closeFrame(code, reason))
	_ = s.SetReadDeadline(time.Now().Add(closeTimeout)) // ends Serve if the peer does not
	own := !s.busy
	s.busy = true
	return own
}

// kill ends the connection at once: its reader and its writer fail.
func (s *sink) kill() {
	s.mu.Lock()
	s.dead, s.busy = true, false
	s.queue, s.size = nil, 0
	s.mu.Unlock()
	if s.Conn != nil {
		_ = s.Close()
	}
}

// end kills the connection and waits for its writer.
func (s *sink) end() {
	s.kill()
	s.writer.Wait()
}

func (s *sink) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Write queues what the websocket library writes, which is always one whole
// control frame, and lies about having written it.
func (s *sink) Write(p []byte) (int, error) {
	s.mu.Lock()
	dead := s.dead
	s.mu.Unlock()
	if dead {
		return 0, net.ErrClosed
	}
	s.send(bytes.Clone(p))
	return len(p), nil
}

// Read notes that the peer was heard.
func (s *sink) Read(p []byte) (int, error) {
	n, err := s.Conn.Read(p)
	if n > 0 {
		s.seen.Store(s.hub.round.Load())
	}
	return n, err
}
