package translation

import (
	"context"
	"maps"

	"chatd/internal/chat"
	"chatd/internal/store"
)

// MessageRequest asks for the translation of a message.
type MessageRequest struct {
	ID       string `path:"id" json:"-"`
	Language string `json:"language"`
}

// Validate checks the language.
func (r *MessageRequest) Validate() error { return chat.ValidLanguage("language", r.Language) }

// MessageResponse is a message.
type MessageResponse struct {
	Message *chat.Message `json:"message"`
}

// Message translates a message's text, keeps the translation with those that it has,
// and tells those who watch.
func (s *Service) Message(ctx context.Context, r *MessageRequest) (*MessageResponse, error) {
	seat, m, err := s.Access.Message(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	if err := seat.Read(); err != nil {
		return nil, err
	}
	if err := s.translatable(m); err != nil {
		return nil, err
	}
	_, app := s.app(ctx)
	if m.I18n[chat.TranslationKey(r.Language)] != "" {
		return &MessageResponse{Message: m}, app.Hydrate(ctx, seat.Viewer(), m)
	}
	author, err := app.User(ctx, m.UserID)
	if err != nil {
		return nil, err
	}
	ask, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	added, err := s.into(ask, m.Text, sourceOf(m.I18n, author), r.Language)
	if err != nil {
		return nil, err
	}
	out := &MessageResponse{}
	return out, app.InTx(ctx, func(tx *store.Tx) error {
		now, err := tx.LockMessage(ctx, m.ID)
		if err != nil {
			return err
		}
		if err := s.translatable(now); err != nil {
			return err
		}
		if now.Text != m.Text {
			return chat.Errorf(chat.Timeout, "message with id %s was changed meanwhile", m.ID)
		}
		if err := s.keep(ctx, tx, now, added); err != nil {
			return err
		}
		mine := *now
		if err := tx.Hydrate(ctx, seat.Viewer(), &mine); err != nil {
			return err
		}
		out.Message = &mine
		return s.Messages.TellUpdated(ctx, tx, seat.Actor, now)
	})
}

// keep adds translations to a message that is locked.
func (s *Service) keep(ctx context.Context, tx *store.Tx, m *chat.Message, added map[string]string) error {
	i18n := maps.Clone(m.I18n)
	if i18n == nil {
		i18n = added
	} else {
		maps.Copy(i18n, added)
	}
	m.I18n, m.UpdatedAt = i18n, tx.Now()
	return tx.UpdateMessage(ctx, m)
}

// translatable tells why a message cannot be translated.
func (s *Service) translatable(m *chat.Message) error {
	switch {
	case m.DeletedAt != nil:
		return chat.Errorf(chat.Invalid, "message with id %s has been deleted", m.ID)
	case m.Command != "":
		return chat.Errorf(chat.Invalid, "message with id %s is a command, which cannot be translated", m.ID)
	}
	return s.check("message.text", m.Text)
}

// sourceOf is the language of a message's text, "" when it has to be detected.
func sourceOf(i18n map[string]string, author *chat.User) string {
	if known := i18n["language"]; known != "" {
		return known
	}
	if author != nil && chat.KnownLanguage(author.Language) {
		return author.Language
	}
	return ""
}

// into translates a text into languages and returns its i18n: the translations, the
// text itself, and its language.
func (s *Service) into(ctx context.Context, text, from string, to ...string) (map[string]string, error) {
	i18n := make(map[string]string, len(to)+2)
	for _, language := range to {
		translated, source, err := s.translate(ctx, text, from, language)
		if err != nil {
			return nil, err
		}
		i18n[chat.TranslationKey(language)], from = translated, source
	}
	i18n["language"], i18n[chat.TranslationKey(from)] = from, text
	return i18n, nil
}
