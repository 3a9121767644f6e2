package commands

import (
	"context"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/chat"
	"chatd/internal/gifs"
	"chatd/internal/wire"
)

// Call is a command in a message, or what the message's author chose of what the
// command answered him.
type Call struct {
	App     *chat.App
	User    *chat.User        // the author
	Message *chat.Message     // with Command and Args; not to be changed
	Form    map[string]string // what he chose; nil for a new message
	Turn    int               // how often the command was run for the message before
	Origin  string            // where he reached this server
}

// Reply is what becomes of a message.
type Reply struct {
	// Change are fields of the message in their new values, an object; nil changes
	// nothing. A type of "ephemeral" shows the message to its author only, who may
	// choose an action of it, "error" tells him only what is wrong; any other sends it.
	Change jsontext.Value
	// Drop does away with the message.
	Drop bool
}

// Runner runs commands.
type Runner struct {
	Gifs  gifs.Finder
	Hooks Poster
}

// builtin are the commands that chatd runs itself.
var builtin = map[string]func(*Runner, context.Context, *Call) (*Reply, error){
	"giphy": (*Runner).giphy,
}

// Run runs the command that the message names.
func (r *Runner) Run(ctx context.Context, c *Call) (*Reply, error) {
	if run := builtin[c.Message.Command]; run != nil {
		return run(r, ctx, c)
	}
	return r.custom(ctx, c)
}

// action is a button of an attachment.
type action struct {
	Name  string `json:"name"`
	Text  string `json:"text"`
	Style string `json:"style"`
	Type  string `json:"type"`
	Value string `json:"value"`
}

// The actions that mean the same for all commands.
const (
	actionSend   = "send"
	actionCancel = "cancel"
)

// sent has a message sent as it is, without its actions.
func sent(m *chat.Message) (*Reply, error) {
	attachments, err := withoutActions(m.Attachments)
	if err != nil {
		return nil, err
	}
	return &Reply{Change: wire.MustMarshal(map[string]any{"type": chat.MessageRegular, "attachments": attachments})}, nil
}

// withoutActions takes the actions off a list of attachments.
func withoutActions(doc jsontext.Value) ([]jsontext.Value, error) {
	var list []jsontext.Value
	if err := wire.Unmarshal(doc, &list); err != nil {
		return nil, err
	}
	for i, a := range list {
		list[i] = chat.Without(a, "actions")
	}
	return list, nil
}
