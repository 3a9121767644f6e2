package commands

import (
	"context"
	"fmt"

	"chatd/internal/chat"
	"chatd/internal/gifs"
	"chatd/internal/wire"
)

// formAction is the field of a form that says what to do with a picture.
const formAction = "image_action"

// picture is the attachment that shows one.
type picture struct {
	Type      string      `json:"type"`
	Title     string      `json:"title"`
	TitleLink string      `json:"title_link"`
	ThumbURL  string      `json:"thumb_url"`
	Actions   []action    `json:"actions"`
	Giphy     gifs.Images `json:"giphy"`
}

// pictureActions are the buttons under a picture.
func pictureActions() []action {
	return []action{
		{formAction, "Send", "primary", "button", actionSend},
		{formAction, "Shuffle", "default", "button", actionShuffle},
		{formAction, "Cancel", "default", "button", actionCancel},
	}
}

const actionShuffle = "shuffle"

// giphy shows the author a picture for his words, which he sends, exchanges for
// another or throws away.
func (r *Runner) giphy(ctx context.Context, c *Call) (*Reply, error) {
	switch do := c.Form[formAction]; {
	case do == actionSend:
		return sent(c.Message)
	case do == actionCancel:
		return &Reply{Drop: true}, nil
	case c.Form != nil && do != actionShuffle:
		return nil, chat.Errorf(chat.Invalid, "form_data.%s must be one of [%s %s %s]", formAction, actionSend, actionShuffle, actionCancel)
	}
	words := c.Message.Args
	gif, err := r.Gifs.Find(ctx, words, c.Turn, c.Origin)
	if err != nil {
		return nil, &chat.Error{Kind: chat.CommandFailed, Message: "no picture could be looked for, try again", Err: err}
	}
	if gif == nil {
		return &Reply{Change: wire.MustMarshal(map[string]any{"type": chat.MessageError, "text": fmt.Sprintf("There is no picture for %q", words)})}, nil
	}
	shown := []picture{{
		Type: "giphy", Title: words, TitleLink: gif.Page, ThumbURL: gif.Images.Original.URL, Actions: pictureActions(), Giphy: gif.Images,
	}}
	return &Reply{Change: wire.MustMarshal(map[string]any{"type": chat.MessageEphemeral, "attachments": shown})}, nil
}
