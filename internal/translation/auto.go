package translation

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"chatd/internal/access"
	"chatd/internal/auth"
	"chatd/internal/chat"
	"chatd/internal/jobs"
	"chatd/internal/store"
)

// waitTime is how long a send or an edit may wait for its translations.
const waitTime = 1500 * time.Millisecond

// Auto returns the i18n of a message that is being sent or edited: its text in the
// languages that the channel asks for, and in those that it was translated into
// before the edit (had). It is nil when there is nothing to translate. late tells
// that the translations must follow (Later): the provider fails, or takes too long.
func (s *Service) Auto(ctx context.Context, seat *access.Seat, m *chat.Message, had map[string]string) (i18n map[string]string, late bool) {
	on := seat.Actor.App.Settings.AutoTranslationEnabled || seat.Channel.AutoTranslation
	if !on && len(had) == 0 || s.translatable(m) != nil {
		return nil, false
	}
	ctx, cancel := context.WithTimeout(ctx, waitTime)
	defer cancel()
	i18n, err := s.automatic(ctx, s.Store.App(seat.Actor.App.ID), seat.Channel, on, m, m.User, had)
	return i18n, err != nil && chat.KindOf(err) != chat.Invalid
}

// automatic translates a message's text for its channel.
func (s *Service) automatic(ctx context.Context, app *store.App, ch *chat.Channel, on bool, m *chat.Message, author *chat.User, had map[string]string) (map[string]string, error) {
	from := sourceOf(nil, author)
	to := translatedInto(had)
	if on {
		wanted, err := targets(ctx, app, ch, m.UserID, from)
		if err != nil {
			return nil, err
		}
		for _, language := range wanted {
			if !slices.Contains(to, language) {
				to = append(to, language)
			}
		}
	}
	to = slices.DeleteFunc(to, func(language string) bool { return language == from })
	if len(to) == 0 {
		return nil, nil //nolint:nilnil // there is nothing to translate
	}
	return s.into(ctx, m.Text, from, to...)
}

// translatedInto are the languages that a message was translated into.
func translatedInto(i18n map[string]string) []string {
	var out []string
	for _, key := range slices.Sorted(maps.Keys(i18n)) {
		if language, ok := strings.CutSuffix(key, "_text"); ok && language != i18n["language"] && chat.KnownLanguage(language) {
			out = append(out, language)
		}
	}
	return out
}

// targets are the languages that a channel wants messages of a user in: those that it
// names, or the one that most of its other members speak.
func targets(ctx context.Context, app *store.App, ch *chat.Channel, userID, from string) ([]string, error) {
	if ch.AutoTranslationLanguage == "" {
		most, err := app.MemberLanguage(ctx, ch.CID, userID, from)
		if err != nil || !chat.KnownLanguage(most) {
			return nil, err
		}
		return []string{most}, nil
	}
	var out []string
	for language := range strings.SplitSeq(ch.AutoTranslationLanguage, ",") {
		if language = strings.TrimSpace(language); language != from && chat.KnownLanguage(language) && !slices.Contains(out, language) && len(out) < maxTargets {
			out = append(out, language)
		}
	}
	return out, nil
}

// catchUp is the job that translates a message that was told of without.
type catchUp struct {
	App     chat.AppID        `json:"app"`
	Message string            `json:"message"`
	Text    string            `json:"text"` // as it was then: an edit has a job of its own
	Had     map[string]string `json:"had,omitempty"`
}

// Kind names the job.
func (catchUp) Kind() string { return "message_translate" }

// HandleJobs registers the area's jobs.
func (s *Service) HandleJobs(q *jobs.Queue) { jobs.Handle(q, s.catchUp) }

// Later has the translations of a message follow in an update, once the transaction
// that writes the message has committed.
func (s *Service) Later(ctx context.Context, tx *store.Tx, m *chat.Message, had map[string]string) error {
	return s.Jobs.Enqueue(ctx, tx, catchUp{App: tx.ID, Message: m.ID, Text: m.Text, Had: had}, time.Time{})
}

// stale tells that a job has come to nothing: the message is gone, or has another
// text now.
func (job *catchUp) stale(m *chat.Message, err error) bool {
	return chat.KindOf(err) == chat.NotFound || err == nil && (m.DeletedAt != nil || m.Text != job.Text)
}

func (s *Service) catchUp(ctx context.Context, job catchUp) error {
	ctx, cancel := context.WithTimeout(ctx, jobTime)
	defer cancel()
	app := s.Store.App(job.App)
	m, err := app.Message(ctx, job.Message)
	if job.stale(m, err) || err == nil && s.translatable(m) != nil {
		return nil
	}
	if err != nil {
		return err
	}
	of, err := app.App(ctx)
	if err != nil {
		return err
	}
	author, err := app.User(ctx, m.UserID)
	if err != nil {
		return err
	}
	by := &auth.Actor{App: of, User: author, UserID: m.UserID, Server: true}
	seat, err := s.Access.Seat(auth.WithActor(ctx, by), m.CID)
	if chat.KindOf(err) == chat.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	on := of.Settings.AutoTranslationEnabled || seat.Channel.AutoTranslation
	i18n, err := s.automatic(ctx, app, seat.Channel, on, m, author, job.Had)
	if err != nil && chat.KindOf(err) == chat.Invalid {
		return jobs.Give(err)
	}
	if err != nil || i18n == nil {
		return err
	}
	return app.InTx(ctx, func(tx *store.Tx) error {
		m, err := tx.LockMessage(ctx, job.Message)
		if job.stale(m, err) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := s.keep(ctx, tx, m, i18n); err != nil {
			return err
		}
		return s.Messages.TellUpdated(ctx, tx, by, m)
	})
}
