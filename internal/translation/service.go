package translation

import (
	"context"
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"chatd/internal/access"
	"chatd/internal/auth"
	"chatd/internal/chat"
	"chatd/internal/jobs"
	"chatd/internal/store"
)

// The limits of translations (API: translation).
const (
	maxText    = 5000                    // characters
	maxTargets = 5                       // languages that a message is translated into by itself
	askTime    = 2500 * time.Millisecond // clients give up after three seconds
	jobTime    = 20 * time.Second
)

// Provider translates.
type Provider interface {
	// Translate returns text in another language. from is the code of the text's own,
	// "" to have it detected; it is returned as it was, or was found.
	Translate(ctx context.Context, text, from, to string) (translated, source string, err error)
}

// Messages tells of messages.
type Messages interface {
	// TellUpdated emits message.updated for messages as they are stored.
	TellUpdated(ctx context.Context, tx *store.Tx, by *auth.Actor, msgs ...*chat.Message) error
}

// Queue takes jobs.
type Queue interface {
	Enqueue(ctx context.Context, tx *store.Tx, args jobs.Args, at time.Time) error
}

// Service has a method for each operation on translations. Its fields must be set
// before the first call.
type Service struct {
	Store    *store.Store
	Access   *access.Access
	Messages Messages
	Jobs     Queue
	Provider Provider // nil: this server does not translate
}

// app returns the actor and the store of his app.
func (s *Service) app(ctx context.Context) (*auth.Actor, *store.App) {
	actor := auth.FromContext(ctx)
	return actor, s.Store.App(actor.App.ID)
}

// check tells why a text cannot be translated.
func (s *Service) check(field, text string) error {
	switch {
	case s.Provider == nil:
		return chat.Errorf(chat.Invalid, "translation is not configured on this server")
	case strings.TrimSpace(text) == "":
		return chat.Errorf(chat.Invalid, "%s is a required field", field)
	case utf8.RuneCountInString(text) > maxText:
		return chat.Errorf(chat.Invalid, "%s is too long to be translated: the limit is %d characters", field, maxText)
	}
	return nil
}

// translate asks the provider. What goes wrong there is not the client's fault, but
// for a language that it does not know.
func (s *Service) translate(ctx context.Context, text, from, to string) (translated, source string, err error) {
	if from == to {
		return text, from, nil
	}
	translated, source, err = s.Provider.Translate(ctx, text, from, to)
	if errors.Is(err, errLanguage) {
		return "", "", &chat.Error{Kind: chat.Invalid, Message: "the text cannot be translated into " + to, Err: err}
	}
	if err != nil {
		return "", "", &chat.Error{Kind: chat.Unavailable, Message: "the translation service is not available", Err: err}
	}
	return translated, source, nil
}

// errLanguage is the error of providers that do not know a language.
var errLanguage = errors.New("language not supported")

// TextRequest asks for the translation of any text.
type TextRequest struct {
	Text string `json:"text"`
	To   string `json:"destination_language"`
	From string `json:"source_language"` // "" to have it detected
}

// Validate checks the languages.
func (r *TextRequest) Validate() error {
	if err := chat.ValidLanguage("destination_language", r.To); err != nil || r.From == "" {
		return err
	}
	return chat.ValidLanguage("source_language", r.From)
}

// TextResponse is a text in another language, and which one.
type TextResponse struct {
	Language string `json:"language"`
	Text     string `json:"translated_text"`
}

// Text translates a text.
func (s *Service) Text(ctx context.Context, r *TextRequest) (*TextResponse, error) {
	if err := s.check("text", r.Text); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	text, _, err := s.translate(ctx, r.Text, r.From, r.To)
	if err != nil {
		return nil, err
	}
	return &TextResponse{Language: r.To, Text: text}, nil
}
