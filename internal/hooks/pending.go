package hooks

import (
	"net/url"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/chat"
	"chatd/internal/wire"
)

// TypePending is the hook_type of hooks that are told of pending messages.
const TypePending = "pending_message"

// DefaultPending is how long messages stay pending where an app does not say.
const DefaultPending = 72 * time.Hour

// callback is how a server is told of pending messages.
type callback struct {
	Mode      string `json:"mode"`
	ServerURL string `json:"server_url"`
}

// modeNone tells nobody.
const modeNone = "CALLBACK_MODE_NONE"

// Pending returns who is told of an app's pending messages, and how long they stay
// pending: the longest time that any hook names.
func Pending(set *chat.AppSettings) (urls []string, timeout time.Duration) {
	var hooks []struct {
		Type      string   `json:"hook_type"`
		Enabled   bool     `json:"enabled"`
		URL       string   `json:"webhook_url"`
		TimeoutMS int64    `json:"timeout_ms"`
		Callback  callback `json:"callback"`
	}
	var older struct {
		TimeoutMS int64    `json:"timeout_ms"`
		Callback  callback `json:"callback"`
	}
	add := func(link, mode string, ms int64) {
		timeout = max(timeout, time.Duration(ms)*time.Millisecond)
		if link != "" && mode != modeNone {
			urls = append(urls, link)
		}
	}
	if read(set.AsyncModerationConfig, &older) {
		add(older.Callback.ServerURL, older.Callback.Mode, older.TimeoutMS)
	}
	if read(set.EventHooks, &hooks) {
		for _, h := range hooks {
			if h.Type == TypePending && h.Enabled {
				add(h.URL, h.Callback.Mode, h.TimeoutMS)
			}
		}
	}
	if timeout == 0 {
		timeout = DefaultPending
	}
	return urls, timeout
}

// read reads a setting, whose form was checked when it was set.
func read(doc jsontext.Value, to any) bool {
	return len(doc) > 0 && doc.Kind() != 'n' && wire.Unmarshal(doc, to) == nil
}

// Under returns the address of a method below a hook's own.
func Under(hook, method string) string {
	u, err := url.Parse(hook)
	if err != nil {
		return hook
	}
	return u.JoinPath(method).String()
}
