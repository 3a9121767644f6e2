package chat

import (
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// AppID numbers a tenant. Every key of every table starts with it.
type AppID int64

// CID is a channel's full name, "type:id".
type CID string

// NewCID joins a channel type and a channel id.
func NewCID(typ, id string) CID { return CID(typ + ":" + id) }

// ParseCID splits "type:id"; an Invalid error when it has not that shape.
func ParseCID(s string) (CID, error) {
	typ, id, ok := strings.Cut(s, ":")
	if !ok || ValidChannelType(typ) != nil || ValidChannelID(id, true) != nil {
		return "", Errorf(Invalid, "%q is not a valid cid", s)
	}
	return CID(s), nil
}

// Type returns the part before the colon.
func (c CID) Type() string { t, _, _ := strings.Cut(string(c), ":"); return t }

// ID returns the part behind the colon.
func (c CID) ID() string { _, id, _ := strings.Cut(string(c), ":"); return id }

// The limits of identifiers, in bytes (API: size limits).
const (
	MaxUserID    = 255
	MaxChannelID = 64
	MaxMessageID = 255
)

// of tells whether an identifier has letters, digits, _ and - only, and the
// characters of more; an empty one has not. Every request asks this.
func of(id, more string) bool {
	for i := range len(id) {
		switch c := id[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_', c == '-':
		case strings.IndexByte(more, c) < 0:
			return false
		}
	}
	return id != ""
}

// distinctPrefix starts the ids of channels that are named by their members.
const distinctPrefix = "!members-"

// ValidUserID checks a user id that a client chose.
func ValidUserID(id string) error {
	switch {
	case id == "":
		return Errorf(Invalid, "user_id is a required field")
	case len(id) > MaxUserID:
		return Errorf(Invalid, "user_id must be %d characters or less", MaxUserID)
	case !of(id, "@!") || strings.HasPrefix(id, "!") && !strings.HasPrefix(id, anonPrefix):
		return Errorf(Invalid, "user_id %q is not valid: only a-z, 0-9, @, _ and - are allowed", id)
	}
	return nil
}

// ValidChannelType checks the name of a channel type.
func ValidChannelType(name string) error {
	if name == "" || len(name) > MaxChannelID || !of(name, "") {
		return Errorf(Invalid, "channel type %q is not valid: only letters, numbers, - and _ are allowed", name)
	}
	return nil
}

// ValidChannelID checks a channel id; generated allows those that the server makes
// from the members.
func ValidChannelID(id string, generated bool) error {
	ok := id != "" && len(id) <= MaxChannelID && of(strings.TrimPrefix(id, "!"), "")
	if ok && id[0] == '!' {
		ok = generated && strings.HasPrefix(id, distinctPrefix)
	}
	if !ok {
		return Errorf(Invalid, "channel id %q is not valid: only letters, numbers, - and _ are allowed, %d characters or less", id, MaxChannelID)
	}
	return nil
}

// ValidMessageID checks a message id that a client chose.
func ValidMessageID(id string) error {
	if len(id) > MaxMessageID || strings.ContainsAny(id, ",%\x00") {
		return Errorf(Invalid, "message id is not valid: %d characters or less, without , and %%", MaxMessageID)
	}
	return nil
}

// DistinctChannelID names the channel of exactly these members, in any order:
// "!members-" and 43 characters of base64url.
func DistinctChannelID(members []string) string {
	ids := slices.Clone(members)
	slices.Sort(ids)
	sum := sha256.Sum256([]byte(strings.Join(slices.Compact(ids), ",")))
	return distinctPrefix + base64.RawURLEncoding.EncodeToString(sum[:])
}

// IsDistinct tells whether a channel id was made by DistinctChannelID.
func IsDistinct(id string) bool { return strings.HasPrefix(id, distinctPrefix) }

// NewID returns a new identifier: a UUID of version 7, so that index entries of
// rows that are made one after the other lie together.
func NewID() string { return uuid.Must(uuid.NewV7()).String() }

// anonPrefix starts the ids of anonymous users.
const anonPrefix = "!anon"

// NewAnonymousID returns the id of a new anonymous user.
func NewAnonymousID() string { return AnonymousID(uuid.NewString()) }

// AnonymousID returns the id of the anonymous user whose client made up id.
func AnonymousID(id string) string { return anonPrefix + "-" + id }

// IsAnonymousID tells whether id was made by NewAnonymousID.
func IsAnonymousID(id string) bool { return strings.HasPrefix(id, anonPrefix) }

// NewGuestID returns the id of a new guest who asked to be called id.
func NewGuestID(id string) string { return "guest-" + uuid.NewString() + "-" + id }
