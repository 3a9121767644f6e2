package channels

import (
	"errors"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/chat"
	"chatd/internal/wire"
)

// The limits of requests.
const (
	maxBatch       = 100 // users in one list
	maxFilterTags  = 10
	maxTag         = 255   // bytes of a filter tag, and of a team's name
	maxCooldown    = 120   // seconds
	maxPage        = 300   // members or watchers of one channel
	maxPageOffset  = 10000 // of those
	defaultPage    = 100
	maxMessages    = 300 // messages of one channel
	shownMembers   = 100 // members in the answers to updates
	shownReads     = 100 // read states of one channel
	shownPins      = 10  // pinned messages of one channel
	shownPending   = 100 // pending ones
	defaultHistory = 100 // messages of a channel that is asked for alone
)

// MemberRequest is a user who is to be a member: an id, or an object with user_id.
type MemberRequest struct {
	UserID string `json:"user_id"`
	User   *struct {
		ID string `json:"id"`
	} `json:"user"`
	ChannelRole string         `json:"channel_role"`
	Custom      jsontext.Value `json:",embed"`
}

// UnmarshalJSONFrom takes both forms.
func (m *MemberRequest) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	if d.PeekKind() == '"' {
		t, err := d.ReadToken()
		m.UserID = t.String()
		return err
	}
	if d.PeekKind() != '{' {
		return errors.New("expects a user id or an object")
	}
	v, err := d.ReadValue()
	if err != nil {
		return err
	}
	type object MemberRequest
	if err := wire.Unmarshal(v, (*object)(m)); err != nil {
		return err
	}
	if m.UserID == "" && m.User != nil {
		m.UserID = m.User.ID
	}
	m.User = nil
	return nil
}

// MemberRequests are users who are to be members.
type MemberRequests []MemberRequest

// ids returns the users' ids, each once, in their order.
func (l MemberRequests) ids() []string {
	var out []string
	for _, m := range l {
		if !slices.Contains(out, m.UserID) {
			out = append(out, m.UserID)
		}
	}
	return out
}

// reservedMember are the names that a member's custom fields must not have.
var reservedMember = reserved(`user_id user status created_at updated_at deleted_at banned ban_expires shadow_banned role channel_role is_moderator invited
	invite_accepted_at invite_rejected_at notifications_muted pinned pinned_at archived archived_at is_global_banned cid deleted_messages
	ban_from_future_channels future_channel_ban_expires`)

// check validates a list that stands under name in a request.
func (l MemberRequests) check(name string) error {
	if err := checkCount(name, len(l), maxBatch); err != nil {
		return err
	}
	for _, m := range l {
		if m.UserID == "" {
			return chat.Errorf(chat.Invalid, "%s.user_id is a required field", name)
		}
		if err := chat.ValidUserID(m.UserID); err != nil {
			return err
		}
		if err := chat.CheckCustom("member", m.Custom, chat.MaxCustom, reservedMember); err != nil {
			return err
		}
	}
	return nil
}

// Paging selects a part of a list.
type Paging struct {
	Limit  *int `json:"limit"`
	Offset int  `json:"offset"`
}

func (p *Paging) check(name string) error {
	if p == nil {
		return nil
	}
	return errors.Join(chat.CheckRange(name+".limit", p.limit(), maxPage), chat.CheckRange(name+".offset", p.Offset, maxPageOffset))
}

func (p *Paging) limit() int {
	if p == nil || p.Limit == nil {
		return defaultPage
	}
	return *p.Limit
}

func (p *Paging) offset() int {
	if p == nil {
		return 0
	}
	return p.Offset
}

// firstError returns the first error of checks, run in order.
func firstError(checks ...func() error) error {
	for _, check := range checks {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}
