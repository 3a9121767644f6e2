package appadmin

import (
	"context"
	"maps"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/chat"
	"chatd/internal/permission"
	"chatd/internal/store"
	"chatd/internal/wire"
)

// typeView is a channel type as the API shows it: its configuration with commands
// as names or as objects, its grants, and its policies of the older permissions.
type typeView[Command any] struct {
	chat.TypeConfig

	Commands    []Command           `json:"commands"`
	Permissions []policy            `json:"permissions"`
	Grants      map[string][]string `json:"grants"`
}

func viewOf[Command any](t *chat.ChannelType, commands func([]*chat.Command) []Command) (*typeView[Command], error) {
	v := &typeView[Command]{TypeConfig: t.Config, Commands: commands(t.Config.Commands), Grants: t.Grants}
	v.Name, v.CreatedAt, v.UpdatedAt = t.Name, t.CreatedAt, t.UpdatedAt
	var err error
	v.Permissions, err = policiesOf(t)
	return v, err
}

func commandNames(list []*chat.Command) []string {
	out := make([]string, len(list))
	for i, c := range list {
		out[i] = c.Name
	}
	return out
}

func commandObjects(list []*chat.Command) []*chat.Command { return list }

// TypeRequest names a channel type.
type TypeRequest struct {
	Name string `json:"-" path:"name"`
}

// TypeResponse is a channel type with its commands as objects.
type TypeResponse struct {
	typeView[*chat.Command]
}

// SavedTypeResponse is a channel type with its commands as names.
type SavedTypeResponse struct {
	typeView[string]
}

// GetType returns a channel type; NotFound when there is none of that name.
func (s *Service) GetType(ctx context.Context, r *TypeRequest) (*TypeResponse, error) {
	_, st := s.app(ctx)
	t, err := st.Type(ctx, r.Name)
	if err != nil {
		return nil, err
	}
	v, err := viewOf(&t.ChannelType, commandObjects)
	if err != nil {
		return nil, err
	}
	return &TypeResponse{*v}, nil
}

// ListTypesRequest asks for all channel types.
type ListTypesRequest struct{}

// ListTypesResponse are the app's channel types by name.
type ListTypesResponse struct {
	ChannelTypes map[string]*typeView[*chat.Command] `json:"channel_types"`
}

// ListTypes returns all channel types.
func (s *Service) ListTypes(ctx context.Context, _ *ListTypesRequest) (*ListTypesResponse, error) {
	_, st := s.app(ctx)
	types, err := st.Types(ctx)
	if err != nil {
		return nil, err
	}
	out := &ListTypesResponse{ChannelTypes: make(map[string]*typeView[*chat.Command], len(types))}
	for name, t := range types {
		if out.ChannelTypes[name], err = viewOf(&t.ChannelType, commandObjects); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// CreateTypeRequest is the body of POST /channeltypes. Only the name is needed.
type CreateTypeRequest struct {
	Name string         `json:"name"`
	Body jsontext.Value `json:",embed"`
}

// CreateType makes a channel type; what the request does not say is as in a new
// type, with the grants of messaging.
func (s *Service) CreateType(ctx context.Context, r *CreateTypeRequest) (*SavedTypeResponse, error) {
	if r.Name == "" {
		return nil, chat.Errorf(chat.Invalid, "name is a required field")
	}
	if err := chat.ValidChannelType(r.Name); err != nil {
		return nil, err
	}
	_, st := s.app(ctx)
	now := st.Now()
	t := &chat.ChannelType{
		Name: r.Name, Config: permission.NewTypeConfig(r.Name, now), Grants: permission.Defaults(r.Name), CreatedAt: now, UpdatedAt: now,
	}
	body := withoutZeros(given(r.Body, "grants"))
	err := st.InTx(ctx, func(tx *store.Tx) error {
		commands, err := commandsFor(ctx, tx, body)
		if err != nil {
			return err
		}
		if err := change(t, body, commands); err != nil {
			return err
		}
		return tx.CreateType(ctx, t, permission.MaxChannelTypes)
	})
	if err != nil {
		return nil, err
	}
	return saved(t)
}

// withoutZeros drops what SDKs with typed requests send of a new type that nothing
// was said of.
func withoutZeros(body jsontext.Value) jsontext.Value {
	zeros := []string{"created_at", "updated_at"}
	for name, v := range chat.Keys(body) {
		if s := string(v); name == "max_message_length" && s == "0" || strings.HasPrefix(name, "automod") && s == `""` {
			zeros = append(zeros, name)
		}
	}
	return chat.Without(body, zeros...)
}

func saved(t *chat.ChannelType) (*SavedTypeResponse, error) {
	v, err := viewOf(t, commandNames)
	if err != nil {
		return nil, err
	}
	return &SavedTypeResponse{*v}, nil
}

// UpdateTypeRequest is the body of PUT /channeltypes/{name}: what is to change.
type UpdateTypeRequest struct {
	Path string         `json:"-" path:"name"`
	Body jsontext.Value `json:",embed"`
}

// UpdateType changes what is given of a channel type. Grants replace those of the
// roles that they name; null brings back the default ones.
func (s *Service) UpdateType(ctx context.Context, r *UpdateTypeRequest) (*SavedTypeResponse, error) {
	body := given(r.Body, "grants")
	for name, v := range chat.Keys(body) {
		switch {
		case name == "name" && string(v) == string(wire.MustMarshal(r.Path)):
		case name == "name" || name == "created_at" || name == "updated_at":
			return nil, chat.Errorf(chat.Invalid, "%s is a reserved field", name)
		}
	}
	_, st := s.app(ctx)
	var t *chat.ChannelType
	err := st.InTx(ctx, func(tx *store.Tx) (err error) {
		if t, err = tx.LockType(ctx, r.Path); err != nil {
			return err
		}
		commands, err := commandsFor(ctx, tx, body)
		if err != nil {
			return err
		}
		if err := change(t, body, commands); err != nil {
			return err
		}
		t.UpdatedAt = tx.Now()
		return tx.PutType(ctx, t)
	})
	if err != nil {
		return nil, err
	}
	return saved(t)
}

// DeleteType removes a channel type that no channel has.
func (s *Service) DeleteType(ctx context.Context, r *TypeRequest) (*struct{}, error) {
	_, st := s.app(ctx)
	return &struct{}{}, st.InTx(ctx, func(tx *store.Tx) error { return tx.DeleteType(ctx, r.Name) })
}

// typeFields are what a request may change of a channel type.
type typeFields struct {
	chat.TypeConfig

	Commands    []string            `json:"commands"`
	Permissions []policy            `json:"permissions"`
	Grants      map[string][]string `json:"grants"`
}

// commandsFor returns the app's own commands, where a change of a channel type names
// any.
func commandsFor(ctx context.Context, tx *store.Tx, body jsontext.Value) ([]*chat.Command, error) {
	if !has(body, "commands") {
		return nil, nil
	}
	return tx.KeepCommands(ctx)
}

// change puts a request's fields over a channel type and checks the result. commands
// are the app's own.
func change(t *chat.ChannelType, body jsontext.Value, commands []*chat.Command) error {
	f := typeFields{TypeConfig: t.Config, Grants: maps.Clone(t.Grants)}
	if err := wire.Unmarshal(body, &f); err != nil {
		return err
	}
	f.TypeConfig.Commands = t.Config.Commands
	if has(body, "commands") {
		var err error
		if f.TypeConfig.Commands, err = permission.ResolveCommands(f.Commands, commands); err != nil {
			return err
		}
	}
	if has(body, "permissions") {
		if err := checkPolicies(f.Permissions); err != nil {
			return err
		}
		t.Policies = wire.MustMarshal(f.Permissions)
	}
	if f.Grants == nil {
		f.Grants = permission.Defaults(t.Name)
	}
	if err := permission.ValidateGrants(f.Grants); err != nil {
		return err
	}
	t.Config, t.Grants = f.TypeConfig, f.Grants
	t.Config.Name, t.Config.Grants = t.Name, nil
	return checkConfig(&t.Config)
}
