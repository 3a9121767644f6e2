package filter

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/chat"
)

const (
	macSize   = 16       // bytes of the HMAC that a cursor carries
	maxCursor = 64 << 10 // above what a row's sort values can add up to
)

// Seal makes a client's cursor of a position: URL-safe text. Scope names what the
// cursor is good for (app, operation, sort, direction); another scope's cursor is
// refused. Positions are readable to who decodes them: they are values of the row
// the client was given.
func Seal(key []byte, scope string, position jsontext.Value) string {
	return base64.RawURLEncoding.EncodeToString(append(seal(key, scope, position), position...))
}

// Open returns the position in a cursor that Seal made with the same key and scope;
// Invalid for any other text.
func Open(key []byte, scope, cursor string) (jsontext.Value, error) {
	if len(cursor) > maxCursor {
		return nil, errCursor()
	}
	b, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(b) < macSize {
		return nil, errCursor()
	}
	mac, position := b[:macSize], jsontext.Value(b[macSize:])
	if !hmac.Equal(mac, seal(key, scope, position)) {
		return nil, errCursor()
	}
	return position, nil
}

func seal(key []byte, scope string, position []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(scope))
	h.Write([]byte{0}) // no scope has it, so the two cannot run together
	h.Write(position)
	return h.Sum(nil)[:macSize]
}

func errCursor() error { return chat.Errorf(chat.Invalid, "next or prev is not a valid cursor") }
