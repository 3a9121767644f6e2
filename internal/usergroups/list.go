package usergroups

import (
	"context"
	"time"
	"unicode/utf8"

	"chatd/internal/auth"
	"chatd/internal/chat"
	"chatd/internal/store"
)

// The limits of lists.
const (
	maxListed   = 100
	maxSearched = 25
)

// ListRequest asks for a page of groups behind one that is named.
type ListRequest struct {
	Team  string     `query:"team_id" json:"-"`
	After *time.Time `query:"created_at_gt" json:"-"`
	ID    string     `query:"id_gt" json:"-"`
	Limit int        `query:"limit" json:"-"`
}

// Validate checks the page.
func (r *ListRequest) Validate() error { return chat.CheckRange("limit", r.Limit, maxListed) }

// ListResponse is a page of groups, without their members.
type ListResponse struct {
	Groups []*chat.UserGroup `json:"user_groups"`
}

// List lists the groups that the actor sees, oldest first.
func (s *Service) List(ctx context.Context, r *ListRequest) (*ListResponse, error) {
	actor, app := s.app(ctx)
	list, err := app.ListUserGroups(ctx, page(actor, r.Team, r.ID, r.Limit, maxListed), r.After)
	return &ListResponse{list}, err
}

func page(actor *auth.Actor, team, id string, limit, most int) store.UserGroupPage {
	if limit == 0 {
		limit = most
	}
	return store.UserGroupPage{Team: team, Teams: teams(actor), ID: id, Limit: limit}
}

// SearchRequest asks for a page of groups whose names begin with a text.
type SearchRequest struct {
	Query string `query:"query" json:"-"`
	Team  string `query:"team_id" json:"-"`
	After string `query:"name_gt" json:"-"`
	ID    string `query:"id_gt" json:"-"`
	Limit int    `query:"limit" json:"-"`
}

// Validate checks the text and the page.
func (r *SearchRequest) Validate() error {
	switch {
	case r.Query == "":
		return chat.Errorf(chat.Invalid, "query is a required field")
	case utf8.RuneCountInString(r.Query) > maxName:
		return chat.Errorf(chat.Invalid, "query must be %d characters or less", maxName)
	}
	return chat.CheckRange("limit", r.Limit, maxSearched)
}

// Search lists the groups that the actor sees whose names begin with a text, by name.
func (s *Service) Search(ctx context.Context, r *SearchRequest) (*ListResponse, error) {
	actor, app := s.app(ctx)
	list, err := app.SearchUserGroups(ctx, page(actor, r.Team, r.ID, r.Limit, maxSearched), r.Query, r.After)
	return &ListResponse{list}, err
}
