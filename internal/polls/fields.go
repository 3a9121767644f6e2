package polls

import (
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/chat"
)

// The limits of polls. Custom data is counted over the poll and its options.
const (
	maxID          = 255  // bytes
	maxName        = 1000 // characters
	maxDescription = 5000
	maxText        = 1000 // of an option and of an answer
	maxOptions     = 100
	maxVotes       = 10 // for a user
)

// Settings are what of a poll its creator decides.
type Settings struct {
	Name                      string         `json:"name"`
	Description               string         `json:"description"`
	VotingVisibility          string         `json:"voting_visibility"`
	EnforceUniqueVote         bool           `json:"enforce_unique_vote"`
	MaxVotesAllowed           *int           `json:"max_votes_allowed"`
	AllowUserSuggestedOptions bool           `json:"allow_user_suggested_options"`
	AllowAnswers              bool           `json:"allow_answers"`
	IsClosed                  bool           `json:"is_closed"`
	Options                   []*Option      `json:"options"`
	Custom                    jsontext.Value `json:",embed"`
}

// Option is an option as clients send one: without an id it is a new one.
type Option struct {
	ID     string         `json:"id"`
	Text   string         `json:"text"`
	Custom jsontext.Value `json:",embed"`
}

// computed and computedOfOption are fields that the server fills in. Clients that
// send back what they were given send them along; they are left out.
var (
	computed = []string{
		"answers_count", "created_at", "created_by", "created_by_id", "duration", "latest_answers", "latest_votes_by_option", "own_votes",
		"updated_at", "vote_count", "vote_counts_by_option",
	}
	computedOfOption = []string{"created_at", "duration", "poll_id", "position", "updated_at", "user", "user_id", "vote_count", "votes"}
)

// customOf are custom fields that a client sent, without what is computed. Some
// send them as one object, Custom.
func customOf(sent jsontext.Value, computed []string) jsontext.Value {
	var names []string
	var lifted jsontext.Value
	for name, v := range chat.Keys(sent) {
		if name == "Custom" && v.Kind() == '{' {
			lifted = chat.Without(v, computed...)
			names = append(names, name)
		}
	}
	custom := chat.Without(sent, append(names, computed...)...)
	if len(lifted) > 0 {
		custom = chat.Merge(custom, lifted)
	}
	return custom
}

// check checks the settings and fills in what they leave out.
func (s *Settings) check() error {
	if s.Name == "" {
		return chat.Errorf(chat.Invalid, "name is a required field")
	}
	if s.VotingVisibility == "" {
		s.VotingVisibility = chat.VotesPublic
	}
	if err := text("name", s.Name, maxName); err != nil {
		return err
	}
	if err := text("description", s.Description, maxDescription); err != nil {
		return err
	}
	switch most := s.MaxVotesAllowed; {
	case s.VotingVisibility != chat.VotesPublic && s.VotingVisibility != chat.VotesAnonymous:
		return chat.Errorf(chat.Invalid, "voting_visibility must be one of [anonymous public]")
	case most != nil && *most < 1:
		return chat.Errorf(chat.Invalid, "max_votes_allowed must be 1 or greater")
	case most != nil && *most > maxVotes:
		return chat.Errorf(chat.Invalid, "max_votes_allowed must be %d or less", maxVotes)
	case len(s.Options) > maxOptions:
		return chat.Errorf(chat.Invalid, "options must contain at maximum %d items", maxOptions)
	}
	s.Custom = customOf(s.Custom, computed)
	if err := chat.CheckCustom("poll", s.Custom, chat.MaxCustom, map[string]bool{"id": true, "user": true, "user_id": true}); err != nil {
		return err
	}
	ids := make(map[string]bool, len(s.Options))
	for _, o := range s.Options {
		if o == nil {
			return chat.Errorf(chat.Invalid, "options must be a list of objects")
		}
		if err := o.check("options."); err != nil {
			return err
		}
		if ids[o.ID] && o.ID != "" {
			return chat.Errorf(chat.Invalid, "options have the id %s twice", o.ID)
		}
		ids[o.ID] = true
	}
	return nil
}

// check checks an option; prefix names it in errors.
func (o *Option) check(prefix string) error {
	if err := validID(prefix+"id", o.ID); err != nil {
		return err
	}
	if err := text(prefix+"text", o.Text, maxText); err != nil {
		return err
	}
	o.Custom = customOf(o.Custom, computedOfOption)
	return chat.CheckCustom("poll option", o.Custom, chat.MaxCustom, nil)
}

// made is the option as it is stored, with a new id if it has none.
func (o *Option) made() *chat.PollOption {
	id := o.ID
	if id == "" {
		id = chat.NewID()
	}
	return &chat.PollOption{ID: id, Text: o.Text, Custom: o.Custom}
}

// apply puts the settings into a poll.
func (s *Settings) apply(p *chat.Poll) error {
	p.Name, p.Description, p.VotingVisibility = s.Name, s.Description, s.VotingVisibility
	p.EnforceUniqueVote, p.MaxVotesAllowed = s.EnforceUniqueVote, s.MaxVotesAllowed
	p.AllowUserSuggestedOptions, p.AllowAnswers, p.IsClosed = s.AllowUserSuggestedOptions, s.AllowAnswers, s.IsClosed
	p.Custom, p.Options = s.Custom, nil
	for _, o := range s.Options {
		p.Options = append(p.Options, o.made())
	}
	return checkSize(p)
}

// settingsOf are the settings of a poll, for a partial update to start from.
func settingsOf(p *chat.Poll) *Settings {
	s := &Settings{
		Name: p.Name, Description: p.Description, VotingVisibility: p.VotingVisibility,
		EnforceUniqueVote: p.EnforceUniqueVote, MaxVotesAllowed: p.MaxVotesAllowed,
		AllowUserSuggestedOptions: p.AllowUserSuggestedOptions, AllowAnswers: p.AllowAnswers, IsClosed: p.IsClosed, Custom: p.Custom,
	}
	for _, o := range p.Options {
		s.Options = append(s.Options, &Option{ID: o.ID, Text: o.Text, Custom: o.Custom})
	}
	return s
}

// checkSize bounds the custom data of a poll and its options together.
func checkSize(p *chat.Poll) error {
	n := len(p.Custom)
	for _, o := range p.Options {
		if len(o.Custom) > len("{}") {
			n += len(o.Custom)
		}
	}
	if n > chat.MaxCustom {
		return chat.Errorf(chat.PayloadTooBig, "poll custom data is too big: %d bytes, the limit is %d", n, chat.MaxCustom)
	}
	return nil
}

// text checks the length of a text, in characters.
func text(field, s string, most int) error {
	switch {
	case utf8.RuneCountInString(s) > most:
		return chat.Errorf(chat.Invalid, "%s must be %d characters or less", field, most)
	case strings.IndexByte(s, 0) >= 0:
		return chat.Errorf(chat.Invalid, "%s contains an invalid character: U+0000", field)
	}
	return nil
}

// validID checks an id that a client chose.
func validID(field, id string) error {
	if len(id) > maxID || strings.ContainsAny(id, "/%\x00") {
		return chat.Errorf(chat.Invalid, "%s is not valid: %d characters or less, without / and %%", field, maxID)
	}
	return nil
}
