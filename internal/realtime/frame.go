package realtime

import (
	"encoding/binary"
	"strconv"
	"time"
)

// frame is one whole unmasked websocket frame. It is shared by connections and
// never changed.
type frame []byte

// The first byte of the frames that a server sends: FIN, the flag of
// permessage-deflate and the opcode.
const (
	opText     byte = 0x81
	opDeflated byte = 0xc1
	opClose    byte = 0x88
	opPing     byte = 0x89
)

// closeCode is a websocket close code. SDKs take 1000 for the end and reconnect
// after any other.
type closeCode uint16

const (
	closeNormal     closeCode = 1000
	closeGoingAway  closeCode = 1001 // the request was cancelled, or the peer seems dead
	closeRestart    closeCode = 1012 // the server shuts down
	closeOverloaded closeCode = 1013 // the peer reads too slowly
)

// headerSize is the length of the header of a frame with n bytes of payload.
func headerSize(n int) int {
	switch {
	case n < 126:
		return 2
	case n < 1<<16:
		return 4
	}
	return 10
}

// appendHeader appends the header of a frame with n bytes of payload.
func appendHeader(dst []byte, op byte, n int) []byte {
	switch {
	case n < 126:
		return append(dst, op, byte(n)) //nolint:gosec // less than 126
	case n < 1<<16:
		return append(dst, op, 126, byte(n>>8), byte(n)) //nolint:gosec // two bytes
	}
	return binary.BigEndian.AppendUint64(append(dst, op, 127), uint64(n))
}

// newFrame joins the parts of a payload to a frame.
func newFrame(op byte, parts ...[]byte) frame {
	n := 0
	for _, p := range parts {
		n += len(p)
	}
	f := appendHeader(make([]byte, 0, headerSize(n)+n), op, n)
	for _, p := range parts {
		f = append(f, p...)
	}
	return f
}

// payload returns the frame without its header.
func (f frame) payload() []byte {
	switch f[1] {
	case 126:
		return f[4:]
	case 127:
		return f[10:]
	}
	return f[2:]
}

// closeFrame is the frame that ends a connection. The reason is short.
func closeFrame(code closeCode, reason string) frame {
	return newFrame(opClose, binary.BigEndian.AppendUint16(nil, uint16(code)), []byte(reason))
}

// healthFrame is the health.check of a connection.
func healthFrame(connID string, at time.Time) frame {
	b := make([]byte, 0, 160)
	b = append(b, `{"type":"health.check","connection_id":`...)
	b = strconv.AppendQuote(b, connID) // plain ASCII
	b = append(b, `,"cid":"*","created_at":"`...)
	b = at.UTC().AppendFormat(b, time.RFC3339Nano)
	return newFrame(opText, append(b, `"}`...))
}
