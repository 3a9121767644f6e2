package users

import (
	"cmp"
	"maps"
	"math"
	"reflect"
	"regexp"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/chat"
	"chatd/internal/permission"
)

// The limits of users (API: size limits). Name and image count as custom data, of
// which they once were part.
const (
	maxName     = 255 // characters
	maxTeams    = 250
	maxTeam     = 100 // bytes
	maxLanguage = 35  // bytes
)

// reserved are the fields that only the server sets; sending them is refused.
var reserved = map[string]bool{"created_at": true, "updated_at": true, "last_active": true}

// computed are the fields that the server computes; SDKs send them back in whole
// user objects, so sending them is ignored.
var computed = []string{
	"avg_response_time", "ban_expires", "banned", "blocked_user_ids", "bypass_moderation", "channel_mutes", "deactivated_at",
	"deleted_at", "devices", "latest_hidden_channels", "mutes", "online", "push_preferences", "revoke_tokens_issued_before",
	"shadow_banned", "total_unread_count", "total_unread_count_by_team", "unread_channels", "unread_count", "unread_threads",
}

var language = regexp.MustCompile(`^([A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*)?$`)

// validID checks the id of a user who is to be stored: anonymous users are not.
func validID(id string) error {
	if chat.IsAnonymousID(id) {
		return chat.Errorf(chat.Invalid, "user_id %q is not valid: anonymous users cannot be changed", id)
	}
	return chat.ValidUserID(id)
}

// clean checks what a request says of a user as far as that can be told without him,
// and takes out what is ignored.
func clean(r *chat.UserRequest) error {
	if err := validID(r.ID); err != nil {
		return err
	}
	if err := chat.CheckCustom("user", r.Custom, math.MaxInt, reserved); err != nil {
		return err
	}
	for name := range chat.Keys(r.Custom) {
		if slices.Contains(computed, name) {
			r.Custom = chat.Without(r.Custom, computed...)
			break
		}
	}
	return nil
}

// merge puts what a request says of a user over what is stored.
func merge(u *chat.User, r *chat.UserRequest) {
	put(&u.Name, r.Name)
	put(&u.Image, r.Image)
	put(&u.Language, r.Language)
	put(&u.Role, r.Role)
	put(&u.Teams, r.Teams)
	put(&u.TeamsRole, r.TeamsRole)
	put(&u.Invisible, r.Invisible)
	if r.Privacy != nil {
		u.Privacy = mergePrivacy(u.Privacy, r.Privacy)
	}
	if len(r.Custom) > 0 {
		u.Custom = chat.Merge(u.Custom, r.Custom)
	}
}

// replace makes what a request says of a user his whole name, image and custom data.
// What decides on his rights and on what others see of him stays unless given.
func replace(u *chat.User, r *chat.UserRequest) {
	u.Name, u.Image, u.Custom = "", "", nil
	merge(u, r)
}

func put[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

// mergePrivacy keeps the settings that set does not name.
func mergePrivacy(old, set *chat.PrivacySettings) *chat.PrivacySettings {
	p := *set
	if old != nil {
		p.TypingIndicators = cmp.Or(p.TypingIndicators, old.TypingIndicators)
		p.ReadReceipts = cmp.Or(p.ReadReceipts, old.ReadReceipts)
		p.DeliveryReceipts = cmp.Or(p.DeliveryReceipts, old.DeliveryReceipts)
	}
	return &p
}

// check checks a user as he would be stored.
func check(u *chat.User) error {
	switch {
	case utf8.RuneCountInString(u.Name) > maxName:
		return chat.Errorf(chat.Invalid, "user.name must be %d characters or less", maxName)
	case len(u.Language) > maxLanguage || !language.MatchString(u.Language):
		return chat.Errorf(chat.Invalid, "user.language %q is not the code of a language", u.Language)
	case len(u.Teams) > maxTeams:
		return chat.Errorf(chat.Invalid, "user.teams must contain at maximum %d items", maxTeams)
	case len(u.TeamsRole) > maxTeams:
		return chat.Errorf(chat.Invalid, "user.teams_role must contain at maximum %d items", maxTeams)
	}
	if err := checkRoles(u); err != nil {
		return err
	}
	for _, team := range slices.Concat(u.Teams, slices.Collect(maps.Keys(u.TeamsRole))) {
		if team == "" || len(team) > maxTeam {
			return chat.Errorf(chat.Invalid, "team %q is not valid: 1 to %d bytes", team, maxTeam)
		}
	}
	custom := normal(u.Custom)
	if size := len(custom) + len(u.Name) + len(u.Image); size > chat.MaxCustom {
		return chat.Errorf(chat.PayloadTooBig, "user custom data is too big: %d bytes, the limit is %d", size, chat.MaxCustom)
	}
	return nil
}

// checkRoles checks that a user's roles exist.
func checkRoles(u *chat.User) error {
	if err := permission.ValidUserRole(u.Role, nil); err != nil {
		return err
	}
	for _, role := range u.TeamsRole {
		if err := permission.ValidUserRole(role, nil); err != nil {
			return err
		}
	}
	return nil
}

// same tells whether two states of a user have the same fields that people set.
func same(a, b *chat.User) bool {
	return a.Name == b.Name && a.Image == b.Image && a.Language == b.Language && a.Role == b.Role && a.Invisible == b.Invisible &&
		slices.Equal(a.Teams, b.Teams) && maps.Equal(a.TeamsRole, b.TeamsRole) && reflect.DeepEqual(a.Privacy, b.Privacy) &&
		sameTime(a.TokensRevoked, b.TokensRevoked) && string(normal(a.Custom)) == string(normal(b.Custom))
}

func sameTime(a, b *time.Time) bool {
	return a == b || a != nil && b != nil && a.Equal(*b)
}

// normal writes custom data in the one form of all that mean the same.
func normal(v jsontext.Value) jsontext.Value {
	if len(v) == 0 {
		return jsontext.Value("{}")
	}
	v = v.Clone()
	_ = v.Format(jsontext.ReorderRawObjects(true), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)) // what cannot be read stays as it is
	return v
}
