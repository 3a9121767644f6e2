package messages

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/access"
	"chatd/internal/chat"
	"chatd/internal/permission"
	"chatd/internal/store"
	"chatd/internal/wire"
)

// The limits of a message's parts (API: size limits).
const (
	maxText           = 20000    // characters, whatever the channel's type allows
	maxMarkup         = 80 << 10 // bytes of HTML or MML from the server side
	maxAttachments    = 30
	maxAttachmentData = 5 << 10  // bytes of JSON, without those that show links
	maxAllAttachments = 64 << 10 // bytes of JSON
	maxMentions       = 100
	maxMentionedRoles = 10  // and groups
	maxMentionedName  = 255 // bytes, of a role or of a group's id
	maxRestricted     = 10
)

// editor puts what a client sent into a message. It works on the store, or on a
// transaction's, that it is given.
type editor struct {
	app    *store.App
	seat   *access.Seat
	linked bool       // the text has become one with links
	ended  *time.Time // when the message's pin ended by itself, if it did
}

// content fills in what of a message can be edited, except its pin. What the
// message had before needs no permission again.
func (e *editor) content(ctx context.Context, m *chat.Message, r *chat.MessageRequest) error {
	if err := e.parts(ctx, m, r); err != nil {
		return err
	}
	if m.Text == "" && m.QuotedMessageID == "" && m.PollID == "" && m.SharedLocation == nil && len(m.Custom) == 0 && empty(m.Attachments) {
		return chat.Errorf(chat.Invalid, "message.text is a required field")
	}
	return nil
}

// parts is content for a message in which there may be nothing yet.
func (e *editor) parts(ctx context.Context, m *chat.Message, r *chat.MessageRequest) error {
	if err := e.text(m, r); err != nil {
		return err
	}
	if err := e.attachments(m, r.Attachments); err != nil {
		return err
	}
	if err := e.mentions(ctx, m, r); err != nil {
		return err
	}
	if err := e.quote(ctx, m, r); err != nil {
		return err
	}
	custom, err := customOf(r.Custom)
	m.Custom = custom
	return err
}

// text sets text, html and mml.
func (e *editor) text(m *chat.Message, r *chat.MessageRequest) error {
	text := ""
	if r.Text != nil {
		text = *r.Text
	}
	most := e.seat.Channel.Config.MaxMessageLength
	if most <= 0 || most > maxText {
		most = maxText
	}
	if len(text) > most && utf8.RuneCountInString(text) > most {
		return chat.Errorf(chat.MessageTooLong, "message text is too long: the limit is %d characters", most)
	}
	if strings.IndexByte(text, 0) >= 0 {
		return chat.Errorf(chat.Invalid, "message.text contains an invalid character: U+0000")
	}
	server := e.seat.Actor.Server
	for _, f := range []struct {
		name string
		sent *string
		had  string
	}{{"html", r.HTML, m.HTML}, {"mml", r.MML, m.MML}} {
		switch {
		case f.sent == nil:
		case !server && *f.sent != f.had:
			return chat.Errorf(chat.Invalid, "message.%s is a reserved field", f.name)
		case len(*f.sent) > maxMarkup || strings.IndexByte(*f.sent, 0) >= 0:
			return chat.Errorf(chat.Invalid, "message.%s must be %d bytes or less, without U+0000", f.name, maxMarkup)
		}
	}
	before := m.HTML
	m.HTML, m.Text, m.MML = htmlOf(m, text), text, ""
	if r.HTML != nil && server {
		m.HTML = sanitize(*r.HTML)
	}
	if r.MML != nil {
		m.MML = *r.MML
	}
	if m.HTML == before {
		return nil
	}
	added := urlsIn(m.HTML)
	e.linked = len(added) > 0
	if missing(added, urlsIn(before)) {
		return e.seat.Require(permission.AddLinks)
	}
	return nil
}

// htmlOf is the HTML of a message when it has a new text. What the server side made of
// the old one stays with that.
func htmlOf(m *chat.Message, text string) string {
	if text == m.Text {
		return m.HTML
	}
	return render(text)
}

// inHTML finds what of the web rendered HTML links to or shows.
var inHTML = regexp.MustCompile(`<(?:a href|img src)="(https?://[^"]*)"`)

// urlsIn lists them. Most messages have none.
func urlsIn(html string) []string {
	if !strings.Contains(html, "://") {
		return nil
	}
	var out []string
	for _, found := range inHTML.FindAllStringSubmatch(html, -1) {
		out = append(out, found[1])
	}
	return out
}

var noAttachments = jsontext.Value("[]")

// attachments sets the attachments: a list of objects whose known fields have their
// types; whatever else they hold is kept.
func (e *editor) attachments(m *chat.Message, sent jsontext.Value) error {
	if len(sent) == 0 || empty(sent) {
		m.Attachments = noAttachments
		return nil
	}
	if len(sent) > maxAllAttachments {
		return tooBig(len(sent))
	}
	if !sent.IsValid() {
		return chat.Errorf(chat.Invalid, "message.attachments have a name twice in one object or text that is not UTF-8")
	}
	var list []*chat.Attachment
	if err := wire.Unmarshal(sent, &list); err != nil {
		return nameAttachments(sent)
	}
	if err := within("message.attachments", len(list), maxAttachments); err != nil {
		return err
	}
	if slices.Contains(list, nil) {
		return chat.Errorf(chat.Invalid, "message.attachments must be a list of objects")
	}
	if !equal(m.Attachments, sent) {
		if err := e.seat.Require(permission.CreateAttachment); err != nil {
			return err
		}
		if size := ownSize(sent, list); size > maxAttachmentData {
			return tooBig(size)
		}
	}
	m.Attachments = sent
	return nil
}

func tooBig(size int) error {
	return chat.Errorf(chat.PayloadTooBig, "message.attachments are too big: %d bytes, the limit is %d", size, maxAttachmentData)
}

// ownSize is how big attachments are without those that show links: the server makes
// these, and clients send them back with an edit.
func ownSize(sent jsontext.Value, list []*chat.Attachment) int {
	var raw []jsontext.Value
	if len(sent) <= maxAttachmentData || wire.Unmarshal(sent, &raw) != nil {
		return len(sent)
	}
	size := 0
	for i, a := range list {
		if a.ScrapeURL == "" {
			size += len(raw[i])
		}
	}
	return size
}

// nameAttachments finds the error in attachments again, with the field's full name.
func nameAttachments(sent jsontext.Value) error {
	var doc struct {
		Message struct {
			Attachments []*chat.Attachment `json:"attachments"`
		} `json:"message"`
	}
	return wire.Unmarshal(slices.Concat([]byte(`{"message":{"attachments":`), sent, []byte(`}}`)), &doc)
}

// quote sets the quoted message, which must be of the same channel.
func (e *editor) quote(ctx context.Context, m *chat.Message, r *chat.MessageRequest) error {
	id := ""
	if r.QuotedMessageID != nil {
		id = *r.QuotedMessageID
	}
	if id == "" || id == m.QuotedMessageID {
		m.QuotedMessageID = id
		return nil
	}
	if !e.seat.Channel.Config.Quotes {
		return unsupported(e.seat, "quotes")
	}
	if err := e.seat.Require(permission.QuoteMessage); err != nil {
		return err
	}
	q, err := e.app.Message(ctx, id)
	if err != nil && chat.KindOf(err) != chat.NotFound {
		return err
	}
	view := e.seat.View()
	if q == nil || q.CID != m.CID || q.ID == m.ID || q.DeletedAt != nil || !q.VisibleTo(e.seat.Actor.UserID) && !e.seat.Oversees() || view.Since != nil && !q.CreatedAt.After(*view.Since) {
		return chat.Errorf(chat.Invalid, "quoted message with id %s doesn't exist in channel %s", id, m.CID)
	}
	m.QuotedMessageID = id
	return nil
}
