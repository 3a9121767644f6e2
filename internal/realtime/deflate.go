package realtime

import (
	"encoding/binary"
	"math"

	"github.com/klauspost/compress/flate"
)

// compressFrom is the payload size from which frames are compressed for
// connections that negotiated permessage-deflate.
const compressFrom = 1 << 10

// byteSink is an append-only writer that cannot fail.
type byteSink []byte

func (s *byteSink) Write(p []byte) (int, error) {
	*s = append(*s, p...)
	return len(p), nil
}

// deflated compresses p to DEFLATE blocks that refer to nothing before them and
// end at a byte boundary, so compressed and stored parts can be joined freely.
func deflated(p []byte) []byte {
	out := make(byteSink, 0, len(p)/2+64)
	_ = flate.StatelessDeflate(&out, p, false, nil) // fails only with its writer
	return out
}

// appendStored appends p as uncompressed DEFLATE blocks.
func appendStored(dst, p []byte) []byte {
	for len(p) > 0 {
		n := min(len(p), math.MaxUint16)
		dst = append(dst, 0) // not the last block, stored
		dst = binary.LittleEndian.AppendUint16(dst, uint16(n))
		dst = binary.LittleEndian.AppendUint16(dst, ^uint16(n))
		dst = append(dst, p[:n]...)
		p = p[n:]
	}
	return dst
}

// deflatedFrame joins DEFLATE parts to a compressed text frame. The last part
// must come from deflated: its final empty block is left out, as
// permessage-deflate asks.
func deflatedFrame(parts ...[]byte) frame {
	last := &parts[len(parts)-1]
	*last = (*last)[:len(*last)-4]
	return newFrame(opDeflated, parts...)
}

// textFrame is a text frame for one connection, compressed if that is worth it.
func textFrame(payload []byte, deflate bool) frame {
	if deflate && len(payload) >= compressFrom {
		return deflatedFrame(deflated(payload))
	}
	return newFrame(opText, payload)
}
