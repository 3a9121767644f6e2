package uploads

import (
	"bufio"
	"bytes"
	"context"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"runtime"
	"slices"
	"time"

	"github.com/maypok86/otter/v2"
	"golang.org/x/image/draw"

	"chatd/internal/chat"
)

// Resizer makes images of other sizes. The last ones are kept in memory: browsers ask
// for the same few again and again.
type Resizer struct {
	made  *otter.Cache[string, *picture]
	slots chan struct{} // one image at a time per slot: decoding takes processor and memory
}

// The bounds of a Resizer.
const (
	cacheBytes    = 64 << 20
	cacheTTL      = time.Hour
	resizeTimeout = time.Minute
	jpegQuality   = 85
)

// picture is an image that was resized; without data when the original is to be
// taken.
type picture struct {
	data []byte
	mime string
}

// NewResizer returns a Resizer that uses half of the processors.
func NewResizer() *Resizer {
	return &Resizer{
		made: otter.Must(&otter.Options[string, *picture]{
			MaximumWeight: cacheBytes,
			Weigher: func(key string, p *picture) uint32 {
				const about = 128                                              // of an entry
				return uint32(len(key) + min(len(p.data), cacheBytes) + about) //nolint:gosec // G115: bounded
			},
			ExpiryCalculator: otter.ExpiryWriting[string, *picture](cacheTTL),
		}),
		slots: make(chan struct{}, max(1, runtime.NumCPU()/2)),
	}
}

// resizable are the kinds of images that are resized. Animations would lose what
// moves, drawings need it not, and for the others there is no decoder.
var resizable = []string{"image/bmp", "image/jpeg", "image/png", "image/webp"}

// resize returns the image at key in another size. open reads it.
func (z *Resizer) resize(ctx context.Context, key, mime string, s Size, open func(context.Context) io.ReadSeekCloser) (*picture, error) {
	if !slices.Contains(resizable, mime) {
		return &picture{}, nil
	}
	name := key + "-" + s.tag()
	// Others may wait for the same image, so it is finished when this one is gone.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), resizeTimeout)
	defer cancel()
	return z.made.Get(ctx, name, otter.LoaderFunc[string, *picture](func(ctx context.Context, _ string) (*picture, error) {
		select {
		case z.slots <- struct{}{}:
			defer func() { <-z.slots }()
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		f := open(ctx)
		defer func() { _ = f.Close() }() // it was read only
		return s.apply(f, mime)
	}))
}

// apply resizes an image. Its size is looked at before it is decoded.
func (s Size) apply(f io.ReadSeeker, mime string) (*picture, error) {
	c, _, err := image.DecodeConfig(bufio.NewReader(f))
	if err != nil {
		return undecodable(err)
	}
	if c.Width <= 0 || c.Height <= 0 || c.Width > maxResizePixels/c.Height {
		return nil, chat.Errorf(chat.Invalid, "images of more than %d pixels cannot be resized", maxResizePixels)
	}
	turn := upright
	if mime == typeJPEG {
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return nil, err
		}
		turn = orientation(f)
	}
	w, h := c.Width, c.Height
	if turn >= sideways {
		w, h = h, w
	}
	p := s.plan(w, h)
	if p.out == image.Pt(w, h) {
		return &picture{}, nil
	}
	if p.out.X*p.out.Y > maxOutPixels || max(p.out.X, p.out.Y) > maxSide {
		return nil, chat.Errorf(chat.Invalid, "images cannot be resized to more than %d pixels", maxOutPixels)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	src, _, err := image.Decode(bufio.NewReader(f))
	if err != nil {
		return undecodable(err)
	}
	return encode(p.draw(src, turn, mime), mime)
}

// undecodable leaves images that cannot be decoded to those who can, unless the
// storage was at fault.
func undecodable(err error) (*picture, error) {
	if k := chat.KindOf(err); k != chat.Internal {
		return nil, err
	}
	return &picture{}, nil
}

// draw makes the new image. Large ones are first brought to twice the size, roughly,
// then turned upright, then brought to the size exactly.
func (p plan) draw(src image.Image, turn int, mime string) *image.RGBA {
	const rough = 2
	b := src.Bounds()
	shrink := rough * max(float64(p.to.Dx())/float64(p.from.Dx()), float64(p.to.Dy())/float64(p.from.Dy()))
	if shrink < 1 || turn != upright {
		shrink = min(shrink, 1)
		mid := image.NewRGBA(image.Rectangle{Max: point(float64(b.Dx())*shrink, float64(b.Dy())*shrink)})
		draw.ApproxBiLinear.Scale(mid, mid.Bounds(), src, b, draw.Src, nil)
		src = turned(mid, turn)
		b = src.Bounds()
		p.from = image.Rectangle{Min: scaled(p.from.Min, shrink), Max: scaled(p.from.Max, shrink)}.Intersect(b)
		if p.from.Empty() {
			p.from = b
		}
	} else {
		p.from = p.from.Add(b.Min)
	}
	dst := image.NewRGBA(image.Rectangle{Max: p.out})
	if mime == typeJPEG { // which knows no transparency
		draw.Draw(dst, dst.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
	}
	draw.CatmullRom.Scale(dst, p.to, src, p.from, draw.Over, nil)
	return dst
}

func scaled(p image.Point, by float64) image.Point {
	return image.Pt(int(float64(p.X)*by+0.5), int(float64(p.Y)*by+0.5))
}

// turned returns an image upright that was taken with an EXIF orientation.
func turned(src *image.RGBA, turn int) *image.RGBA {
	if turn == upright {
		return src
	}
	w, h := src.Bounds().Dx(), src.Bounds().Dy()
	size := image.Pt(w, h)
	if turn >= sideways {
		size = image.Pt(h, w)
	}
	dst := image.NewRGBA(image.Rectangle{Max: size})
	for y := range h {
		for x := range w {
			tx, ty := x, y
			switch turn {
			case 2:
				tx = w - 1 - x
			case 3:
				tx, ty = w-1-x, h-1-y
			case 4:
				ty = h - 1 - y
			case 5:
				tx, ty = y, x
			case 6:
				tx, ty = h-1-y, x
			case 7:
				tx, ty = h-1-y, w-1-x
			case 8:
				tx, ty = y, w-1-x
			}
			copy(dst.Pix[dst.PixOffset(tx, ty):][:4], src.Pix[src.PixOffset(x, y):][:4])
		}
	}
	return dst
}

// encode writes an image in its own format, or as JPEG, or PNG where it is
// transparent.
func encode(m *image.RGBA, mime string) (*picture, error) {
	var b bytes.Buffer
	if mime == "image/png" || !m.Opaque() {
		err := png.Encode(&b, m)
		return &picture{b.Bytes(), "image/png"}, err
	}
	err := jpeg.Encode(&b, m, &jpeg.Options{Quality: jpegQuality})
	return &picture{b.Bytes(), typeJPEG}, err
}
