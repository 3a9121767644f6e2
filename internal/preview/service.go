package preview

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/maypok86/otter/v2"

	"chatd/internal/chat"
	"chatd/internal/outbound"
	"chatd/internal/wire"
)

// The bounds of previews.
const (
	maxPage   = 512 << 10 // bytes of a page that are looked at
	fetchTime = 8 * time.Second
	askTime   = 2500 * time.Millisecond // of GET /og: clients give up after three seconds
	maxFetch  = 64                      // pages that are loaded at the same time
	maxKept   = 2000                    // pages that are remembered
	keepFound = time.Hour
	keepNone  = time.Minute
)

// Pages loads pages.
type Pages interface {
	// Get loads the first bytes of a page, at most as many as most.
	Get(ctx context.Context, link string, most int) (*outbound.Response, error)
}

// ErrNone is why a page has no preview: it cannot be loaded, or says nothing of
// itself.
var ErrNone = errors.New("the page has no preview")

// errBusy is returned, and not remembered, when too many pages are being loaded.
var errBusy = errors.New("too many pages are being loaded")

// Service makes previews.
type Service struct {
	pages Pages
	kept  *otter.Cache[string, found]

	ctx    context.Context //nolint:containedctx // of the goroutines that load pages, until Close
	cancel context.CancelFunc
	work   sync.WaitGroup

	mu      sync.Mutex
	loading map[string]*load
}

// found is what is known of a page: its attachment, as JSON, or why it has none.
type found struct {
	attachment jsontext.Value
	err        error
}

// load is a page on its way.
type load struct {
	found

	done chan struct{}
}

// New returns a service that loads pages with pages; nil makes no previews.
func New(pages Pages) *Service {
	s := &Service{pages: pages, loading: make(map[string]*load)}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.kept = otter.Must(&otter.Options[string, found]{
		MaximumSize: maxKept,
		ExpiryCalculator: otter.ExpiryWritingFunc(func(e otter.Entry[string, found]) time.Duration {
			if e.Value.err != nil {
				return keepNone
			}
			return keepFound
		}),
	})
	return s
}

// Close gives up the pages that are being loaded.
func (s *Service) Close() {
	s.mu.Lock()
	s.cancel()
	s.mu.Unlock()
	s.work.Wait()
	s.kept.StopAllGoroutines()
}

// Preview returns the attachment that shows a page, as JSON. When ctx ends before
// the page is there, the error is that of ctx, and asking again later may succeed.
func (s *Service) Preview(ctx context.Context, link string) (jsontext.Value, error) {
	if f, ok := s.kept.GetIfPresent(link); ok {
		return f.attachment, f.err
	}
	l, err := s.load(link)
	if err != nil {
		return nil, err
	}
	select {
	case <-l.done:
		return l.attachment, l.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// load begins to load a page, unless it is on its way.
func (s *Service) load(link string) (*load, error) {
	if s.pages == nil {
		return nil, ErrNone
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if l := s.loading[link]; l != nil {
		return l, nil
	}
	if len(s.loading) >= maxFetch || s.ctx.Err() != nil {
		return nil, errBusy
	}
	l := &load{done: make(chan struct{})}
	s.loading[link] = l
	s.work.Go(func() {
		l.attachment, l.err = s.fetch(link)
		s.kept.Set(link, l.found)
		s.mu.Lock()
		delete(s.loading, link)
		s.mu.Unlock()
		close(l.done)
	})
	return l, nil
}

// fetch loads a page and makes its attachment.
func (s *Service) fetch(link string) (jsontext.Value, error) {
	ctx, cancel := context.WithTimeout(s.ctx, fetchTime)
	defer cancel()
	resp, err := s.pages.Get(ctx, link, maxPage)
	if err != nil {
		return nil, errors.Join(ErrNone, err)
	}
	a := read(link, resp)
	if a == nil {
		return nil, ErrNone
	}
	return wire.Marshal(a)
}

// OGRequest asks for the attachment of a page.
type OGRequest struct {
	URL string `query:"url" json:"-"`
}

// Validate checks that there is a URL that can be called.
func (r *OGRequest) Validate() error {
	if r.URL == "" {
		return chat.Errorf(chat.Invalid, "url is a required field")
	}
	if _, err := outbound.Parse(r.URL); err != nil {
		return chat.Errorf(chat.Invalid, "url must be a URL of the form https://host/path")
	}
	return nil
}

// OGResponse is an attachment.
type OGResponse struct {
	encoded jsontext.Value
}

// AppendJSON appends the attachment.
func (r *OGResponse) AppendJSON(dst []byte) []byte { return append(dst, r.encoded...) }

// Shapes tells what the whole is.
func (OGResponse) Shapes() map[string]any { return map[string]any{"": chat.Attachment{}} }

// OG answers the attachment of a page. Why there is none is not told: it might say
// what is on the operator's network.
func (s *Service) OG(ctx context.Context, r *OGRequest) (*OGResponse, error) {
	if s.pages == nil {
		return nil, chat.Errorf(chat.Invalid, "link previews are switched off on this server")
	}
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	a, err := s.Preview(ctx, r.URL)
	if ctx.Err() != nil || errors.Is(err, errBusy) {
		return nil, chat.Errorf(chat.Timeout, "the page takes too long")
	}
	if err != nil {
		return nil, &chat.Error{Kind: chat.Invalid, Message: "no preview can be made of " + r.URL, Err: err}
	}
	return &OGResponse{encoded: a}, nil
}
