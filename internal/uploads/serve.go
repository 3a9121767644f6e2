package uploads

import (
	"bytes"
	"context"
	"io"
	"strings"
	"time"
)

// GetRequest asks for what a link leads to.
type GetRequest struct {
	App, Owner, ID     string // of its path
	Expires, Signature string
	Size               Size
}

// Content is a file to be given out. Whoever gets it must close it.
type Content struct {
	io.ReadSeekCloser

	Name    string
	Type    string // MIME type
	Inline  bool   // whether a browser may show it, rather than save it
	Tag     string // changes with the content
	ModTime time.Time
	Expires time.Time // when the link does
}

// Get returns the file that a link leads to. The link is all the permission that it
// takes.
func (s *Service) Get(ctx context.Context, r *GetRequest) (*Content, error) {
	ref, expires, err := s.Links.Check(r.App, r.Owner, r.ID, r.Expires, r.Signature)
	if err != nil {
		return nil, err
	}
	o, err := s.Storage.Stat(ctx, ref.Key())
	if err != nil {
		return nil, err
	}
	c := &Content{Name: o.Name, Type: o.Type, Inline: harmless(o.Type), Tag: ref.ID, ModTime: o.ModTime, Expires: expires}
	if !r.Size.asked() {
		c.ReadSeekCloser = s.Storage.Reader(ctx, ref.Key(), o.Size)
		return c, nil
	}
	p, err := s.Resizer.resize(ctx, ref.Key(), o.Type, r.Size, func(ctx context.Context) io.ReadSeekCloser {
		return s.Storage.Reader(ctx, ref.Key(), o.Size)
	})
	switch {
	case err != nil:
		return nil, err
	case p.data == nil:
		c.ReadSeekCloser = s.Storage.Reader(ctx, ref.Key(), o.Size)
	default:
		c.ReadSeekCloser, c.Type, c.Tag = inMemory{bytes.NewReader(p.data)}, p.mime, c.Tag+"-"+r.Size.tag()
	}
	return c, nil
}

// harmless tells whether a browser can show a type without anything in it running:
// pictures of dots, sound and moving pictures.
func harmless(mime string) bool {
	return mime != typeSVG && strings.HasPrefix(mime, "image/") || strings.HasPrefix(mime, "video/") || strings.HasPrefix(mime, "audio/")
}

// inMemory is content that lies in memory.
type inMemory struct{ *bytes.Reader }

// Close does nothing.
func (inMemory) Close() error { return nil }
