package hooks

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/klauspost/compress/gzip"

	"chatd/internal/chat"
	"chatd/internal/jobs"
	"chatd/internal/outbound"
	"chatd/internal/store"
)

// Caller posts to apps. All fields are needed, but for Links.
type Caller struct {
	Client *outbound.Client
	Store  *store.Store
	Jobs   *jobs.Queue
	Links  Links // nil: links to files go out as they are kept
}

// Links makes links to files ones that work, and those that come back ones to be kept.
type Links interface {
	Sign(app chat.AppID, doc []byte) []byte
	Unsign(doc []byte) []byte
}

// Post is a request to an app's server.
type Post struct {
	URL       string
	Body      []byte // JSON
	ID        string // the same at every attempt; "" for a new one
	Attempt   int    // from 1 on; 0 is the first, too
	Timeout   time.Duration
	MaxAnswer int // bytes; a longer answer is an error
}

// Post makes a request and returns the answer, whatever its status. It is signed with
// the app's oldest key. What is signed is the JSON, whether or not it is compressed.
func (c *Caller) Post(ctx context.Context, app *chat.App, p *Post) (*outbound.Response, error) {
	ctx, cancel := context.WithTimeout(ctx, p.Timeout)
	defer cancel()
	keys, err := c.Store.App(app.ID).Keys(ctx)
	if err != nil {
		return nil, err
	}
	if len(keys) == 0 {
		return nil, errors.New("the app has no key")
	}
	body := p.Body
	if c.Links != nil {
		body = c.Links.Sign(app.ID, body)
	}
	h := http.Header{}
	h.Set("X-Webhook-Id", cmp.Or(p.ID, chat.NewID()))
	h.Set("X-Webhook-Attempt", strconv.Itoa(max(1, p.Attempt)))
	h.Set("X-Api-Key", keys[0].Key)
	h.Set("X-Signature", sign(keys[0].Secret, body))
	if compressed(&app.Settings) {
		h.Set("Content-Encoding", "gzip")
		body = pack(body)
	}
	answer, err := c.Client.Post(ctx, p.URL, h, body, p.MaxAnswer)
	if err == nil && c.Links != nil {
		answer.Body = c.Links.Unsign(answer.Body)
	}
	return answer, err
}

// sign is the signature that the SDKs check.
func sign(secret string, body []byte) string {
	m := hmac.New(sha256.New, []byte(secret))
	_, _ = m.Write(body) // a hash takes all
	return hex.EncodeToString(m.Sum(nil))
}

// compressed tells whether the app wants what it is sent compressed.
func compressed(set *chat.AppSettings) bool {
	for name, v := range chat.Keys(set.Elsewhere) {
		if name == "enable_hook_payload_compression" {
			return v.Kind() == 't'
		}
	}
	return false
}

func pack(b []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, _ = w.Write(b) // to memory
	_ = w.Close()
	return out.Bytes()
}
