package gifs

import (
	"bytes"
	"compress/lzw"
	"encoding/binary"
	"image/color"
	"math"
)

// The picture is a landscape of waves in bands of colours. It stands still and its
// colours move through the bands, so all frames have the same dots, which are
// compressed once; each frame has a table of colours of its own.
const (
	colourBits = 5
	colours    = 1 << colourBits
	frameTime  = 12 // hundredths of a second
)

// paint makes the picture of a key, always the same.
func paint(key [seedSize]byte, width, height, frames int) []byte {
	dots := compress(draw(key, width, height))
	palette := mix(key)
	var b bytes.Buffer
	b.WriteString("GIF89a")
	words(&b, width, height)
	b.Write([]byte{0, 0, 0}) // no table of colours for all, nothing behind the picture, square dots
	if frames > 1 {
		b.WriteString("\x21\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00") // again and again
	}
	for i := range frames {
		b.Write([]byte{0x21, 0xf9, 4, 0})
		words(&b, frameTime*allFrames/frames)
		b.Write([]byte{0, 0, 0x2c})
		words(&b, 0, 0, width, height)
		b.WriteByte(0x80 | (colourBits - 1)) // a table of colours follows
		for c := range colours {
			rgb := palette[(c+i*colours/frames)%colours]
			b.Write([]byte{rgb.R, rgb.G, rgb.B})
		}
		b.Write(dots)
	}
	b.WriteByte(0x3b)
	return b.Bytes()
}

// words writes 16-bit numbers.
func words(b *bytes.Buffer, list ...int) {
	for _, v := range list {
		b.Write(binary.LittleEndian.AppendUint16(nil, uint16(v))) //nolint:gosec // G115: sizes of our own
	}
}

// compress is the dots as a frame holds them: in blocks of up to 255 bytes.
func compress(dots []byte) []byte {
	var packed bytes.Buffer
	w := lzw.NewWriter(&packed, lzw.LSB, colourBits)
	_, _ = w.Write(dots) // to memory
	_ = w.Close()
	const block = 255
	out := []byte{colourBits}
	for b := packed.Bytes(); len(b) > 0; b = b[min(len(b), block):] {
		n := min(len(b), block)
		out = append(append(out, byte(n)), b[:n]...)
	}
	return append(out, 0)
}

// draw returns for each dot, line by line, its band of colour. Dots are in pairs of
// two, which compresses well.
func draw(key [seedSize]byte, width, height int) []byte {
	part := func(i int) float64 { return float64(key[i]) / math.MaxUint8 }
	const waves = 3
	turn, bend := 1+waves*part(0), 1+waves*part(1)
	atX, atY := part(2), part(3)
	dots := make([]byte, width*height)
	for y := range height {
		for x := range width {
			u, v := float64(x&^1)/float64(width), float64(y&^1)/float64(height)
			h := math.Sin(2*math.Pi*(u*turn+part(4))) + math.Sin(2*math.Pi*(v*bend+part(5))) +
				math.Cos(2*math.Pi*waves*math.Hypot(u-atX, v-atY))
			dots[y*width+x] = byte(int((h+waves)/(2*waves)*2*colours) % colours) //nolint:gosec // G115: less than colours
		}
	}
	return dots
}

// mix returns the colours: from one to another and back.
func mix(key [seedSize]byte) []color.RGBA {
	from, to := hue(key[6]), hue(key[7]+math.MaxUint8/3)
	out := make([]color.RGBA, colours)
	for i := range out {
		t := (1 - math.Cos(2*math.Pi*float64(i)/colours)) / 2
		between := func(a, b uint8) uint8 { return uint8(float64(a)*(1-t) + float64(b)*t) }
		out[i] = color.RGBA{between(from.R, to.R), between(from.G, to.G), between(from.B, to.B), math.MaxUint8}
	}
	return out
}

// hue is a bright colour of the wheel.
func hue(at uint8) color.RGBA {
	wave := func(shift float64) uint8 {
		return uint8(math.MaxUint8 * (1 + math.Cos(2*math.Pi*(float64(at)/math.MaxUint8-shift))) / 2)
	}
	return color.RGBA{wave(0), wave(1. / 3), wave(2. / 3), math.MaxUint8}
}
