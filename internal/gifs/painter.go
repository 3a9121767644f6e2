package gifs

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"github.com/maypok86/otter/v2"

	"chatd/internal/chat"
)

// Root is where the addresses of painted pictures begin on this server.
const Root = "/giphy/"

// sizes are those in which a picture is painted, by their names in the API, which
// are part of their addresses for good.
var sizes = []struct {
	name                  string
	width, height, frames int
	of                    func(*Images) *Image
}{
	{"original", 320, 240, allFrames, func(i *Images) *Image { return &i.Original }},
	{"fixed_height", 267, 200, allFrames, func(i *Images) *Image { return &i.FixedHeight }},
	{"fixed_height_still", 267, 200, 1, func(i *Images) *Image { return &i.FixedHeightStill }},
	{"fixed_height_downsampled", 267, 200, fewFrames, func(i *Images) *Image { return &i.FixedHeightDownsampled }},
	{"fixed_width", 200, 150, allFrames, func(i *Images) *Image { return &i.FixedWidth }},
	{"fixed_width_still", 200, 150, 1, func(i *Images) *Image { return &i.FixedWidthStill }},
	{"fixed_width_downsampled", 200, 150, fewFrames, func(i *Images) *Image { return &i.FixedWidthDownsampled }},
}

const (
	allFrames = 12
	fewFrames = 6
)

// Painter is a Finder that makes the pictures itself.
type Painter struct {
	// Base is where clients reach this server, put in front of addresses. "": where
	// the client who asked did.
	Base string

	made *otter.Cache[string, []byte]
	busy chan struct{} // one painting at a time
}

// The bounds of what a Painter remembers.
const (
	keptBytes = 16 << 20
	keptFor   = time.Hour
)

// NewPainter returns a Painter.
func NewPainter(base string) *Painter {
	return &Painter{
		Base: strings.TrimSuffix(base, "/"),
		busy: make(chan struct{}, 1),
		made: otter.Must(&otter.Options[string, []byte]{
			MaximumWeight:    keptBytes,
			Weigher:          func(key string, b []byte) uint32 { return uint32(len(key) + len(b)) }, //nolint:gosec // G115: small
			ExpiryCalculator: otter.ExpiryWriting[string, []byte](keptFor),
		}),
	}
}

// Find returns the picture of the words at a turn.
func (p *Painter) Find(ctx context.Context, words string, turn int, origin string) (*Gif, error) {
	if p.Base != "" {
		origin = p.Base
	}
	sum := sha256.Sum256([]byte(strings.ToLower(words) + "\x00" + strconv.Itoa(turn)))
	seed := hex.EncodeToString(sum[:seedSize])
	gif := &Gif{}
	for _, s := range sizes {
		b, err := p.Picture(ctx, seed, s.name+extension)
		if err != nil {
			return nil, err
		}
		*s.of(&gif.Images) = Image{
			URL: origin + Root + seed + "/" + s.name + extension, Width: strconv.Itoa(s.width), Height: strconv.Itoa(s.height),
			Size: strconv.Itoa(len(b)), Frames: strconv.Itoa(s.frames),
		}
	}
	gif.Page = gif.Images.Original.URL
	return gif, nil
}

const (
	extension = ".gif"
	seedSize  = 8 // bytes
)

// Picture returns the bytes of the picture at Root/seed/name, a GIF; NotFound for
// what is no address of one.
func (p *Painter) Picture(ctx context.Context, seed, name string) ([]byte, error) {
	missing := chat.Errorf(chat.NotFound, "there is no such picture")
	var key [seedSize]byte
	if n, err := hex.Decode(key[:], []byte(seed)[:min(len(seed), 2*seedSize)]); err != nil || n != seedSize || hex.EncodeToString(key[:]) != seed {
		return nil, missing
	}
	for _, s := range sizes {
		if name != s.name+extension {
			continue
		}
		return p.made.Get(ctx, seed+name, otter.LoaderFunc[string, []byte](func(ctx context.Context, _ string) ([]byte, error) {
			select {
			case p.busy <- struct{}{}:
				defer func() { <-p.busy }()
			case <-ctx.Done():
				return nil, ctx.Err()
			}
			return paint(key, s.width, s.height, s.frames), nil
		}))
	}
	return nil, missing
}
