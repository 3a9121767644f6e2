package uploads

import (
	"fmt"
	"image"
	"math"
	"slices"
	"strconv"

	"chatd/internal/chat"
)

// Size is how large an image is wanted, in pixels. A side of 0 follows from the other.
type Size struct {
	Width  int    `json:"width,omitzero"`
	Height int    `json:"height,omitzero"`
	Resize string `json:"resize,omitzero"`
	Crop   string `json:"crop,omitzero"`
}

// The ways to resize: clip fits the image into the size, fill does and pads it, scale
// stretches it, crop covers the size and cuts off what stands out.
const (
	resizeClip  = "clip"
	resizeCrop  = "crop"
	resizeScale = "scale"
	resizeFill  = "fill"
)

// The bounds of what an image is resized to.
const (
	maxSide      = 4096
	maxOutPixels = 8_000_000
)

var (
	resizes = []string{"", resizeClip, resizeCrop, resizeScale, resizeFill}
	anchors = []string{"", "center", "top", "bottom", "left", "right"}
)

// ParseSize reads a size from a link's parameters; numbers may have fractions.
func ParseSize(w, h, resize, crop string) (Size, error) {
	s := Size{Resize: resize, Crop: crop}
	for _, side := range []struct {
		name, text string
		n          *int
	}{{"w", w, &s.Width}, {"h", h, &s.Height}} {
		if side.text == "" {
			continue
		}
		n, err := strconv.ParseFloat(side.text, 64)
		if err != nil || !(n > 0 && n <= maxSide) {
			return s, chat.Errorf(chat.Invalid, "%s must be a number from 1 to %d", side.name, maxSide)
		}
		*side.n = max(1, int(math.Round(n)))
	}
	return s, s.check("")
}

// check refuses sizes out of bounds; prefix names where they stand.
func (s Size) check(prefix string) error {
	switch {
	case s.Width < 0 || s.Width > maxSide:
		return chat.Errorf(chat.Invalid, "%swidth must be between 0 and %d", prefix, maxSide)
	case s.Height < 0 || s.Height > maxSide:
		return chat.Errorf(chat.Invalid, "%sheight must be between 0 and %d", prefix, maxSide)
	case s.Width*s.Height > maxOutPixels:
		return chat.Errorf(chat.Invalid, "%swidth and height must have %d pixels or less", prefix, maxOutPixels)
	case !slices.Contains(resizes, s.Resize):
		return chat.Errorf(chat.Invalid, "%sresize must be one of [clip crop scale fill]", prefix)
	case !slices.Contains(anchors, s.Crop):
		return chat.Errorf(chat.Invalid, "%scrop must be one of [center top bottom left right]", prefix)
	}
	return nil
}

// tag tells sizes apart.
func (s Size) tag() string { return fmt.Sprintf("%dx%d-%s-%s", s.Width, s.Height, s.Resize, s.Crop) }

// asked tells whether a size is wanted at all.
func (s Size) asked() bool { return s.Width > 0 || s.Height > 0 }

// plan is how to get an image to a size.
type plan struct {
	out  image.Point     // the new image
	to   image.Rectangle // where in it the old one goes
	from image.Rectangle // what of the old one
}

// plan returns how to get an image of w by h pixels to the size.
func (s Size) plan(w, h int) plan {
	tw, th := float64(s.Width), float64(s.Height)
	fw, fh := float64(w), float64(h)
	switch {
	case tw == 0:
		tw = th * fw / fh
	case th == 0:
		th = tw * fh / fw
	}
	p := plan{from: image.Rect(0, 0, w, h)}
	fit := min(tw/fw, th/fh)
	switch s.Resize {
	case resizeScale:
		p.out = point(tw, th)
		p.to = image.Rectangle{Max: p.out}
	case resizeCrop:
		p.out = point(tw, th)
		p.to = image.Rectangle{Max: p.out}
		cover := max(tw/fw, th/fh)
		p.from = s.cut(w, h, point(tw/cover, th/cover))
	case resizeFill:
		p.out = point(tw, th)
		size := point(fw*fit, fh*fit)
		p.to = image.Rectangle{Max: size}.Add(p.out.Sub(size).Div(2))
	default:
		fit = min(fit, 1) // clip does not enlarge
		p.out = point(fw*fit, fh*fit)
		p.to = image.Rectangle{Max: p.out}
	}
	return p
}

// cut is the part of an image that is kept when only size of it is.
func (s Size) cut(w, h int, size image.Point) image.Rectangle {
	size.X, size.Y = min(size.X, w), min(size.Y, h)
	at := image.Pt((w-size.X)/2, (h-size.Y)/2)
	switch s.Crop {
	case "top":
		at.Y = 0
	case "bottom":
		at.Y = h - size.Y
	case "left":
		at.X = 0
	case "right":
		at.X = w - size.X
	}
	return image.Rectangle{Min: at, Max: at.Add(size)}
}

func point(w, h float64) image.Point {
	return image.Pt(max(1, int(math.Round(w))), max(1, int(math.Round(h))))
}
