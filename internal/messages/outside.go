package messages

import (
	"context"
	"time"

	"chatd/internal/access"
	"chatd/internal/chat"
	"chatd/internal/store"
)

// outsideWait is how long a send or an edit may wait for what is asked of other
// servers, previews and translations: clients give up after three seconds. What
// takes longer follows in an update of the message.
const outsideWait = 1500 * time.Millisecond

// Translator translates messages.
type Translator interface {
	// Auto returns the i18n of a message that is being sent, or edited and had another
	// before; nil when there is none. late tells that it has to follow.
	Auto(ctx context.Context, seat *access.Seat, m *chat.Message, had map[string]string) (i18n map[string]string, late bool)
	// Later has the i18n follow in an update, when the transaction has committed.
	Later(ctx context.Context, tx *store.Tx, m *chat.Message, had map[string]string) error
}

// translates tells whether the messages of a channel are translated by themselves.
func translates(seat *access.Seat) bool {
	return seat.Channel.AutoTranslation || seat.Actor.App.Settings.AutoTranslationEnabled
}

// ask completes a new message with what other servers know: of its link, unless asIs,
// and in other languages. Most messages need nothing of it.
func (s *Service) ask(ctx context.Context, d *delivery, asIs bool) {
	link := s.Previews != nil && d.linked && !asIs && d.seat.Channel.Config.URLEnrichment
	if !link && !translates(d.seat) {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, outsideWait)
	defer cancel()
	if link {
		p := s.preview(ctx, d.seat.Actor.App, wanted(d.m.HTML, d.m.Attachments))
		p.put(d.m)
		if p.later {
			d.also = append(d.also, func(ctx context.Context, tx *store.Tx) error { return s.follow(ctx, tx, d.m, p) })
		}
	}
	if translates(d.seat) {
		i18n, late := s.Translator.Auto(ctx, d.seat, d.m, nil)
		d.m.I18n = i18n
		if late {
			d.also = append(d.also, func(ctx context.Context, tx *store.Tx) error { return s.Translator.Later(ctx, tx, d.m, nil) })
		}
	}
}

// foreseen is what an edit needs of other servers, asked for before its row is
// locked. The row may change meanwhile, so complete looks again.
type foreseen struct {
	s    *Service
	asIs bool
	link preview
	text string // what i18n is for
	i18n map[string]string
	late bool // i18n has to follow
}

// foresee asks other servers for what the edit of a message needs: previews unless
// asIs, and translations. change tells what it is going to be.
func (s *Service) foresee(ctx context.Context, seat *access.Seat, m *chat.Message, asIs bool, change func(*chat.Message) (*chat.MessageRequest, error)) (*foreseen, error) {
	f := &foreseen{s: s, asIs: asIs || !seat.Channel.Config.URLEnrichment}
	words := translates(seat) || len(m.I18n) > 0
	if (f.asIs || s.Previews == nil) && !words || m.DeletedAt != nil {
		return f, nil
	}
	r, err := change(m)
	if err != nil || r.Text == nil || !mayEdit(seat, m) {
		return f, err // the transaction refuses it
	}
	ctx, cancel := context.WithTimeout(ctx, outsideWait)
	defer cancel()
	if !f.asIs && s.Previews != nil {
		f.link = s.foreseeLink(ctx, seat, m, r)
	}
	if !words || *r.Text == m.Text {
		return f, nil
	}
	v := *m
	v.Text = *r.Text
	if v.User, err = s.Store.App(seat.Actor.App.ID).User(ctx, m.UserID); err != nil {
		return f, err
	}
	f.text = v.Text
	f.i18n, f.late = s.Translator.Auto(ctx, seat, &v, m.I18n)
	return f, nil
}

// put puts what was found into the edited message, as far as that is what it was
// found for.
func (f *foreseen) put(before, m *chat.Message) {
	if !f.asIs {
		dropGone(before, m)
		f.link.put(m)
	}
	if m.Text != before.Text && m.Text == f.text {
		m.I18n = f.i18n
	}
}

// follow has what takes longer follow in another update of the message.
func (f *foreseen) follow(ctx context.Context, tx *store.Tx, before, m *chat.Message) error {
	if f.link.later {
		if err := f.s.follow(ctx, tx, m, f.link); err != nil {
			return err
		}
	}
	if f.late && m.Text == f.text {
		return f.s.Translator.Later(ctx, tx, m, before.I18n)
	}
	return nil
}
