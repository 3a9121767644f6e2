package uploads

import (
	"context"

	"chatd/internal/auth"
	"chatd/internal/chat"
	"chatd/internal/permission"
	"chatd/internal/storage"
)

// DeleteRequest deletes a file or image that belongs to no channel.
type DeleteRequest struct {
	URL string `query:"url" json:"-"`
}

// DeleteChannelRequest deletes a file or image of a channel.
type DeleteChannelRequest struct {
	DeleteRequest

	Type string `path:"type" json:"-"`
	ID   string `path:"id" json:"-"`
}

// Validate checks that a file is named.
func (r *DeleteRequest) Validate() error {
	if r.URL == "" {
		return chat.Errorf(chat.Invalid, "url is a required field")
	}
	return nil
}

// Delete deletes a file of the actor's own; the server side may delete all. What
// shows the file keeps its link, which leads nowhere then.
func (s *Service) Delete(ctx context.Context, r *DeleteRequest) (*struct{}, error) {
	actor := auth.FromContext(ctx)
	ref, o, err := s.find(ctx, r.URL)
	if err != nil {
		return nil, err
	}
	if !actor.Server && (o.CID != "" || o.UserID != actor.UserID || actor.UserID == "") {
		return nil, chat.Errorf(chat.NotAllowed, "User '%s' is not allowed to delete this file", actor.UserID)
	}
	return &struct{}{}, s.Storage.Delete(ctx, ref.Key())
}

// DeleteFromChannel deletes a file that was uploaded to the channel.
func (s *Service) DeleteFromChannel(ctx context.Context, r *DeleteChannelRequest) (*struct{}, error) {
	seat, err := s.Access.Seat(ctx, chat.NewCID(r.Type, r.ID))
	if err != nil {
		return nil, err
	}
	if err := seat.Enabled(); err != nil {
		return nil, err
	}
	ref, o, err := s.find(ctx, r.URL)
	if err != nil {
		return nil, err
	}
	if o.CID != seat.Channel.CID {
		return nil, chat.Errorf(chat.NotFound, "the file doesn't exist in channel %s", seat.Channel.CID)
	}
	if err := seat.RequireOf(permission.DeleteAttachment, o.UserID != "" && o.UserID == seat.Actor.UserID); err != nil {
		return nil, err
	}
	return &struct{}{}, s.Storage.Delete(ctx, ref.Key())
}

// find returns the app's file to which a link leads, signed or not.
func (s *Service) find(ctx context.Context, link string) (storage.Ref, *storage.Object, error) {
	ref, ok := s.Links.Parse(link)
	if !ok || ref.App != auth.FromContext(ctx).App.ID {
		return ref, nil, chat.Errorf(chat.Invalid, "url is not a link to a file of this app")
	}
	o, err := s.Storage.Stat(ctx, ref.Key())
	return ref, o, err
}
