package gifs_test

import (
	"bytes"
	"context"
	"image/gif"
	"strconv"
	"strings"
	"sync"
	"testing"

	"chatd/internal/chat"
	"chatd/internal/gifs"
)

func TestPainter(t *testing.T) {
	t.Parallel()
	p := gifs.NewPainter("https://chat.example/base/")
	cats, err := p.Find(t.Context(), "Cats", 0, "http://other")
	if err != nil {
		t.Fatal(err)
	}
	again, err := gifs.NewPainter("https://chat.example/base").Find(t.Context(), "cats", 0, "")
	if err != nil {
		t.Fatal(err)
	}
	if *cats != *again {
		t.Errorf("the same words have the pictures %+v and %+v", cats, again)
	}
	seen := map[string]bool{cats.Page: true}
	for _, f := range []struct {
		words string
		turn  int
	}{{"cats", 1}, {"cats", 2}, {"dogs", 0}, {"", 0}, {"cats1", 0}} {
		g, err := p.Find(t.Context(), f.words, f.turn, "")
		if err != nil || seen[g.Page] {
			t.Errorf("%v: a picture that was there, or %v", f, err)
		}
		seen[g.Page] = true
	}
	for name, i := range map[string]gifs.Image{
		"original 12": cats.Images.Original, "fixed_height 12": cats.Images.FixedHeight, "fixed_height_still 1": cats.Images.FixedHeightStill,
		"fixed_height_downsampled 6": cats.Images.FixedHeightDownsampled, "fixed_width 12": cats.Images.FixedWidth,
		"fixed_width_still 1": cats.Images.FixedWidthStill, "fixed_width_downsampled 6": cats.Images.FixedWidthDownsampled,
	} {
		name, frames, _ := strings.Cut(name, " ")
		path, ok := strings.CutPrefix(i.URL, "https://chat.example/base/giphy/")
		seed, file, _ := strings.Cut(path, "/")
		if !ok || file != name+".gif" || i.Frames != frames {
			t.Errorf("%s: %+v", name, i)
			continue
		}
		b, err := p.Picture(t.Context(), seed, file)
		if err != nil || strconv.Itoa(len(b)) != i.Size {
			t.Errorf("%s has %d bytes, %v: %+v", name, len(b), err, i)
		}
		g, err := gif.DecodeAll(bytes.NewReader(b))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if strconv.Itoa(len(g.Image)) != i.Frames || strconv.Itoa(g.Config.Width) != i.Width || strconv.Itoa(g.Config.Height) != i.Height {
			t.Errorf("%s: %d frames of %v: %+v", name, len(g.Image), g.Config, i)
		}
		for n, frame := range g.Image {
			if len(frame.Palette) != 32 || n > 0 && frame.Palette[0] == g.Image[0].Palette[0] {
				t.Errorf("%s: frame %d does not move", name, n)
			}
		}
	}
}

func TestPainterRefuses(t *testing.T) {
	t.Parallel()
	p := gifs.NewPainter("")
	const seed = "0123456789abcdef"
	for _, at := range [][2]string{{"", "original.gif"}, {seed[1:], "original.gif"}, {seed + "00", "original.gif"}, {strings.ToUpper(seed), "original.gif"}, {seed[:15] + "g", "original.gif"}, {seed, "original"}, {seed, "../original.gif"}, {seed, ""}} {
		if _, err := p.Picture(t.Context(), at[0], at[1]); chat.KindOf(err) != chat.NotFound {
			t.Errorf("%v: %v", at, err)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if b, err := p.Picture(ended, seed, "original.gif"); err != nil && len(b) > 0 {
		t.Errorf("both %d bytes and %v", len(b), err)
	}
}

func TestPainterIsShared(t *testing.T) {
	t.Parallel()
	p := gifs.NewPainter("")
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			if _, err := p.Find(t.Context(), strconv.Itoa(i%5), 0, "http://x"); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func BenchmarkFind(b *testing.B) {
	i := 0
	p := gifs.NewPainter("")
	for b.Loop() {
		i++
		if _, err := p.Find(b.Context(), strconv.Itoa(i), 0, "http://x"); err != nil {
			b.Fatal(err)
		}
	}
}
