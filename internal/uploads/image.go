package uploads

import (
	"bufio"
	"encoding/binary"
	"errors"
	"image"
	_ "image/gif" // a format that images may have
	"image/jpeg"
	"io"

	_ "golang.org/x/image/bmp"  // another
	_ "golang.org/x/image/webp" // another

	"chatd/internal/chat"
)

// The bounds of images: of those that are stored, so that they harm nobody who shows
// them, and of those that are resized (API: size limits).
const (
	maxPixels       = 250_000_000
	maxResizePixels = 16_800_000
)

// look checks that a file is the image that its first bytes say, as far as this
// server knows its format, and how large it is. Nothing is decoded but its header.
func (k *kind) look(f *File) error {
	if _, err := f.Content.Seek(0, io.SeekStart); err != nil {
		return err
	}
	switch k.mime {
	case typeSVG:
		return checkSVG(f)
	case "image/bmp", "image/gif", "image/jpeg", "image/png", "image/webp":
	default: // a format for which there is no decoder
		return nil
	}
	c, _, err := image.DecodeConfig(bufio.NewReader(f.Content))
	if _, ok := errors.AsType[jpeg.UnsupportedError](err); ok {
		return nil
	}
	if err != nil {
		return broken(err)
	}
	if c.Width <= 0 || c.Height <= 0 {
		return errNotImage
	}
	if c.Width > maxPixels/c.Height {
		return chat.Errorf(chat.Invalid, "File has too many pixels: %d x %d, the limit is %d", c.Width, c.Height, maxPixels)
	}
	k.width, k.height = c.Width, c.Height
	if k.mime != typeJPEG {
		return nil
	}
	if _, err := f.Content.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if orientation(f.Content) >= sideways {
		k.width, k.height = k.height, k.width
	}
	return nil
}

// The orientations of photos that say how they were taken: 1 is upright, from
// sideways on width and height change places.
const (
	upright  = 1
	sideways = 5
	turns    = 8
)

// orientation reads a JPEG's orientation from its EXIF data, upright if it has none.
func orientation(r io.Reader) int {
	const (
		start, app1, scan = 0xffd8, 0xffe1, 0xffda
		most              = 64 // segments before the picture
	)
	b := bufio.NewReader(r)
	var head [4]byte
	if _, err := io.ReadFull(b, head[:2]); err != nil || binary.BigEndian.Uint16(head[:]) != start {
		return upright
	}
	for range most {
		if _, err := io.ReadFull(b, head[:]); err != nil {
			return upright
		}
		marker, n := binary.BigEndian.Uint16(head[:]), int(binary.BigEndian.Uint16(head[2:]))-2
		if n < 0 || marker == scan {
			return upright
		}
		if marker != app1 {
			if _, err := b.Discard(n); err != nil {
				return upright
			}
			continue
		}
		seg := make([]byte, n)
		if _, err := io.ReadFull(b, seg); err != nil {
			return upright
		}
		if o, ok := exifOrientation(seg); ok {
			return o
		}
	}
	return upright
}

// exifOrientation reads the orientation from an EXIF segment: a TIFF header and a
// list of tags.
func exifOrientation(seg []byte) (int, bool) {
	const (
		header    = "Exif\x00\x00"
		tagSize   = 12
		tagOrient = 0x0112
	)
	if len(seg) < len(header)+8 || string(seg[:len(header)]) != header {
		return 0, false
	}
	seg = seg[len(header):]
	var order binary.ByteOrder = binary.BigEndian
	if seg[0] == 'I' {
		order = binary.LittleEndian
	}
	at := int(order.Uint32(seg[4:]))
	if at < 0 || at > len(seg)-2 {
		return 0, false
	}
	tags := seg[at+2:]
	for range order.Uint16(seg[at:]) {
		if len(tags) < tagSize {
			return 0, false
		}
		if order.Uint16(tags) == tagOrient {
			o := int(order.Uint16(tags[8:]))
			return o, o >= upright && o <= turns
		}
		tags = tags[tagSize:]
	}
	return 0, false
}
