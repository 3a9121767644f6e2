package channels

import (
	"context"
	"slices"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/chat"
	"chatd/internal/filter"
	"chatd/internal/permission"
	"chatd/internal/store"
)

// QueryMembersRequest asks for members of a channel, which an id names or, for a
// distinct channel, its members.
type QueryMembersRequest struct {
	chat.ActAs

	Type    string         `json:"type"`
	ID      string         `json:"id"`
	Members MemberRequests `json:"members"`
	Filter  jsontext.Value `json:"filter_conditions"`
	Sort    jsontext.Value `json:"sort"`
	Limit   *int           `json:"limit"`
	Offset  int            `json:"offset"`

	UserIDGT             string     `json:"user_id_gt"`
	UserIDGTE            string     `json:"user_id_gte"`
	UserIDLT             string     `json:"user_id_lt"`
	UserIDLTE            string     `json:"user_id_lte"`
	CreatedAfter         *time.Time `json:"created_at_after"`
	CreatedAfterOrEqual  *time.Time `json:"created_at_after_or_equal"`
	CreatedBefore        *time.Time `json:"created_at_before"`
	CreatedBeforeOrEqual *time.Time `json:"created_at_before_or_equal"`
}

// Validate checks the limits.
func (r *QueryMembersRequest) Validate() error {
	if r.Type == "" {
		return chat.Errorf(chat.Invalid, "type is a required field")
	}
	if r.ID == "" && len(r.Members) == 0 {
		return chat.Errorf(chat.Invalid, "id is a required field")
	}
	return firstError(
		func() error { return r.Members.check("members") },
		func() error { return checkLimit("limit", r.Limit, maxPage) },
		func() error { return chat.CheckRange("offset", r.Offset, maxPageOffset) },
	)
}

// QueryMembersResponse is the members that were found.
type QueryMembersResponse struct {
	Members []*chat.Member `json:"members"`
}

// QueryMembers finds members of a channel by a filter.
func (s *Service) QueryMembers(ctx context.Context, r *QueryMembersRequest) (*QueryMembersResponse, error) {
	where := at{Type: r.Type, ID: r.ID}
	if where.ID == "" {
		members := r.Members.ids()
		slices.Sort(members)
		where.ID = chat.DistinctChannelID(members)
	}
	seat, err := s.seat(ctx, where)
	if err != nil {
		return nil, err
	}
	if err := maySee(seat); err != nil {
		return nil, err
	}
	if err := seat.Require(permission.ReadChannelMembers); err != nil {
		return nil, err
	}
	q := store.MemberQuery{Channel: seat.Channel, Limit: defaultPage, Offset: r.Offset, After: r.bounds()}
	put(&q.Limit, r.Limit)
	if q.Filter, err = filter.Parse(r.Filter, filter.Limits{}); err != nil {
		return nil, err
	}
	if q.Sort, err = filter.ParseSort(r.Sort, 1); err != nil {
		return nil, err
	}
	_, app := s.app(ctx)
	members, err := app.QueryMembers(ctx, q)
	if err != nil {
		return nil, err
	}
	own(seat, members...)
	return &QueryMembersResponse{Members: members}, nil
}

// bounds are the places that a page starts or ends at.
func (r *QueryMembersRequest) bounds() []store.MemberBound {
	var out []store.MemberBound
	for _, b := range []struct {
		op filter.Op
		id string
		at *time.Time
	}{
		{filter.Gt, r.UserIDGT, r.CreatedAfter},
		{filter.Gte, r.UserIDGTE, r.CreatedAfterOrEqual},
		{filter.Lt, r.UserIDLT, r.CreatedBefore},
		{filter.Lte, r.UserIDLTE, r.CreatedBeforeOrEqual},
	} {
		if b.id != "" {
			out = append(out, store.MemberBound{Field: "user_id", Op: b.op, Text: b.id})
		}
		if b.at != nil {
			out = append(out, store.MemberBound{Field: "created_at", Op: b.op, Time: *b.at})
		}
	}
	return out
}
