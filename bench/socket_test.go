package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"strings"
	"testing"
)

// frameOf encodes a frame as servers do.
func frameOf(first byte, payload string) []byte {
	f := []byte{first}
	switch n := len(payload); {
	case n < 126:
		f = append(f, byte(n))
	case n < 1<<16:
		f = binary.BigEndian.AppendUint16(append(f, 126), uint16(n))
	default:
		f = binary.BigEndian.AppendUint64(append(f, 127), uint64(n))
	}
	return append(f, payload...)
}

func TestSocket(t *testing.T) {
	t.Parallel()
	const text, ping, pong, closing = 0x81, 0x89, 0x8a, 0x88
	long, huge := strings.Repeat("m", 5000), strings.Repeat("h", 200_000)
	for _, tt := range []struct {
		name   string
		frames [][]byte
		want   []string
		pongs  string
		err    string
	}{
		{"short ones", [][]byte{frameOf(text, "a"), frameOf(text, ""), frameOf(text, "bc")}, []string{"a", "", "bc"}, "", "EOF"},
		{"all sizes", [][]byte{frameOf(text, long), frameOf(text, huge), frameOf(text, long), frameOf(text, "x")}, []string{long, huge, long, "x"}, "", "EOF"},
		{"control frames", [][]byte{frameOf(ping, "p1"), frameOf(pong, ""), frameOf(text, "a"), frameOf(closing, "\x03\xe8")}, []string{"a"}, "p1", "closed by the server"},
		{"a fragment", [][]byte{frameOf(0x01, "a")}, nil, "", "fragment"},
		{"binary", [][]byte{frameOf(0x82, "a")}, nil, "", "kind 2"},
		{"cut off", [][]byte{frameOf(text, "abc")[:3]}, nil, "", "EOF"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ours, theirs := net.Pipe()
			answers := make(chan []byte, 1)
			go func() { // ends with the pipe
				b, _ := io.ReadAll(theirs)
				answers <- b
			}()
			go func() {
				_, _ = theirs.Write(bytes.Join(tt.frames, nil))
				if tt.pongs == "" { // else it is open until the answer is read
					_ = theirs.Close()
				}
			}()
			s := &socket{c: ours, r: bufio.NewReaderSize(ours, socketBuffer)}
			var err error
			for i := 0; ; i++ {
				var p []byte
				if p, err = s.next(); err != nil {
					if i != len(tt.want) {
						t.Errorf("%d messages, want %d", i, len(tt.want))
					}
					break
				}
				if i >= len(tt.want) || string(p) != tt.want[i] {
					t.Fatalf("message %d is %.50q (%d bytes)", i, p, len(p))
				}
			}
			if !strings.Contains(err.Error(), tt.err) {
				t.Errorf("error = %v, want %q", err, tt.err)
			}
			s.close()
			if got := <-answers; len(tt.pongs) > 0 && string(got) != string([]byte{0x8a, 0x80 | byte(len(tt.pongs)), 0, 0, 0, 0})+tt.pongs {
				t.Errorf("answered %q", got)
			}
		})
	}
}
