package users

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/auth"
	"chatd/internal/chat"
	"chatd/internal/wire"
)

// PatchRequest is the body of PATCH /users.
type PatchRequest struct {
	Users []*Patch `json:"users"`
}

// Patch is a partial update of one user. Names may be paths: "address.city".
type Patch struct {
	ID    string         `json:"id"`
	Set   jsontext.Value `json:"set,omitzero"`
	Unset []string       `json:"unset,omitzero"`
}

// Validate checks what can be told without the users.
func (r *PatchRequest) Validate() error {
	switch {
	case len(r.Users) == 0:
		return chat.Errorf(chat.Invalid, "users is a required field")
	case len(r.Users) > maxUsers:
		return chat.Errorf(chat.Invalid, "users must contain at maximum %d items", maxUsers)
	}
	for _, p := range r.Users {
		if p == nil || p.ID == "" {
			return chat.Errorf(chat.Invalid, "users.id is a required field")
		}
		for name := range chat.Keys(p.Set) {
			if err := settableName(name); err != nil {
				return err
			}
		}
		for _, name := range p.Unset {
			if err := settableName(name); err != nil {
				return err
			}
		}
	}
	return nil
}

// settableName refuses the fields that are the server's own.
func settableName(path string) error {
	name, _, _ := strings.Cut(path, ".")
	if name == revoked || name != "id" && !reserved[name] && !slices.Contains(computed, name) {
		return nil
	}
	field := "user." + name
	return &chat.Error{Kind: chat.Invalid, Message: field + " is a reserved field", Fields: map[string]string{field: "is a reserved field"}}
}

// revoked is the one computed field that the server side may set, here only.
const revoked = "revoke_tokens_issued_before"

// PatchMany changes single fields of users who exist.
func (s *Service) PatchMany(ctx context.Context, r *PatchRequest) (*UpdateResponse, error) {
	actor := auth.FromContext(ctx)
	edits := make([]edit, 0, len(r.Users))
	for _, p := range r.Users {
		edits = append(edits, edit{p.ID, func(u *chat.User) error {
			if u.CreatedAt.IsZero() {
				return chat.Errorf(chat.NotFound, "user with id %s doesn't exist", u.ID)
			}
			before := *u
			if err := p.apply(u); err != nil {
				return err
			}
			return allowed(actor, &before, u)
		}})
	}
	return s.update(ctx, actor, edits)
}

// settable are the fields of a user that people set, as one JSON object.
type settable struct {
	Name      string                `json:"name,omitzero"`
	Image     string                `json:"image,omitzero"`
	Language  string                `json:"language,omitzero"`
	Role      string                `json:"role,omitzero"`
	Teams     []string              `json:"teams,omitzero"`
	TeamsRole map[string]string     `json:"teams_role,omitzero"`
	Invisible bool                  `json:"invisible,omitzero"`
	Privacy   *chat.PrivacySettings `json:"privacy_settings,omitzero"`
	Revoked   *time.Time            `json:"revoke_tokens_issued_before,omitzero"`
	Custom    jsontext.Value        `json:",embed"`
}

// apply changes a user as the patch says.
func (p *Patch) apply(u *chat.User) error {
	doc, err := wire.Marshal(&settable{
		u.Name, u.Image, u.Language, u.Role, u.Teams, u.TeamsRole, u.Invisible, u.Privacy, u.TokensRevoked, u.Custom,
	})
	if err != nil {
		return err
	}
	set, err := deepPrivacy(p.Set)
	if err != nil {
		return err
	}
	if doc, err = chat.ApplyPatch(doc, set, p.Unset); err != nil {
		return err
	}
	var f settable
	if err := wire.Unmarshal(doc, &f); err != nil {
		return err
	}
	if err := chat.CheckCustom("user", f.Custom, len(f.Custom), nil); err != nil {
		return err
	}
	u.Name, u.Image, u.Language, u.Role, u.Teams, u.TeamsRole = f.Name, f.Image, f.Language, f.Role, f.Teams, f.TeamsRole
	u.Invisible, u.Privacy, u.TokensRevoked, u.Custom = f.Invisible, f.Privacy, f.Revoked, f.Custom
	return nil
}

// deepPrivacy has privacy settings replace only those of the same name.
func deepPrivacy(set jsontext.Value) (jsontext.Value, error) {
	const name = "privacy_settings"
	for key, v := range chat.Keys(set) {
		if key != name || v.Kind() != '{' {
			continue
		}
		paths := make(map[string]jsontext.Value)
		for setting, value := range chat.Keys(v) {
			paths[name+"."+setting] = value.Clone()
		}
		add, err := wire.Marshal(paths)
		return chat.Merge(chat.Without(set, name), add), err
	}
	return set, nil
}
