package commands

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/chat"
	"chatd/internal/hooks"
	"chatd/internal/outbound"
	"chatd/internal/wire"
)

// Poster posts to an app's own server.
type Poster interface {
	Post(ctx context.Context, app *chat.App, p *hooks.Post) (*outbound.Response, error)
}

// The bounds of a call of an app's own handler.
const (
	handlerTimeout = time.Second
	handlerAnswer  = 256 << 10 // bytes
)

// handled is what an app's handler is told.
type handled struct {
	Message *chat.Message     `json:"message"`
	User    *chat.User        `json:"user"`
	Form    map[string]string `json:"form_data,omitzero"`
}

// custom has the app's own handler run a command.
func (r *Runner) custom(ctx context.Context, c *Call) (*Reply, error) {
	url := c.App.Settings.CustomActionHandlerURL
	if url == "" {
		return nil, chat.Errorf(chat.CommandMissing, "custom_action_handler_url is not set in the app's settings, which the command %q needs", c.Message.Command)
	}
	body, err := wire.Marshal(&handled{c.Message, c.User, c.Form})
	if err != nil {
		return nil, err
	}
	url = strings.ReplaceAll(url, "{type}", c.Message.Command) // letters, digits, - and _
	answer, err := r.Hooks.Post(ctx, c.App, &hooks.Post{URL: url, Body: body, Timeout: handlerTimeout, MaxAnswer: handlerAnswer})
	if err != nil {
		return nil, failed(c, err)
	}
	if !answer.OK() {
		return nil, failed(c, fmt.Errorf("status %d", answer.Status))
	}
	change, err := changeIn(answer.Body)
	if err != nil {
		return nil, failed(c, err)
	}
	if change != nil || c.Form == nil {
		return &Reply{Change: change}, nil
	}
	// The handler leaves it to the choice itself.
	if slices.Contains(slices.Collect(maps.Values(c.Form)), actionCancel) {
		return &Reply{Drop: true}, nil
	}
	return sent(c.Message)
}

// changeIn returns the message in what a handler answered; nil when there is none.
func changeIn(body []byte) (jsontext.Value, error) {
	if len(strings.TrimSpace(string(body))) == 0 {
		return nil, nil
	}
	var answer struct {
		Message jsontext.Value `json:"message"`
	}
	if err := wire.Receive(body, &answer); err != nil {
		return nil, err
	}
	switch answer.Message.Kind() {
	case '{':
		return answer.Message, nil
	case 0, 'n':
		return nil, nil
	default:
		return nil, fmt.Errorf("message is not an object")
	}
}

func failed(c *Call, err error) error {
	return &chat.Error{Kind: chat.CommandFailed, Message: fmt.Sprintf("the handler of the command %q could not be called or returned an error", c.Message.Command), Err: err}
}
