package realtime

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// newSink returns an open sink on one end of a TCP connection with small buffers,
// and the other end.
func newSink(t *testing.T, queueBytes int, direct bool) (*sink, net.Conn) {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	peer, err := new(net.Dialer).DialContext(t.Context(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	tcp, _ := c.(*net.TCPConn)
	_ = tcp.SetWriteBuffer(16 << 10)
	_ = peer.SetDeadline(time.Now().Add(time.Minute))
	s := &sink{Conn: c, hub: New(Config{QueueBytes: queueBytes})}
	if direct {
		s.raw, err = tcp.SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		_ = peer.Close()
		s.end()
	})
	return s, peer
}

// readFrame reads one frame of a server.
func readFrame(r *bufio.Reader) (op byte, payload []byte, err error) {
	var h [2]byte
	if _, err := io.ReadFull(r, h[:]); err != nil {
		return 0, nil, err
	}
	n := uint64(h[1])
	switch h[1] {
	case 126:
		var b [2]byte
		_, err = io.ReadFull(r, b[:])
		n = uint64(binary.BigEndian.Uint16(b[:]))
	case 127:
		var b [8]byte
		_, err = io.ReadFull(r, b[:])
		n = binary.BigEndian.Uint64(b[:])
	}
	if err != nil {
		return 0, nil, err
	}
	payload = make([]byte, n)
	_, err = io.ReadFull(r, payload)
	return h[0], payload, err
}

// Frames of all sizes from several goroutines and control frames of the library
// arrive whole and, from each of them, in order, although most writes are cut.
func TestFramesStayWhole(t *testing.T) {
	t.Parallel()
	for _, direct := range []bool{true, false} {
		t.Run(fmt.Sprint("direct ", direct), func(t *testing.T) {
			t.Parallel()
			const senders, each = 4, 100
			s, peer := newSink(t, 64<<20, direct)
			var wg sync.WaitGroup
			for id := range senders {
				wg.Go(func() {
					for k := range each {
						body := make([]byte, 8+(k*977)%30_000)
						binary.BigEndian.PutUint32(body, uint32(id))
						binary.BigEndian.PutUint32(body[4:], uint32(k))
						for i := range body[8:] {
							body[8+i] = byte(k)
						}
						s.send(newFrame(opText, body))
					}
				})
			}
			wg.Go(func() {
				for range each {
					if n, err := s.Write(newFrame(opPing)); n != 2 || err != nil {
						t.Errorf("Write = %d, %v", n, err)
					}
				}
			})
			r := bufio.NewReader(peer)
			var next [senders]uint32
			pings := 0
			for range (senders + 1) * each {
				op, body, err := readFrame(r)
				if err != nil {
					t.Fatal(err)
				}
				if op == opPing {
					pings++
					continue
				}
				id, k := binary.BigEndian.Uint32(body), binary.BigEndian.Uint32(body[4:])
				if op != opText || k != next[id] || len(body) != 8+int(k)*977%30_000 {
					t.Fatalf("frame %x of %d: number %d of %d bytes, want %d", op, id, k, len(body), next[id])
				}
				for _, b := range body[8:] {
					if b != byte(k) {
						t.Fatalf("frame %d of %d is mixed up", k, id)
					}
				}
				next[id]++
			}
			wg.Wait()
			if pings != each {
				t.Errorf("%d pings", pings)
			}
			s.mu.Lock()
			defer s.mu.Unlock()
			if len(s.queue) > 0 {
				t.Errorf("%d frames left", len(s.queue))
			}
		})
	}
}

func TestOverflowClosesBehindTheStartedFrame(t *testing.T) {
	t.Parallel()
	for _, direct := range []bool{true, false} {
		t.Run(fmt.Sprint("direct ", direct), func(t *testing.T) {
			t.Parallel()
			s, peer := newSink(t, 100_000, direct)
			body := make([]byte, 30_000)
			for i := 0; s.hub.stats.overflows.Load() == 0; i++ {
				if i > 10_000 {
					t.Fatal("the queue has no bound")
				}
				s.send(newFrame(opText, body))
			}
			r := bufio.NewReader(peer)
			for {
				op, payload, err := readFrame(r)
				if err != nil {
					t.Fatalf("the stream is broken: %v", err)
				}
				if op == opText && len(payload) == len(body) {
					continue
				}
				if op != opClose || binary.BigEndian.Uint16(payload) != uint16(closeOverloaded) {
					t.Errorf("frame %x %q, want close 1013", op, payload)
				}
				break
			}
			s.send(newFrame(opText, body)) // is dropped
			if s.hub.stats.overflows.Load() != 1 {
				t.Error("it overflowed twice")
			}
		})
	}
}

func TestShutWhileWriting(t *testing.T) {
	t.Parallel()
	for range 50 {
		s, peer := newSink(t, 64<<20, true)
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				for range 20 {
					s.send(newFrame(opText, make([]byte, 5000)))
				}
			})
		}
		wg.Go(func() { s.shut(closeRestart, "bye") })
		r := bufio.NewReader(peer)
		for {
			op, payload, err := readFrame(r)
			if err != nil {
				t.Fatal(err)
			}
			if op == opClose {
				if string(payload[2:]) != "bye" {
					t.Errorf("close %q", payload)
				}
				break
			}
			if op != opText || len(payload) != 5000 {
				t.Fatalf("frame %x of %d bytes", op, len(payload))
			}
		}
		wg.Wait()
		s.shut(closeRestart, "again") // is dropped
		_ = peer.Close()
		if _, err := s.Read(make([]byte, 1)); err == nil {
			t.Error("read something")
		}
	}
}

func TestSinkAfterItsEnd(t *testing.T) {
	t.Parallel()
	s, _ := newSink(t, 1<<20, true)
	s.end()
	s.send(newFrame(opText, []byte("x")))
	s.shut(closeNormal, "")
	if _, err := s.Write([]byte("x")); err == nil {
		t.Error("Write did not fail")
	}
	if s.behind() != 0 {
		t.Error("there is a backlog")
	}
	s.end()
}

func TestPeerThatVanishes(t *testing.T) {
	t.Parallel()
	s, peer := newSink(t, 64<<20, true)
	_ = peer.Close()
	for i := 0; ; i++ {
		s.send(newFrame(opText, make([]byte, 10_000)))
		s.mu.Lock()
		dead := s.dead
		s.mu.Unlock()
		if dead {
			break
		}
		if i > 100_000 {
			t.Fatal("it is not noticed")
		}
	}
}

// The same frames for many connections are joined once.
func TestVectorSharesJoinedFrames(t *testing.T) {
	t.Parallel()
	a, b, c := newFrame(opText, []byte("a")), newFrame(opText, []byte("b")), newFrame(opText, []byte("c"))
	v := &vector{}
	first, k := v.join([]frame{a, b})
	if string(first) != "\x81\x01a\x81\x01b" || k != 2 {
		t.Fatalf("joined %q of %d", first, k)
	}
	again, _ := v.join([]frame{a, b})
	if &again[0] != &first[0] || !v.joined([]frame{a, b}) {
		t.Error("joined anew")
	}
	for _, other := range [][]frame{{a, c}, {a, b, c}, {b, a}, {a[1:], b}} {
		if v.joined(other) {
			t.Errorf("%q are taken for others", other)
		}
	}
	if got, _ := v.join([]frame{a, b, c}); string(got) != "\x81\x01a\x81\x01b\x81\x01c" {
		t.Errorf("joined %q", got)
	}
	big := newFrame(opText, make([]byte, joinBytes))
	if got, k := v.join([]frame{big, a}); len(got) != len(big) || k != 1 {
		t.Errorf("%d frames of %d bytes", k, len(got))
	}
	v.reset()
	if v.joined([]frame{a, b}) {
		t.Error("remembered after reset")
	}
}

func TestDirectWritesDoNotWait(t *testing.T) {
	t.Parallel()
	s, _ := newSink(t, 64<<20, true)
	start := time.Now()
	for range 100 { // the peer reads nothing
		s.send(newFrame(opText, make([]byte, 100_000)))
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
	if s.behind() == 0 {
		t.Error("no backlog")
	}
}
