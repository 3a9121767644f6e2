package messages

import (
	"context"
	"errors"
	"html"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/access"
	"chatd/internal/auth"
	"chatd/internal/chat"
	"chatd/internal/jobs"
	"chatd/internal/permission"
	"chatd/internal/store"
	"chatd/internal/wire"
)

// Previews makes attachments of pages.
type Previews interface {
	// Preview returns the attachment that shows a page, as JSON. When ctx ends
	// before, asking again may succeed.
	Preview(ctx context.Context, link string) (jsontext.Value, error)
}

// Queue takes jobs.
type Queue interface {
	Enqueue(ctx context.Context, tx *store.Tx, args jobs.Args, at time.Time) error
}

// preview is what becomes of a link in a message: an attachment, now or later. The
// zero preview is none.
type preview struct {
	link       string
	attachment jsontext.Value
	later      bool
}

// preview finds what is to be shown of a link, while ctx lasts. "" has nothing to
// show.
func (s *Service) preview(ctx context.Context, app *chat.App, link string) preview {
	if link == "" {
		return preview{}
	}
	if app.Settings.AsyncURLEnrichEnabled {
		return preview{link: link, later: true}
	}
	a, err := s.Previews.Preview(ctx, link)
	return preview{link: link, attachment: a, later: errors.Is(err, context.DeadlineExceeded)}
}

// mayEdit tells whether the actor may change what a message says.
func mayEdit(seat *access.Seat, m *chat.Message) bool {
	return seat.May(permission.UpdateMessage, own(seat, m))
}

// foreseeLink finds the preview for an edit that makes r of a message.
func (s *Service) foreseeLink(ctx context.Context, seat *access.Seat, m *chat.Message, r *chat.MessageRequest) preview {
	htm := htmlOf(m, *r.Text)
	if htm == m.HTML && equal(r.Attachments, m.Attachments) || !seat.May(permission.AddLinks, seat.Owner()) {
		return preview{}
	}
	return s.preview(ctx, seat.Actor.App, wanted(htm, r.Attachments))
}

// follow has a preview follow in an update of the message.
func (s *Service) follow(ctx context.Context, tx *store.Tx, m *chat.Message, p preview) error {
	if !wants(m, p.link) {
		return nil
	}
	return s.Jobs.Enqueue(ctx, tx, enrich{App: tx.ID, Message: m.ID, Link: p.link}, time.Time{})
}

// put adds the attachment, if there is one and the message still wants it.
func (p preview) put(m *chat.Message) bool {
	if len(p.attachment) == 0 || !wants(m, p.link) {
		return false
	}
	if empty(m.Attachments) {
		m.Attachments = slices.Concat([]byte("["), p.attachment, []byte("]"))
		return true
	}
	end := strings.LastIndexByte(string(m.Attachments), ']')
	m.Attachments = slices.Concat(m.Attachments[:end], []byte(","), p.attachment, []byte("]"))
	return true
}

// wants tells whether a message's first link is this one, and nothing shows it yet.
func wants(m *chat.Message, link string) bool {
	return link != "" && wanted(m.HTML, m.Attachments) == link
}

// wanted is the first link of a message that has this HTML, "" when there is none or
// one of its attachments shows it already, or there is no room for another.
func wanted(htm string, attachments jsontext.Value) string {
	all := links(htm)
	if len(all) == 0 {
		return ""
	}
	shown := shownBy(attachments)
	if len(shown) >= maxAttachments || slices.ContainsFunc(shown, func(a shows) bool { return a.ScrapeURL == all[0] || a.TitleLink == all[0] }) {
		return ""
	}
	return all[0]
}

// shows is what of an attachment tells which page it shows.
type shows struct {
	ScrapeURL string `json:"og_scrape_url"`
	TitleLink string `json:"title_link"`
}

func shownBy(attachments jsontext.Value) []shows {
	var list []shows
	if empty(attachments) || wire.Unmarshal(attachments, &list) != nil {
		return nil
	}
	return list
}

// links are the links to the web in rendered HTML, in order.
func links(htm string) []string {
	var out []string
	for {
		_, rest, ok := strings.Cut(htm, `<a href="http`)
		if !ok {
			return out
		}
		href, after, _ := strings.Cut(rest, `"`)
		if strings.HasPrefix(href, "://") || strings.HasPrefix(href, "s://") {
			out = append(out, html.UnescapeString("http"+href))
		}
		htm = after
	}
}

// dropGone takes the previews out of an edited message whose links have gone from its
// text.
func dropGone(before, m *chat.Message) {
	if m.HTML == before.HTML {
		return
	}
	was, is := links(before.HTML), links(m.HTML)
	gone := func(a shows) bool {
		return a.ScrapeURL != "" && slices.Contains(was, a.ScrapeURL) && !slices.Contains(is, a.ScrapeURL)
	}
	if len(was) == 0 || !slices.ContainsFunc(shownBy(m.Attachments), gone) {
		return
	}
	var list []jsontext.Value
	if wire.Unmarshal(m.Attachments, &list) != nil {
		return
	}
	list = slices.DeleteFunc(list, func(v jsontext.Value) bool {
		var a shows
		return wire.Unmarshal(v, &a) == nil && gone(a)
	})
	m.Attachments = wire.MustMarshal(list)
}

// enrich is the job that adds a preview to a message that was told of without.
type enrich struct {
	App     chat.AppID `json:"app"`
	Message string     `json:"message"`
	Link    string     `json:"link"`
}

// Kind names the job.
func (enrich) Kind() string { return "message_enrich" }

// HandleJobs registers the area's jobs.
func (s *Service) HandleJobs(q *jobs.Queue) {
	jobs.Handle(q, s.enrich)
	jobs.Handle(q, s.expirePending)
}

// enrichTime bounds how long the job waits for the page.
const enrichTime = 20 * time.Second

// enrich adds the preview in a transaction that tells of it, if there is one and the
// message is still there and still has the link.
func (s *Service) enrich(ctx context.Context, job enrich) error {
	p := preview{link: job.Link}
	wait, cancel := context.WithTimeout(ctx, enrichTime)
	defer cancel()
	var err error
	if p.attachment, err = s.Previews.Preview(wait, job.Link); err != nil {
		return nil // then the link is shown as it is
	}
	app := s.Store.App(job.App)
	of, err := app.App(ctx)
	if err != nil {
		return err
	}
	return app.InTx(ctx, func(tx *store.Tx) error {
		m, err := tx.LockMessage(ctx, job.Message)
		if chat.KindOf(err) == chat.NotFound || err == nil && (m.DeletedAt != nil || !p.put(m)) {
			return nil
		}
		if err != nil {
			return err
		}
		m.UpdatedAt = tx.Now()
		if err := tx.UpdateMessage(ctx, m); err != nil {
			return err
		}
		users, err := tx.Users(ctx, m.UserID)
		if err != nil {
			return err
		}
		by := &auth.Actor{App: of, User: users[m.UserID], UserID: m.UserID, Server: true}
		return s.TellUpdated(ctx, tx, by, m)
	})
}
