package search

import (
	"context"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/access"
	"chatd/internal/auth"
	"chatd/internal/chat"
	"chatd/internal/filter"
	"chatd/internal/store"
	"chatd/internal/wire"
)

// The limits of searches.
const (
	defaultLimit = 100
	maxLimit     = 100
	maxOffset    = 1000
	maxSorts     = 5
	maxChannels  = 500 // that one search looks into
)

// Service has the method. All fields are needed.
type Service struct {
	Store  *store.Store
	Access *access.Access
}

// Request asks for messages that match a text or a filter, in the channels of a
// filter.
type Request struct {
	chat.ActAs

	Channels jsontext.Value `json:"filter_conditions"`
	Messages jsontext.Value `json:"message_filter_conditions"`
	Query    string         `json:"query"` // the same as {"text": {"$q": …}}
	Sort     jsontext.Value `json:"sort"`
	Limit    *int           `json:"limit"`
	Offset   int            `json:"offset"`
	Next     string         `json:"next"`
	Options  MessageOptions `json:"message_options"`
}

// MessageOptions is what the messages that are found come with.
type MessageOptions struct {
	MemberInclude chat.MemberInclude `json:"member_custom_include"`
}

// Validate checks that the request says what is looked for, in one way.
func (r *Request) Validate() error {
	switch {
	case empty(r.Channels):
		return chat.Errorf(chat.Invalid, "filter_conditions is a required field")
	case r.Query == "" && empty(r.Messages):
		return chat.Errorf(chat.Invalid, "either query or message_filter_conditions must be provided")
	case r.Query != "" && !empty(r.Messages):
		return chat.Errorf(chat.Invalid, "cannot use both query and message_filter_conditions")
	}
	if r.Limit != nil {
		if err := chat.CheckRange("limit", *r.Limit, maxLimit); err != nil {
			return err
		}
	}
	if err := r.Options.MemberInclude.Check(); err != nil {
		return err
	}
	return chat.CheckRange("offset", r.Offset, maxOffset)
}

// empty tells whether a filter says nothing.
func empty(doc jsontext.Value) bool {
	if len(doc) == 0 || doc.Kind() == 'n' {
		return true
	}
	for range chat.Keys(doc) {
		return false
	}
	return doc.Kind() == '{'
}

// Response is the messages that were found, the cursors around them, and a warning
// when not all channels were looked into.
type Response struct {
	Results  []Result `json:"results"`
	Next     string   `json:"next,omitzero"`
	Previous string   `json:"previous,omitzero"`
	Warning  *Warning `json:"results_warning,omitzero"`
}

// Result is a message with its channel.
type Result struct {
	Message *chat.Message `json:"message"`
}

// Warning tells that the filter matches more channels than a search looks into.
type Warning struct {
	Code        int        `json:"warning_code"`
	Description string     `json:"warning_description"`
	Count       int        `json:"channel_search_count"`
	CIDs        []chat.CID `json:"channel_search_cids"`
}

// Search finds messages in those of the channels that the actor may read and whose
// type has search on; it is refused when none of them has.
func (s *Service) Search(ctx context.Context, r *Request) (*Response, error) {
	actor := auth.FromContext(ctx)
	app := s.Store.App(actor.App.ID)
	q, err := r.query()
	if err != nil {
		return nil, err
	}
	seats, warning, err := s.seats(ctx, actor, app, r.Channels)
	if err != nil {
		return nil, err
	}
	resp := &Response{Warning: warning}
	if len(seats) == 0 {
		return resp, nil
	}
	channels := make(map[chat.CID]*chat.Channel, len(seats))
	q.Viewer, q.Views = seats[0].Including(access.ViewerOf(seats), r.Options.MemberInclude), make([]store.View, len(seats))
	for i, seat := range seats {
		channels[seat.Channel.CID], q.Views[i] = seat.Channel, seat.View()
	}
	found, err := app.SearchMessages(ctx, q)
	if err != nil {
		return nil, err
	}
	resp.Next, resp.Previous = found.Next, found.Previous
	for _, m := range found.Messages {
		m.Channel = channels[m.CID]
		resp.Results = append(resp.Results, Result{m})
	}
	return resp, nil
}

// query turns the request into one for the store, which lacks the channels.
func (r *Request) query() (store.Search, error) {
	q := store.Search{Limit: defaultLimit, Offset: r.Offset, Next: r.Next}
	if r.Limit != nil {
		q.Limit = *r.Limit
	}
	sorts, err := filter.ParseSort(r.Sort, maxSorts)
	if err != nil {
		return q, err
	}
	if r.Offset > 0 && (len(sorts) > 0 || r.Next != "") {
		return q, chat.Errorf(chat.Invalid, "cannot use offset with next or sort parameters")
	}
	if len(sorts) > 0 && sorts[0].Field != "relevance" { // which is the order without a sort
		q.Sort = sorts
	}
	doc := r.Messages
	if r.Query != "" {
		if doc, err = wire.Marshal(map[string]map[string]string{"text": {"$q": r.Query}}); err != nil {
			return q, err
		}
	}
	q.Filter, err = filter.Parse(doc, filter.Limits{})
	return q, err
}

// seats returns the actor's seats in the channels that are looked into.
func (s *Service) seats(ctx context.Context, actor *auth.Actor, app *store.App, doc jsontext.Value) ([]*access.Seat, *Warning, error) {
	q := store.ChannelQuery{Viewer: actor.UserID, Limit: maxChannels + 1}
	var err error
	if q.Filter, err = filter.Parse(doc, filter.Limits{}); err != nil {
		return nil, nil, err
	}
	if q.Open, err = s.Access.OpenTypes(ctx); err != nil {
		return nil, nil, err
	}
	channels, err := app.QueryChannels(ctx, q)
	if err != nil {
		return nil, nil, err
	}
	more := len(channels) > maxChannels
	channels = channels[:min(len(channels), maxChannels)]
	all, err := s.Access.Seats(ctx, channels)
	if err != nil {
		return nil, nil, err
	}
	var seats []*access.Seat
	off := ""
	for _, seat := range all {
		switch {
		case seat.Read() != nil:
		case !seat.Channel.Config.Search:
			off = seat.Channel.Type
		default:
			seats = append(seats, seat)
		}
	}
	if len(seats) == 0 && off != "" {
		return nil, nil, chat.Errorf(chat.FeatureNotSupported, "Channel type %s does not support search", off)
	}
	if !more {
		return seats, nil, nil
	}
	w := &Warning{
		Code: 1, Count: len(seats), CIDs: make([]chat.CID, len(seats)),
		Description: "the channel filter matches too many channels: only the 500 that were updated last have been searched",
	}
	for i, seat := range seats {
		w.CIDs[i] = seat.Channel.CID
	}
	return seats, w, nil
}
