package appadmin

import (
	"context"
	"slices"
	"strings"

	"chatd/internal/chat"
	"chatd/internal/permission"
	"chatd/internal/store"
)

// maxCommands bounds the commands of an app beside the built-in ones.
const maxCommands = 100

// ListCommandsRequest asks for all commands.
type ListCommandsRequest struct{}

// ListCommandsResponse are the commands that channel types can allow.
type ListCommandsResponse struct {
	Commands []*chat.Command `json:"commands"`
}

// ListCommands returns the built-in commands and the app's own.
func (s *Service) ListCommands(ctx context.Context, _ *ListCommandsRequest) (*ListCommandsResponse, error) {
	_, st := s.app(ctx)
	own, err := st.Commands(ctx)
	return &ListCommandsResponse{append(permission.BuiltinCommands(), own...)}, err
}

// CommandRequest names a command.
type CommandRequest struct {
	Name string `json:"-" path:"name"`
}

// CommandResponse is a command, at the top level.
type CommandResponse struct {
	chat.Command
}

// GetCommand returns a command, built-in or not; NotFound when there is none of that
// name.
func (s *Service) GetCommand(ctx context.Context, r *CommandRequest) (*CommandResponse, error) {
	for _, c := range permission.BuiltinCommands() {
		if c.Name == r.Name {
			return &CommandResponse{*c}, nil
		}
	}
	_, st := s.app(ctx)
	c, err := st.Command(ctx, r.Name)
	if err != nil {
		return nil, err
	}
	return &CommandResponse{*c}, nil
}

// CreateCommandRequest is a new command.
type CreateCommandRequest struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	Args        string `json:"args"`
	Set         string `json:"set"`
}

// Validate checks the fields. A command has no name that means something in the
// list of a channel type's commands already.
func (r *CreateCommandRequest) Validate() error {
	switch {
	case r.Name == "":
		return chat.Errorf(chat.Invalid, "name is a required field")
	case len(r.Name) > maxName || !plainName(r.Name):
		return invalid("name", "must be %d characters or less: letters, numbers, - and _", maxName)
	case slices.ContainsFunc(reservedCommands(), func(name string) bool { return strings.EqualFold(name, r.Name) }):
		return chat.Errorf(chat.Invalid, "command name %q is reserved", r.Name)
	case r.Description == "":
		return chat.Errorf(chat.Invalid, "description is a required field")
	}
	return checkCommand(r.Description, r.Args, r.Set)
}

func plainName(name string) bool {
	return !strings.ContainsFunc(name, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_'
	})
}

// reservedCommands are names that no command of an app's own can have.
func reservedCommands() []string {
	names := []string{permission.AllCommands, permission.FunSet, permission.ModerationSet}
	return append(names, commandNames(permission.BuiltinCommands())...)
}

func checkCommand(description, args, set string) error {
	for _, f := range []struct{ name, text string }{{"description", description}, {"args", args}, {"set", set}} {
		if len(f.text) > maxName {
			return invalid(f.name, "must be %d characters or less", maxName)
		}
	}
	return nil
}

// SavedCommandResponse is a command that was written.
type SavedCommandResponse struct {
	Command *chat.Command `json:"command"`
}

// CreateCommand adds a command to the app. Channel types that are to allow it must
// name it, or its set, after that.
func (s *Service) CreateCommand(ctx context.Context, r *CreateCommandRequest) (*SavedCommandResponse, error) {
	_, st := s.app(ctx)
	c := &chat.Command{Name: r.Name, Description: r.Description, Args: r.Args, Set: r.Set}
	err := st.InTx(ctx, func(tx *store.Tx) error { return tx.CreateCommand(ctx, c, maxCommands) })
	if err != nil {
		return nil, err
	}
	return &SavedCommandResponse{c}, nil
}

// UpdateCommandRequest is what is to change of a command. What is empty does not:
// SDKs with typed requests send that for what was not set.
type UpdateCommandRequest struct {
	Path        string `json:"-" path:"name"`
	Description string `json:"description"`
	Args        string `json:"args"`
	Set         string `json:"set"`
}

// Validate checks the fields.
func (r *UpdateCommandRequest) Validate() error { return checkCommand(r.Description, r.Args, r.Set) }

// UpdateCommand changes what is given of a command of the app's own, for the channel
// types that allow it, too.
func (s *Service) UpdateCommand(ctx context.Context, r *UpdateCommandRequest) (*SavedCommandResponse, error) {
	if permission.IsBuiltinCommand(r.Path) {
		return nil, chat.Errorf(chat.Invalid, "cannot update the builtin command %q", r.Path)
	}
	_, st := s.app(ctx)
	out := &SavedCommandResponse{}
	err := st.InTx(ctx, func(tx *store.Tx) (err error) {
		out.Command, err = tx.UpdateCommand(ctx, r.Path, func(c *chat.Command) {
			for _, f := range []struct {
				to   *string
				text string
			}{{&c.Description, r.Description}, {&c.Args, r.Args}, {&c.Set, r.Set}} {
				if f.text != "" {
					*f.to = f.text
				}
			}
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// DeletedCommandResponse names a command that was deleted.
type DeletedCommandResponse struct {
	Name string `json:"name"`
}

// DeleteCommand removes a command of the app's own that no channel type allows.
func (s *Service) DeleteCommand(ctx context.Context, r *CommandRequest) (*DeletedCommandResponse, error) {
	if permission.IsBuiltinCommand(r.Name) {
		return nil, chat.Errorf(chat.Invalid, "cannot delete the builtin command %q", r.Name)
	}
	_, st := s.app(ctx)
	err := st.InTx(ctx, func(tx *store.Tx) error { return tx.DeleteCommand(ctx, r.Name) })
	if err != nil {
		return nil, err
	}
	return &DeletedCommandResponse{r.Name}, nil
}
