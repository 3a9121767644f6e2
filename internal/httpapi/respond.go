package httpapi

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"

	"chatd/internal/wire"
)

// respond encodes a response, adds its duration and sends it.
func (a *API) respond(w http.ResponseWriter, r *http.Request, status int, resp any, started time.Time) {
	b := wire.Borrow()
	defer wire.Return(b)
	if err := wire.Write(b, resp); err != nil {
		a.fail(w, r, "Encode", err, started)
		return
	}
	body, e := b.Bytes(), entryOf(r.Context())
	if e.newer {
		newer, err := wire.Newer(body, resp)
		if err != nil {
			a.fail(w, r, "Encode", err, started)
			return
		}
		body = newer
	}
	body = a.Links.Sign(e.app, body)
	body = body[:len(body)-1]
	if len(body) > 1 {
		body = append(body, ',')
	}
	body = append(body, `"duration":"`...)
	body = append(body, duration(time.Since(started))...)
	a.write(w, r, status, append(body, `"}`...))
}

// minCompress is the size, in bytes, from which compressing a body pays.
const minCompress = 1400

// write sends a JSON body, compressed when the client takes that and it pays.
func (a *API) write(w http.ResponseWriter, r *http.Request, status int, body []byte) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	if len(body) >= minCompress {
		h.Add("Vary", "Accept-Encoding")
		if enc := encoding(r.Header.Get("Accept-Encoding")); enc != nil {
			h.Set("Content-Encoding", enc.name)
			buf := wire.Borrow()
			defer wire.Return(buf)
			enc.compress(buf, body)
			body = buf.Bytes()
		}
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) //nolint:gosec // G705: JSON under its content type; a client that is gone cannot be told so
}

// encoder is a way to compress bodies.
type encoder struct {
	name     string
	compress func(dst *bytes.Buffer, src []byte)
}

var (
	gzips = sync.Pool{New: func() any { w, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed); return w }}
	zlibs = sync.Pool{New: func() any { w, _ := zlib.NewWriterLevel(nil, zlib.BestSpeed); return w }}

	gzipped  = &encoder{"gzip", func(dst *bytes.Buffer, src []byte) { compress(&gzips, dst, src) }}
	deflated = &encoder{"deflate", func(dst *bytes.Buffer, src []byte) { compress(&zlibs, dst, src) }}
)

// resetWriter is what the writers of both formats share.
type resetWriter interface {
	io.WriteCloser
	Reset(w io.Writer)
}

// compress runs src through a pooled writer; writes to a buffer cannot fail.
func compress(pool *sync.Pool, dst *bytes.Buffer, src []byte) {
	z := pool.Get().(resetWriter) //nolint:forcetypeassert // the pools' New make such
	defer pool.Put(z)
	z.Reset(dst)
	_, _ = z.Write(src)
	_ = z.Close()
}

// encoding picks the encoding for an Accept-Encoding header, gzip before deflate;
// nil for none.
func encoding(accept string) *encoder {
	var best *encoder
	for part := range strings.SplitSeq(accept, ",") {
		name, params, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.ReplaceAll(params, " ", "") == "q=0" {
			continue
		}
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "gzip", "*":
			return gzipped
		case "deflate":
			best = deflated
		}
	}
	return best
}
