package uploads

import (
	"context"
	"fmt"
	"io"

	"chatd/internal/access"
	"chatd/internal/auth"
	"chatd/internal/chat"
	"chatd/internal/permission"
	"chatd/internal/storage"
	"chatd/internal/store"
)

// Service has a method for each operation on files.
type Service struct {
	Store   *store.Store
	Access  *access.Access
	Storage *storage.Storage
	Links   *storage.Links
	Resizer *Resizer
}

// File is a file as it was sent.
type File struct {
	Name    string // of any form; never used as a path
	Type    string // what its sender says it is, perhaps ""
	Size    int64
	Content io.ReadSeekCloser
}

// Form is what every upload carries.
type Form struct {
	chat.ActAs

	File   *File  `json:"-"`
	Origin string `json:"-"` // where the caller reached this server: https://host
}

// Attach gives the binding access to what is not JSON.
func (f *Form) Attach(file *File, origin string) { f.File, f.Origin = file, origin }

// Close lets go of the file.
func (f *Form) Close() error {
	if f.File == nil {
		return nil
	}
	return f.File.Content.Close()
}

// Validate checks that there is a file.
func (f *Form) Validate() error {
	if f.File == nil {
		return &chat.Error{Kind: chat.Invalid, Message: "file is a required field", Fields: map[string]string{"file": "is a required field"}}
	}
	return nil
}

// FileRequest uploads a file.
type FileRequest struct{ Form }

// ImageRequest uploads an image.
type ImageRequest struct {
	Form

	Sizes []Size `json:"upload_sizes"`
}

// ChannelFileRequest uploads a file to a channel.
type ChannelFileRequest struct {
	FileRequest

	Type string `path:"type" json:"-"`
	ID   string `path:"id" json:"-"`
}

// ChannelImageRequest uploads an image to a channel.
type ChannelImageRequest struct {
	ImageRequest

	Type string `path:"type" json:"-"`
	ID   string `path:"id" json:"-"`
}

// maxSizes bounds the sizes that an upload names.
const maxSizes = 25

// Validate checks the file and the sizes.
func (r *ImageRequest) Validate() error {
	if err := r.Form.Validate(); err != nil {
		return err
	}
	if len(r.Sizes) > maxSizes {
		return chat.Errorf(chat.Invalid, "upload_sizes must contain at maximum %d items", maxSizes)
	}
	for _, s := range r.Sizes {
		if err := s.check("upload_sizes."); err != nil {
			return err
		}
	}
	return nil
}

// FileResponse is a file that was uploaded.
type FileResponse struct {
	File string `json:"file"`
}

// ImageResponse is an image that was uploaded. An image is resized when its link asks
// for it, so the sizes are those that were named, which all can be had.
type ImageResponse struct {
	File  string `json:"file"`
	Sizes []Size `json:"upload_sizes,omitempty"`
}

// UploadFile stores a file that belongs to no channel.
func (s *Service) UploadFile(ctx context.Context, r *FileRequest) (*FileResponse, error) {
	link, err := s.standalone(ctx, &r.Form, fileRules)
	return &FileResponse{link}, err
}

// UploadImage stores an image that belongs to no channel: an avatar, as a rule.
func (s *Service) UploadImage(ctx context.Context, r *ImageRequest) (*ImageResponse, error) {
	link, err := s.standalone(ctx, &r.Form, imageRules)
	return &ImageResponse{link, r.Sizes}, err
}

// UploadChannelFile stores a file for a channel's messages.
func (s *Service) UploadChannelFile(ctx context.Context, r *ChannelFileRequest) (*FileResponse, error) {
	link, err := s.channel(ctx, chat.NewCID(r.Type, r.ID), &r.Form, fileRules)
	return &FileResponse{link}, err
}

// UploadChannelImage stores an image for a channel's messages.
func (s *Service) UploadChannelImage(ctx context.Context, r *ChannelImageRequest) (*ImageResponse, error) {
	link, err := s.channel(ctx, chat.NewCID(r.Type, r.ID), &r.Form, imageRules)
	return &ImageResponse{link, r.Sizes}, err
}

func (s *Service) standalone(ctx context.Context, f *Form, rules rulesOf) (string, error) {
	actor := auth.FromContext(ctx)
	if actor.User == nil && !actor.Server {
		return "", chat.Errorf(chat.NotFound, "user with id %s doesn't exist", actor.UserID)
	}
	return s.put(ctx, actor, "", f, rules)
}

func (s *Service) channel(ctx context.Context, cid chat.CID, f *Form, rules rulesOf) (string, error) {
	seat, err := s.Access.Seat(ctx, cid)
	if err != nil {
		return "", err
	}
	if err := seat.Enabled(); err != nil {
		return "", err
	}
	if !seat.Channel.Config.Uploads {
		return "", chat.Errorf(chat.FeatureNotSupported, "Channel type %s does not support uploads", seat.Channel.Type)
	}
	if err := seat.Require(permission.UploadAttachment); err != nil {
		return "", err
	}
	return s.put(ctx, seat.Actor, cid, f, rules)
}

// put checks a file and stores it. The link it returns is not signed yet.
func (s *Service) put(ctx context.Context, actor *auth.Actor, cid chat.CID, f *Form, rules rulesOf) (string, error) {
	k, err := rules(&actor.App.Settings).accept(f.File)
	if err != nil {
		return "", err
	}
	ref := s.Links.New(actor.App.ID, actor.UserID)
	name := shortName(f.File.Name)
	o := &storage.Object{Name: name, Type: k.mime, UserID: actor.UserID, CID: cid}
	if err := s.Storage.Put(ctx, ref.Key(), o, f.File.Content); err != nil {
		return "", err
	}
	query := ""
	if k.width > 0 { // what SDKs plan an image's room by, before they have it
		query = fmt.Sprintf("oh=%d&ow=%d", k.height, k.width)
	}
	return s.Links.URL(f.Origin, ref, name, query), nil
}
