package channels

import (
	"context"
	"slices"

	"chatd/internal/access"
	"chatd/internal/auth"
	"chatd/internal/chat"
	"chatd/internal/permission"
	"chatd/internal/store"
)

// GetOrCreateRequest asks for a channel, which is created if it does not exist.
type GetOrCreateRequest struct {
	at   `json:"-"`
	live // of the caller's connection

	Data           *ChannelData `json:"data"`
	State          *bool        `json:"state"` // nil means true
	Messages       *store.Page  `json:"messages"`
	Members        *Paging      `json:"members"`
	Watchers       *Paging      `json:"watchers"`
	HideForCreator bool         `json:"hide_for_creator"`

	MemberInclude chat.MemberInclude `json:"member_custom_include"`
}

// Validate checks the limits.
func (r *GetOrCreateRequest) Validate() error {
	return firstError(
		func() error { return chat.ValidChannelType(r.Type) },
		func() error { return r.page().Check(maxMessages) },
		func() error { return r.Members.check("members") },
		func() error { return r.Watchers.check("watchers") },
		r.MemberInclude.Check,
	)
}

// page is the page of messages that is asked for.
func (r *GetOrCreateRequest) page() store.Page {
	if r.Messages == nil {
		return store.Page{Limit: defaultHistory}
	}
	p := *r.Messages
	if p.Limit == 0 {
		p.Limit = defaultHistory
	}
	return p
}

func (r *GetOrCreateRequest) part() part {
	watchers := r.Watchers
	if watchers == nil {
		watchers = &Paging{}
	}
	return part{live: r.live, bare: r.State != nil && !*r.State, messages: r.page(), members: r.Members, watchers: watchers, include: r.MemberInclude}
}

// data is what the request says of the channel, never nil.
func (r *GetOrCreateRequest) data() *ChannelData {
	if r.Data == nil {
		return &ChannelData{}
	}
	return r.Data
}

// GetOrCreate returns the channel with the id in the path and creates it if there
// is none. The data of a channel that exists does not change.
func (s *Service) GetOrCreate(ctx context.Context, r *GetOrCreateRequest) (*State, error) {
	if err := chat.ValidChannelID(r.ID, true); err != nil {
		return nil, err
	}
	return s.getOrCreate(ctx, chat.NewCID(r.Type, r.ID), r, nil)
}

// GetOrCreateDistinct returns the channel of exactly the members in the data and
// creates it if there is none. A user who left it comes back that way.
func (s *Service) GetOrCreateDistinct(ctx context.Context, r *GetOrCreateRequest) (*State, error) {
	data := r.data()
	if err := data.Members.check("data.members"); err != nil {
		return nil, err
	}
	members := data.Members.ids()
	if len(members) < 2 {
		return nil, chat.Errorf(chat.Invalid, "When using member based IDs specify at least 2 members")
	}
	slices.Sort(members)
	return s.getOrCreate(ctx, chat.NewCID(r.Type, chat.DistinctChannelID(members)), r, members)
}

func (s *Service) getOrCreate(ctx context.Context, cid chat.CID, r *GetOrCreateRequest, distinct []string) (*State, error) {
	ctx, err := s.asCreator(ctx, r.data())
	if err != nil {
		return nil, err
	}
	if err := r.check(auth.FromContext(ctx)); err != nil {
		return nil, err
	}
	seat, err := s.freshSeat(ctx, cid)
	if chat.KindOf(err) == chat.NotFound {
		if id := r.page().Named(); id != "" { // of a channel that has no messages
			return nil, store.NoMessage(id, cid)
		}
		if err := s.create(ctx, cid, r, distinct); err != nil {
			return nil, err
		}
		return s.load(ctx, cid, r.part())
	}
	if err != nil {
		return nil, err
	}
	back, err := s.comeBack(ctx, seat)
	if err != nil {
		return nil, err
	}
	if back {
		return s.load(ctx, cid, r.part())
	}
	return s.show(ctx, seat, r.part())
}

// asCreator makes a server-side call act for the user whom the data names as the
// channel's creator, if it names one. What clients say of that does not count.
func (s *Service) asCreator(ctx context.Context, d *ChannelData) (context.Context, error) {
	if !auth.FromContext(ctx).Server || d.CreatedBy == nil && d.CreatedByID == "" {
		return ctx, nil
	}
	if d.CreatedBy != nil && d.CreatedByID != "" {
		return nil, chat.Errorf(chat.Invalid, "cannot set both data.created_by and data.created_by_id.")
	}
	return s.Access.ActAsAuthor(ctx, "data.created_by.", chat.ActAs{UserID: d.CreatedByID, User: d.CreatedBy}, true)
}

// comeBack makes the actor a member again of the distinct channel that he left.
func (s *Service) comeBack(ctx context.Context, seat *access.Seat) (bool, error) {
	if seat.Member != nil || !slices.Contains(seat.Channel.DistinctMembers, seat.Actor.UserID) {
		return false, nil
	}
	if err := seat.Require(permission.CreateChannel); err != nil {
		return false, err
	}
	_, app := s.app(ctx)
	return true, app.InTx(ctx, func(tx *store.Tx) error {
		c, err := begin(ctx, tx, seat)
		if err != nil {
			return err
		}
		if err := c.add(ctx, []*chat.Member{plainMember(seat.Actor.UserID)}); err != nil {
			return err
		}
		return c.finish(ctx)
	})
}

// GetRequest asks for a channel that exists.
type GetRequest struct {
	at `json:"-"`
	chat.ActAs

	State         *bool  `json:"-" query:"state"`
	MessageLimit  *int   `json:"-" query:"messages_limit"`
	MemberLimit   *int   `json:"-" query:"members_limit"`
	WatcherLimit  *int   `json:"-" query:"watchers_limit"`
	MessageIDLT   string `json:"-" query:"messages_id_lt"`
	MessageIDLTE  string `json:"-" query:"messages_id_lte"`
	MessageIDGT   string `json:"-" query:"messages_id_gt"`
	MessageIDGTE  string `json:"-" query:"messages_id_gte"`
	MessageAround string `json:"-" query:"messages_id_around"`
}

// Validate checks the limits.
func (r *GetRequest) Validate() error {
	return firstError(
		func() error { return checkLimit("messages_limit", r.MessageLimit, maxMessages) },
		func() error { return checkLimit("members_limit", r.MemberLimit, maxPage) },
		func() error { return checkLimit("watchers_limit", r.WatcherLimit, maxPage) },
	)
}

func checkLimit(name string, n *int, most int) error {
	if n == nil {
		return nil
	}
	return chat.CheckRange(name, *n, most)
}

// Get returns a channel; NotFound when there is none.
func (s *Service) Get(ctx context.Context, r *GetRequest) (*State, error) {
	cid, err := r.cid()
	if err != nil {
		return nil, err
	}
	page := store.Page{
		Limit: defaultHistory, IDLT: r.MessageIDLT, IDLTE: r.MessageIDLTE, IDGT: r.MessageIDGT, IDGTE: r.MessageIDGTE, IDAround: r.MessageAround,
	}
	put(&page.Limit, r.MessageLimit)
	return s.load(ctx, cid, part{
		bare: r.State != nil && !*r.State, messages: page, members: &Paging{Limit: r.MemberLimit}, watchers: &Paging{Limit: r.WatcherLimit},
	})
}
