package uploads

import (
	"bytes"
	"context"
	"encoding/binary"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"io"
	"strings"
	"testing"

	"golang.org/x/image/bmp"

	"chatd/internal/chat"
)

type content struct{ *bytes.Reader }

func (content) Close() error { return nil }

func sent(name, declared string, body []byte) *File {
	return &File{Name: name, Type: declared, Size: int64(len(body)), Content: content{bytes.NewReader(body)}}
}

func TestTypes(t *testing.T) {
	t.Parallel()
	for _, x := range []struct{ name, declared, body, want string }{
		{"a.txt", "", "hello", "text/plain"},
		{"a.md", "", "# hello", "text/markdown"},
		{"a", "text/markdown; charset=utf-8", "# hello", "text/markdown"},
		{"a.md", "application/octet-stream", "# hello", "text/markdown"},
		{"a.md", "multipart/form-data", "# hello", "text/markdown"},
		{"a", "no type", "hello", "text/plain"},
		{"a.bin", "", "\x00\x01\x02", "application/octet-stream"},
		{"a.txt", "text/plain", "%PDF-1.7", "application/pdf"},
		{"a.png", "image/png", "<!doctype html>", "text/html"},
		{"a.json", "", `{"a":1}`, "application/json"},
		{"a.png", "", "MZ" + strings.Repeat("\x00", 100), "application/vnd.microsoft.portable-executable"},
		{"", "", "", "text/plain"},
	} {
		k, err := rules{}.accept(sent(x.name, x.declared, []byte(x.body)))
		if err != nil || k.mime != x.want {
			t.Errorf("%s as %s: %s, %v; want %s", x.name, x.declared, k.mime, err, x.want)
		}
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"a.txt": "a.txt", "/etc/passwd": "passwd", `C:\x\a.txt`: "a.txt", "..": "file", "": "file", "a\r\nb\x00.txt": "a__b_.txt", "a\xff.txt": "a_.txt",
		"日本語.txt": "日本語.txt", strings.Repeat("日", 100) + ".txt": strings.Repeat("日", 83) + ".txt",
	} {
		if got := shortName(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

func TestDrawings(t *testing.T) {
	t.Parallel()
	svg := func(inner string) string { return `<svg xmlns="http://www.w3.org/2000/svg">` + inner + `</svg>` }
	for body, want := range map[string]error{
		svg(`<rect onclicks="no"/>`): errActive,
		svg(`<rect width="1"/>`):     nil,
		`<?xml version="1.0" encoding="UTF-8"?><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">` + svg(`<style>.a{fill:red}</style>`): nil,
		svg(`<image href="data:image/png;base64,AAAA"/>`):                          nil,
		svg(`<script>alert(1)</script>`):                                           errActive,
		svg(`<SCRIPT/>`):                                                           errActive,
		svg(`<x:script xmlns:x="http://www.w3.org/2000/svg"/>`):                    errActive,
		svg(`<a href="java&#10;script:alert(1)"/>`):                                errActive,
		svg(`<a xlink:href=" JavaScript:alert(1)"/>`):                              errActive,
		svg(`<set attributeName="href" to="javascript:alert(1)"/>`):                errActive,
		svg(`<use href="data:image/svg+xml;base64,AAAA"/>`):                        errActive,
		svg(`<foreignObject><iframe/></foreignObject>`):                            errActive,
		svg(`<g onload="alert(1)"/>`):                                              errActive,
		`<!DOCTYPE svg [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;">]>` + svg(`&b;`): errActive,
		`<?xml-stylesheet href="https://example.com/a.css"?>` + svg(""):            errActive,
		`<html><svg/></html>`:                                                      errNotImage,
		svg(`<rect width=1/>`):                                                     errNotImage,
		`<svg`:                                                                     errNotImage,
		`hello`:                                                                    errNotImage,
	} {
		err := checkSVG(sent("a.svg", "", []byte(body)))
		if chat.KindOf(err) != chat.KindOf(want) || want != nil && err.Error() != want.Error() {
			t.Errorf("%s: %v, want %v", body, err, want)
		}
	}
	if err := checkSVG(&File{Size: maxSVG + 1}); chat.KindOf(err) != chat.Invalid {
		t.Errorf("a large drawing: %v", err)
	}
}

// withEXIF is a JPEG of w by h pixels, the upper left quarter of which is red, that
// says how it was taken.
func withEXIF(t *testing.T, w, h, turn int, order binary.AppendByteOrder) []byte {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.RGBA{B: 255, A: 255}
			if x < w/2 && y < h/2 {
				c = color.RGBA{R: 255, A: 255}
			}
			m.SetRGBA(x, y, c)
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: 100}); err != nil {
		t.Fatal(err)
	}
	tiff := []byte("MM\x00\x2a")
	if order.AppendUint16(nil, 1)[0] == 1 {
		tiff = []byte("II\x2a\x00")
	}
	tiff = order.AppendUint32(tiff, 8)
	tiff = order.AppendUint16(tiff, 2)
	tiff = append(tiff, make([]byte, 12)...) // some other tag
	tiff = order.AppendUint16(tiff, 0x0112)
	tiff = order.AppendUint16(tiff, 3)
	tiff = order.AppendUint32(tiff, 1)
	tiff = order.AppendUint16(tiff, uint16(turn))
	tiff = append(tiff, 0, 0)
	seg := append([]byte("Exif\x00\x00"), tiff...)
	out := append([]byte{0xff, 0xd8, 0xff, 0xe1}, binary.BigEndian.AppendUint16(nil, uint16(len(seg)+2))...)
	return append(append(out, seg...), b.Bytes()[2:]...)
}

func TestPhotosStandUpright(t *testing.T) {
	t.Parallel()
	// Where the red quarter is to be seen, from the upper left in reading order.
	quarter := map[int]int{1: 0, 2: 1, 3: 3, 4: 2, 5: 0, 6: 1, 7: 3, 8: 2}
	for turn, red := range quarter {
		for _, order := range []binary.AppendByteOrder{binary.BigEndian, binary.LittleEndian} {
			body := withEXIF(t, 64, 32, turn, order)
			k, err := rules{image: true}.accept(sent("a.jpg", "", body))
			w, h := 64, 32
			if turn >= sideways {
				w, h = h, w
			}
			if err != nil || k.width != w || k.height != h {
				t.Errorf("turn %d: %d x %d, %v", turn, k.width, k.height, err)
			}
			for _, size := range []Size{{Width: w / 4}, {Width: w * 2, Resize: resizeScale}} {
				p, err := size.apply(bytes.NewReader(body), typeJPEG)
				if err != nil {
					t.Fatal(err)
				}
				m, _, err := image.Decode(bytes.NewReader(p.data))
				if err != nil {
					t.Fatal(err)
				}
				dx, dy := m.Bounds().Dx(), m.Bounds().Dy()
				if dx*h != dy*w {
					t.Errorf("turn %d: resized to %d x %d", turn, dx, dy)
				}
				for i := range 4 {
					r, _, _, _ := m.At(dx/4+(i%2)*dx/2, dy/4+(i/2)*dy/2).RGBA()
					if (r > 0x8000) != (i == red) {
						t.Errorf("turn %d, size %v: quarter %d has red %x", turn, size, i, r)
					}
				}
			}
		}
	}
}

func TestOrientationOfAnything(t *testing.T) {
	t.Parallel()
	whole := withEXIF(t, 8, 8, 6, binary.BigEndian)
	for n := range whole {
		if o := orientation(bytes.NewReader(whole[:n])); o != upright && o != 6 {
			t.Errorf("%d bytes: %d", n, o)
		}
	}
	for _, s := range []string{"", "x", "\xff\xd8\xff\xe1\x00\x00", "\xff\xd8\xff\xe1\x00\x10Exif\x00\x00MM\x00\x2a\xff\xff\xff\xff"} {
		if o := orientation(strings.NewReader(s)); o != upright {
			t.Errorf("%q: %d", s, o)
		}
	}
}

func TestPlans(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		size Size
		want plan
	}{
		{Size{Width: 50}, plan{image.Pt(50, 25), image.Rect(0, 0, 50, 25), image.Rect(0, 0, 100, 50)}},
		{Size{Width: 50, Height: 50, Resize: resizeFill}, plan{image.Pt(50, 50), image.Rect(0, 12, 50, 37), image.Rect(0, 0, 100, 50)}},
		{Size{Width: 50, Height: 50, Resize: resizeScale}, plan{image.Pt(50, 50), image.Rect(0, 0, 50, 50), image.Rect(0, 0, 100, 50)}},
		{Size{Width: 20, Height: 20, Resize: resizeCrop}, plan{image.Pt(20, 20), image.Rect(0, 0, 20, 20), image.Rect(25, 0, 75, 50)}},
		{Size{Width: 20, Height: 20, Resize: resizeCrop, Crop: "left"}, plan{image.Pt(20, 20), image.Rect(0, 0, 20, 20), image.Rect(0, 0, 50, 50)}},
		{Size{Width: 20, Height: 20, Resize: resizeCrop, Crop: "right"}, plan{image.Pt(20, 20), image.Rect(0, 0, 20, 20), image.Rect(50, 0, 100, 50)}},
		{Size{Width: 100, Height: 10, Resize: resizeCrop, Crop: "top"}, plan{image.Pt(100, 10), image.Rect(0, 0, 100, 10), image.Rect(0, 0, 100, 10)}},
		{Size{Width: 100, Height: 10, Resize: resizeCrop, Crop: "bottom"}, plan{image.Pt(100, 10), image.Rect(0, 0, 100, 10), image.Rect(0, 40, 100, 50)}},
		{Size{Width: 999, Height: 999}, plan{image.Pt(100, 50), image.Rect(0, 0, 100, 50), image.Rect(0, 0, 100, 50)}},
	} {
		if got := x.size.plan(100, 50); got != x.want {
			t.Errorf("%+v: %+v, want %+v", x.size, got, x.want)
		}
	}
}

func TestResizeFormats(t *testing.T) {
	t.Parallel()
	m := image.NewRGBA(image.Rect(0, 0, 40, 40))
	for i := range m.Pix {
		m.Pix[i] = 255
	}
	var b, g bytes.Buffer
	if err := bmp.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	if err := gif.Encode(&g, m, nil); err != nil {
		t.Fatal(err)
	}
	half := Size{Width: 20}
	if p, err := half.apply(bytes.NewReader(b.Bytes()), "image/bmp"); err != nil || p.mime != typeJPEG {
		t.Errorf("BMP: %+v, %v", p, err)
	}
	z := NewResizer()
	open := func(context.Context) io.ReadSeekCloser { return content{bytes.NewReader(g.Bytes())} }
	if p, err := z.resize(t.Context(), "k", "image/gif", half, open); err != nil || p.data != nil {
		t.Errorf("GIF, which may move, is left as it is: %+v, %v", p, err)
	}
	if p, err := half.apply(strings.NewReader("RIFF____WEBPVP8X"), "image/webp"); err != nil || p.data != nil {
		t.Errorf("what cannot be decoded is left as it is: %+v, %v", p, err)
	}
}
