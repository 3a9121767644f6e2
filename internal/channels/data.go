package channels

import (
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/access"
	"chatd/internal/chat"
	"chatd/internal/permission"
	"chatd/internal/wire"
)

// ChannelData is a channel as clients send one. A nil field was not given.
type ChannelData struct {
	CreatedByID             string            `json:"created_by_id"`
	CreatedBy               *chat.UserRequest `json:"created_by"`
	TruncatedByID           string            `json:"truncated_by_id"`
	Members                 MemberRequests    `json:"members"`
	Invites                 MemberRequests    `json:"invites"`
	Team                    *string           `json:"team"`
	Frozen                  *bool             `json:"frozen"`
	Disabled                *bool             `json:"disabled"`
	FilterTags              *[]string         `json:"filter_tags"`
	Overrides               jsontext.Value    `json:"config_overrides"`
	AutoTranslation         *bool             `json:"auto_translation_enabled"`
	AutoTranslationLanguage *string           `json:"auto_translation_language"`
	Custom                  jsontext.Value    `json:",embed"`
}

// reservedData are the names that a channel's custom fields must not have: those
// that answers give to a channel, and cooldown, which has a request of its own.
var reservedData = reserved(`id type cid created_at updated_at deleted_at last_message_at member_count config own_capabilities
	muted mute_expires_at cooldown`)

// readOnly are fields of answers that SDKs send back when a channel's data is used
// again. They change nothing.
var readOnly = []string{"hidden", "hide_messages_before", "blocked", "message_count", "truncated_at", "truncated_by"}

func reserved(names string) map[string]bool {
	out := map[string]bool{}
	for name := range strings.FieldsSeq(names) {
		out[name] = true
	}
	return out
}

// content tells whether the data says anything but who creates the channel.
func (d *ChannelData) content() bool {
	return len(d.Members)+len(d.Invites) > 0 || d.Team != nil || d.Frozen != nil || d.Disabled != nil || d.FilterTags != nil ||
		len(d.Overrides) > 0 || d.AutoTranslation != nil || d.AutoTranslationLanguage != nil || len(d.Custom) > len("{}")
}

// check validates what does not depend on the channel.
func (d *ChannelData) check() error {
	return firstError(
		func() error { return chat.CheckCustom("data", d.Custom, chat.MaxCustom, reservedData) },
		func() error { return d.Members.check("data.members") },
		func() error { return d.Invites.check("data.invites") },
		func() error { return checkTags("data.filter_tags", d.FilterTags) },
		func() error { return checkTeam(d.Team) },
		func() error { return checkLanguages("data.auto_translation_language", d.AutoTranslationLanguage) },
	)
}

func checkTags(name string, tags *[]string) error {
	if tags == nil {
		return nil
	}
	if err := checkCount(name, len(*tags), maxFilterTags); err != nil {
		return err
	}
	for _, t := range *tags {
		if t == "" || len(t) > maxTag || strings.Contains(t, "\x00") {
			return chat.Errorf(chat.Invalid, "%s must be strings of 1 to %d characters", name, maxTag)
		}
	}
	return nil
}

func checkTeam(team *string) error {
	const most = 100 // bytes
	if team != nil && (len(*team) > most || strings.Contains(*team, "\x00")) {
		return chat.Errorf(chat.Invalid, "data.team must be %d characters or less", most)
	}
	return nil
}

// checkLanguages checks codes of languages between commas; "" names none.
func checkLanguages(name string, list *string) error {
	const most = 256 // bytes
	if list == nil || *list == "" {
		return nil
	}
	if len(*list) > most {
		return chat.Errorf(chat.Invalid, "%s must be %d characters or less", name, most)
	}
	for code := range strings.SplitSeq(*list, ",") {
		if err := chat.ValidLanguage(name, strings.TrimSpace(code)); err != nil {
			return err
		}
	}
	return nil
}

// apply writes the data into a channel whose type has these commands. Custom data
// is replaced, special fields are kept where the data does not give them.
func (d *ChannelData) apply(ch *chat.Channel, commands []*chat.Command) error {
	ch.Custom = chat.Without(d.Custom, readOnly...)
	put(&ch.Team, d.Team)
	put(&ch.Frozen, d.Frozen)
	put(&ch.Disabled, d.Disabled)
	put(&ch.FilterTags, d.FilterTags)
	put(&ch.AutoTranslation, d.AutoTranslation)
	put(&ch.AutoTranslationLanguage, d.AutoTranslationLanguage)
	if len(d.Overrides) == 0 {
		return nil
	}
	overrides, err := checkOverrides(d.Overrides, commands)
	ch.Overrides = overrides
	return err
}

func put[T any](field *T, value *T) {
	if value != nil {
		*field = *value
	}
}

// gate checks that a client may change from the channel's special fields to those
// of the data. What stays as it is needs no right.
func (d *ChannelData) gate(seat *access.Seat) error {
	if seat.Actor.Unchecked() {
		return nil
	}
	ch := seat.Channel
	switch {
	case d.AutoTranslation != nil && *d.AutoTranslation != ch.AutoTranslation,
		d.AutoTranslationLanguage != nil && *d.AutoTranslationLanguage != ch.AutoTranslationLanguage:
		return chat.Errorf(chat.Unauthenticated, "changing automatic translation can only be done server-side")
	case d.Team != nil && *d.Team != ch.Team:
		return chat.Errorf(chat.Unauthenticated, "changing channel team is not allowed client-side")
	case d.Disabled != nil && *d.Disabled != ch.Disabled:
		return notYours("disabled")
	case len(d.Overrides) > len("{}"):
		return notYours("config_overrides")
	case d.Frozen != nil && *d.Frozen != ch.Frozen:
		return seat.Require(permission.UpdateChannelFrozen)
	}
	return nil
}

// notYours refuses a change of a field that clients may not change.
func notYours(field string) error {
	return chat.Errorf(chat.NotAllowed, "you are not allowed to update the field `%s`", field)
}

// overrides are what of a type's configuration a channel may have of its own.
type overrides struct {
	TypingEvents         *bool               `json:"typing_events,omitzero"`
	Reactions            *bool               `json:"reactions,omitzero"`
	Replies              *bool               `json:"replies,omitzero"`
	Quotes               *bool               `json:"quotes,omitzero"`
	Uploads              *bool               `json:"uploads,omitzero"`
	URLEnrichment        *bool               `json:"url_enrichment,omitzero"`
	UserMessageReminders *bool               `json:"user_message_reminders,omitzero"`
	SharedLocations      *bool               `json:"shared_locations,omitzero"`
	CountMessages        *bool               `json:"count_messages,omitzero"`
	MaxMessageLength     *int                `json:"max_message_length,omitzero"`
	Blocklist            *string             `json:"blocklist,omitzero"`
	BlocklistBehavior    *string             `json:"blocklist_behavior,omitzero"`
	PushLevel            *string             `json:"push_level,omitzero"`
	ChatPreferences      jsontext.Value      `json:"chat_preferences,omitzero"`
	Commands             *[]string           `json:"commands,omitzero"`
	Grants               map[string][]string `json:"grants,omitzero"`
	Unknown              jsontext.Value      `json:",embed"`
}

// checkOverrides validates a channel's config_overrides, null for none, and
// returns the form in which they are stored.
func checkOverrides(raw jsontext.Value, commands []*chat.Command) (jsontext.Value, error) {
	if raw.Kind() == 'n' {
		return jsontext.Value("{}"), nil
	}
	if len(raw) > chat.MaxCustom {
		return nil, chat.Errorf(chat.PayloadTooBig, "config_overrides is too big: %d bytes, the limit is %d", len(raw), chat.MaxCustom)
	}
	var o overrides
	if err := wire.Unmarshal(raw, &o); err != nil {
		return nil, err
	}
	for name := range chat.Keys(o.Unknown) {
		return nil, chat.Errorf(chat.Invalid, "config_overrides.%s can not be overridden", name)
	}
	if l := o.MaxMessageLength; l != nil && (*l < 1 || *l > permission.MaxMaxMessageLength) {
		return nil, chat.Errorf(chat.Invalid, "config_overrides.max_message_length must be between 1 and %d", permission.MaxMaxMessageLength)
	}
	if b := o.BlocklistBehavior; b != nil && *b != "flag" && *b != "block" && *b != "shadow_block" {
		return nil, chat.Errorf(chat.Invalid, "config_overrides.blocklist_behavior must be one of [flag block shadow_block]")
	}
	if l := o.PushLevel; l != nil && !slices.Contains(permission.PushLevels(), *l) {
		return nil, chat.Errorf(chat.Invalid, "config_overrides.push_level must be one of [%s]", strings.TrimSpace(strings.Join(permission.PushLevels(), " ")))
	}
	if err := permission.ValidatePreferences(o.ChatPreferences); err != nil {
		return nil, err
	}
	if o.Commands != nil {
		for _, name := range *o.Commands {
			if !slices.ContainsFunc(commands, func(c *chat.Command) bool { return c.Name == name }) {
				return nil, chat.Errorf(chat.Invalid, "command %q is not enabled for this channel type", name)
			}
		}
	}
	if err := permission.ValidateModifiers(o.Grants); err != nil {
		return nil, err
	}
	if !raw.IsValid() {
		return nil, chat.Errorf(chat.Invalid, "config_overrides is not valid JSON")
	}
	return wire.Marshal(&o)
}
