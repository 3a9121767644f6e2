package channels

import (
	"context"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/access"
	"chatd/internal/auth"
	"chatd/internal/chat"
	"chatd/internal/filter"
	"chatd/internal/permission"
	"chatd/internal/store"
)

// The limits of channel queries.
const (
	defaultChannels    = 10
	maxChannels        = 30
	maxChannelsOffset  = 1000
	maxListMembers     = 100
	defaultListHistory = 25
	maxSorts           = 5
)

// QueryRequest asks for channels.
type QueryRequest struct {
	chat.ActAs
	live

	Filter       jsontext.Value `json:"filter_conditions"`
	Sort         jsontext.Value `json:"sort"`
	Limit        *int           `json:"limit"`
	Offset       int            `json:"offset"`
	MemberLimit  *int           `json:"member_limit"`
	MessageLimit *int           `json:"message_limit"`
	State        *bool          `json:"state"` // nil means true
	Predefined   string         `json:"predefined_filter"`

	MemberInclude chat.MemberInclude `json:"member_custom_include"`
}

// Validate checks the limits.
func (r *QueryRequest) Validate() error {
	return firstError(
		func() error { return checkLimit("limit", r.Limit, maxChannels) },
		func() error { return chat.CheckRange("offset", r.Offset, maxChannelsOffset) },
		func() error { return checkLimit("member_limit", r.MemberLimit, maxListMembers) },
		func() error { return checkLimit("message_limit", r.MessageLimit, maxMessages) },
		r.MemberInclude.Check,
	)
}

// QueryResponse is the channels that were found.
type QueryResponse struct {
	Channels []*State `json:"channels"`
}

// Query finds channels by a filter. It is refused when the filter finds channels
// that the actor may not read.
func (s *Service) Query(ctx context.Context, r *QueryRequest) (*QueryResponse, error) {
	actor, app := s.app(ctx)
	if err := r.check(actor); err != nil {
		return nil, err
	}
	if r.Predefined != "" {
		return nil, chat.Errorf(chat.NotFound, "predefined filter %s does not exist", r.Predefined)
	}
	q, err := r.query(actor)
	if err != nil {
		return nil, err
	}
	channels, err := app.QueryChannels(ctx, q)
	if err != nil {
		return nil, err
	}
	seats, err := s.Access.Seats(ctx, channels)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(seats, func(seat *access.Seat) bool { return mayRead(seat) != nil }) {
		out, err := s.states(ctx, seats, r.part())
		return &QueryResponse{Channels: out}, err
	}
	return nil, chat.Errorf(chat.QueryNotAllowed, "user %s is not allowed to read some of the channels that the filter matches", actor.UserID)
}

func (r *QueryRequest) part() part {
	p := part{live: r.live, bare: r.State != nil && !*r.State, messages: store.Page{Limit: defaultListHistory}, members: &Paging{Limit: r.MemberLimit}, include: r.MemberInclude}
	put(&p.messages.Limit, r.MessageLimit)
	return p
}

// query turns the request into one for the store.
func (r *QueryRequest) query(actor *auth.Actor) (store.ChannelQuery, error) {
	q := store.ChannelQuery{Viewer: actor.UserID, Limit: defaultChannels, Offset: r.Offset}
	put(&q.Limit, r.Limit)
	var err error
	if q.Filter, err = filter.Parse(r.Filter, filter.Limits{}); err != nil {
		return q, err
	}
	if q.Sort, err = filter.ParseSort(r.Sort, maxSorts); err != nil {
		return q, err
	}
	if actor.Unchecked() || !actor.App.Settings.MultiTenantEnabled || actor.User == nil {
		return q, nil
	}
	if filter.Mentions(q.Filter, "team") {
		return q, checkTeams(q.Filter, actor.User)
	}
	if q.Teams = actor.User.Teams; len(q.Teams) == 0 {
		q.Teams = []string{""}
	}
	return q, nil
}

// checkTeams keeps a client's filter to the teams of its user.
func checkTeams(n filter.Node, user *chat.User) error {
	global := user.Role == chat.RoleGlobalAdmin || user.Role == chat.RoleGlobalModerator
	return filter.Walk(n, func(c filter.Cmp, negated bool) error {
		if c.Field != "team" {
			return nil
		}
		if c.Op == filter.Ne || c.Op == filter.Nin {
			return chat.Errorf(chat.Invalid, "cannot use operator %q when filtering by team", string(c.Op))
		}
		if negated {
			return chat.Errorf(chat.Invalid, "cannot use $nor operator when filtering by team")
		}
		if global || c.Op != filter.Eq && c.Op != filter.In || c.IsNull() {
			return nil
		}
		teams, err := teamsIn(c)
		if err != nil {
			return chat.Errorf(chat.Invalid, "field team expect string values")
		}
		for _, t := range teams {
			if !permission.SameTeam(user.Teams, t) {
				return chat.Errorf(chat.Invalid, "search by team %q is not allowed", t)
			}
		}
		return nil
	})
}

// teamsIn are the teams that a comparison names.
func teamsIn(c filter.Cmp) ([]string, error) {
	if c.Op == filter.In {
		return c.Texts()
	}
	t, err := c.Text()
	return []string{t}, err
}
