package users

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
	"chatd/internal/wire"
)

// The limits of a query (API: pagination).
const (
	defaultLimit = 30
	maxLimit     = 100
	maxOffset    = 1000
	maxSorts     = 5
)

// QueryRequest is the payload of GET /users.
type QueryRequest struct {
	chat.ActAs

	Filter       jsontext.Value `json:"filter_conditions,omitzero"`
	Sort         jsontext.Value `json:"sort,omitzero"`
	Limit        int            `json:"limit,omitzero" query:"limit"`
	Offset       int            `json:"offset,omitzero" query:"offset"`
	Presence     bool           `json:"presence,omitzero"`
	Deactivated  bool           `json:"include_deactivated_users,omitzero"`
	ConnectionID string         `json:"connection_id,omitzero" query:"connection_id"`
}

// Validate checks the page.
func (r *QueryRequest) Validate() error {
	if err := chat.CheckRange("limit", r.Limit, maxLimit); err != nil {
		return err
	}
	return chat.CheckRange("offset", r.Offset, maxOffset)
}

// QueryResponse is a page of users.
type QueryResponse struct {
	Users []*chat.FullUser `json:"users"`
}

// Query lists users and, with presence, sends their presence events to the asking
// connection from then on.
func (s *Service) Query(ctx context.Context, r *QueryRequest) (*QueryResponse, error) {
	actor, app := s.app(ctx)
	where, err := filter.Parse(r.Filter, filter.Limits{})
	if err != nil {
		return nil, err
	}
	sorts, err := filter.ParseSort(r.Sort, maxSorts)
	if err != nil {
		return nil, err
	}
	if !actor.Unchecked() {
		if where, err = search(actor, where); err != nil {
			return nil, err
		}
	}
	if r.Presence {
		if err := mayWatch(actor, r.ConnectionID); err != nil {
			return nil, err
		}
	}
	q := &store.UserQuery{Filter: where, Sort: sorts, Limit: r.Limit, Offset: r.Offset, Viewer: actor.UserID, Deactivated: r.Deactivated}
	if q.Limit == 0 {
		q.Limit = defaultLimit
	}
	users, err := app.QueryUsers(ctx, q)
	if err != nil {
		return nil, err
	}
	if r.Presence {
		if err := s.watch(ctx, actor, r.ConnectionID, users); err != nil {
			return nil, err
		}
	}
	full, err := s.full(ctx, actor, users)
	return &QueryResponse{Users: full}, err
}

// mayWatch checks that the actor has a connection that presence events can go to.
func mayWatch(actor *auth.Actor, connID string) error {
	switch {
	case actor.Server:
		return chat.Errorf(chat.Invalid, "presence is not supported with server side auth")
	case connID == "":
		return chat.Errorf(chat.Invalid,
			"Watch or Presence requires an active websocket connection, please make sure to include your websocket connection_id")
	}
	return nil
}

// watch subscribes the connection first and looks who is online then, so no change
// is missed between.
func (s *Service) watch(ctx context.Context, actor *auth.Actor, connID string, users []*chat.User) error {
	ids := make([]string, len(users))
	for i, u := range users {
		ids[i] = u.ID
	}
	if err := s.Hub.SubscribePresence(ctx, actor.App.ID, actor.UserID, connID, ids); err != nil {
		return err
	}
	for _, u := range users {
		u.Online = s.Hub.Online(actor.App.ID, u.ID)
	}
	return nil
}

// search returns the filter as the actor may use it: he must be allowed to search,
// and where teams matter he finds users of his teams only.
func search(actor *auth.Actor, where filter.Node) (filter.Node, error) {
	role := ""
	if actor.User != nil {
		role = actor.User.Role
	}
	set := &actor.App.Settings
	if slices.Contains(set.UserSearchDisallowedRoles, role) || !access.MayInApp(actor, permission.SearchUser, false, true) {
		return nil, access.Refused(actor, permission.SearchUser, permission.AppScope)
	}
	if !set.MultiTenantEnabled || access.MayInApp(actor, permission.SearchUser, false, false) {
		return where, nil
	}
	var own []string
	if actor.User != nil {
		own = actor.User.Teams
	}
	return inTeams(own, where)
}

// teams is the name of the field of a user's teams.
const teams = "teams"

// inTeams restricts a filter to users of own teams. A filter on other teams is
// refused, as is one that could find them by what they are not.
func inTeams(own []string, where filter.Node) (filter.Node, error) {
	err := filter.Walk(where, func(c filter.Cmp, negated bool) error {
		if c.Field != teams || store.AnyTeam(c) {
			return nil
		}
		if negated {
			if c.Op == filter.Ne || c.Op == filter.Nin {
				return chat.Errorf(chat.Invalid, "cannot use operator \"%s\" when filtering by team", c.Op)
			}
			return chat.Errorf(chat.Invalid, "cannot use $nor operator when filtering by team")
		}
		return ownTeams(own, c)
	})
	if err != nil {
		return nil, err
	}
	mine := filter.Cmp{Field: teams, Op: filter.In, Value: wire.MustMarshal(own)}
	if len(own) == 0 {
		mine = filter.Cmp{Field: teams, Op: filter.Eq, Value: jsontext.Value("null")}
	}
	return filter.And{mine, where}, nil
}

// ownTeams refuses teams that are not the user's.
func ownTeams(own []string, c filter.Cmp) error {
	if c.IsNull() || c.Op == filter.Exists {
		return nil
	}
	list := []string{}
	if c.IsList() {
		texts, err := c.Texts()
		if err != nil {
			return err
		}
		list = texts
	} else {
		text, err := c.Text()
		if err != nil {
			return chat.Errorf(chat.Invalid, "field team expect string values")
		}
		list = append(list, text)
	}
	for _, team := range list {
		if !slices.Contains(own, team) {
			return chat.Errorf(chat.Invalid, "search by team %q is not allowed", team)
		}
	}
	return nil
}
