package chat

import (
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// Who sees who voted for what.
const (
	VotesPublic    = "public"
	VotesAnonymous = "anonymous" // nobody but the voter himself
)

// Poll is a question that messages carry, with its state. The votes and CreatedBy
// are filled in when it is read (store: polls).
type Poll struct {
	ID               string `db:"id" json:"id"`
	Name             string `db:"name" json:"name"`
	Description      string `db:"description" json:"description"`
	VotingVisibility string `db:"voting_visibility" json:"voting_visibility"`
	// EnforceUniqueVote leaves everybody one vote, the last; MaxVotesAllowed, if it
	// is not nil, so many.
	EnforceUniqueVote         bool `db:"enforce_unique_vote" json:"enforce_unique_vote"`
	MaxVotesAllowed           *int `db:"max_votes_allowed" json:"max_votes_allowed"`
	AllowUserSuggestedOptions bool `db:"allow_user_suggested_options" json:"allow_user_suggested_options"`
	AllowAnswers              bool `db:"allow_answers" json:"allow_answers"`
	IsClosed                  bool `db:"is_closed" json:"is_closed,omitzero"`

	Options []*PollOption `db:"options" json:"options"`

	// VoteCount and VoteCountsByOption count votes for options, of which those
	// without a vote are not named; AnswersCount counts the rest.
	VoteCount          int            `db:"vote_count" json:"vote_count"`
	VoteCountsByOption map[string]int `db:"vote_counts" json:"vote_counts_by_option"`
	AnswersCount       int            `db:"answers_count" json:"answers_count"`

	// LatestVotesByOption is empty in anonymous polls, not null: most SDKs have a map
	// there that must be, and those that await null find nothing in an empty one.
	LatestVotesByOption map[string][]*PollVote `db:"-" json:"latest_votes_by_option"`
	LatestAnswers       []*PollVote            `db:"-" json:"latest_answers"`
	OwnVotes            []*PollVote            `db:"-" json:"own_votes"`

	CreatedByID string         `db:"created_by_id" json:"created_by_id"`
	CreatedBy   *User          `db:"-" json:"created_by,omitzero"`
	CreatedAt   time.Time      `db:"created_at" json:"created_at"`
	UpdatedAt   time.Time      `db:"updated_at" json:"updated_at"`
	Custom      jsontext.Value `db:"custom" json:",embed"`

	Version int64 `db:"version" json:"-"` // rises with each change of it or its votes
}

// Anonymous tells whether nobody may see who votes for what.
func (p *Poll) Anonymous() bool { return p.VotingVisibility == VotesAnonymous }

// Option returns an option of the poll, nil when there is none with this id.
func (p *Poll) Option(id string) *PollOption {
	for _, o := range p.Options {
		if o.ID == id {
			return o
		}
	}
	return nil
}

// Public returns the poll as everybody sees it: without the viewer's own votes.
func (p *Poll) Public() *Poll {
	if p == nil || len(p.OwnVotes) == 0 {
		return p
	}
	v := *p
	v.OwnVotes = nil
	return &v
}

// PollOption is what one can vote for.
type PollOption struct {
	ID     string         `json:"id"`
	Text   string         `json:"text"`
	Custom jsontext.Value `json:",embed"`
}

// PollVote is a vote for an option of a poll, or an answer in the voter's own
// words, of which everybody has one.
type PollVote struct {
	ID         string    `db:"id" json:"id"`
	PollID     string    `db:"poll_id" json:"poll_id"`
	OptionID   string    `db:"option_id" json:"option_id"` // "" of an answer
	AnswerText string    `db:"answer_text" json:"answer_text,omitzero"`
	IsAnswer   bool      `db:"-" json:"is_answer,omitzero"`
	UserID     string    `db:"user_id" json:"user_id,omitzero"`
	User       *User     `db:"-" json:"user,omitzero"`
	Anonymous  bool      `db:"anonymous" json:"-"` // it was when the vote was cast
	CreatedAt  time.Time `db:"created_at" json:"created_at"`
	UpdatedAt  time.Time `db:"updated_at" json:"updated_at"`
}

// Unsigned returns the vote without its voter.
func (v *PollVote) Unsigned() *PollVote {
	u := *v
	u.UserID, u.User = "", nil
	return &u
}
