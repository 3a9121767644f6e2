package chat

import (
	"bytes"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// UserRequest is a user as clients send one. A nil field was not given.
type UserRequest struct {
	ID        string             `json:"id"`
	Name      *string            `json:"name,omitzero"`
	Image     *string            `json:"image,omitzero"`
	Language  *string            `json:"language,omitzero"`
	Role      *string            `json:"role,omitzero"`
	Teams     *[]string          `json:"teams,omitzero"`
	TeamsRole *map[string]string `json:"teams_role,omitzero"`
	Invisible *bool              `json:"invisible,omitzero"`
	Privacy   *PrivacySettings   `json:"privacy_settings,omitzero"`
	Custom    jsontext.Value     `json:",embed"`
}

// MaxCustom bounds the custom data of users, channels, members and messages, in
// bytes of JSON.
const MaxCustom = 5 << 10

// MaxReactionCustom bounds the custom data of reactions, in bytes of JSON.
const MaxReactionCustom = 1 << 10

// CheckRange returns an Invalid error when a number from a request is not in 0 to most.
func CheckRange(name string, n, most int) error {
	switch {
	case n < 0:
		return Errorf(Invalid, "%s must be 0 or greater", name)
	case n > most:
		return Errorf(Invalid, "%s must be %d or less", name, most)
	}
	return nil
}

// CheckCustom checks custom fields from a client: their size and that none has a
// reserved name. entity names the object in messages: "user", "data", "message".
func CheckCustom(entity string, custom jsontext.Value, most int, reserved map[string]bool) error {
	if len(custom) > most {
		return Errorf(PayloadTooBig, "%s custom data is too big: %d bytes, the limit is %d", entity, len(custom), most)
	}
	if len(custom) == 0 {
		return nil
	}
	if !custom.IsValid() { // decoding lets them pass; nobody could be sent them
		return Errorf(Invalid, "%s custom data has a name twice in one object or text that is not UTF-8", entity)
	}
	if hasNUL(custom) { // which the database does not take
		return Errorf(Invalid, "%s custom data contains an invalid character: U+0000", entity)
	}
	var bad []string
	for name := range Keys(custom) {
		if reserved[name] {
			bad = append(bad, name)
		}
	}
	if len(bad) == 0 {
		return nil
	}
	slices.Sort(bad)
	e := &Error{Kind: Invalid, Fields: map[string]string{}}
	for i, name := range bad {
		if i > 0 {
			e.Message += ", "
		}
		e.Message += entity + "." + name + " is a reserved field"
		e.Fields[entity+"."+name] = "is a reserved field"
	}
	return e
}

// hasNUL tells whether a string or name in a JSON document has a NUL character.
func hasNUL(doc jsontext.Value) bool {
	if !bytes.Contains(doc, []byte(`\u0000`)) {
		return false
	}
	d := jsontext.NewDecoder(bytes.NewReader(doc))
	for {
		t, err := d.ReadToken()
		if err != nil {
			return false
		}
		if t.Kind() == '"' && strings.ContainsRune(t.String(), 0) {
			return true
		}
	}
}

// SortParam is one key of a sort: direction 1 (ascending, the default) or -1.
type SortParam struct {
	Field     string `json:"field"`
	Direction int    `json:"direction"`
	Type      string `json:"type,omitzero"`
}

// RequestInfo is what hooks are told of the request that they are about.
type RequestInfo struct {
	Type      string `json:"type"` // client or server
	IP        string `json:"ip"`
	UserAgent string `json:"user_agent"`
	SDK       string `json:"sdk"`
	Ext       string `json:"ext,omitzero"` // whatever the client put into x-stream-ext
}
