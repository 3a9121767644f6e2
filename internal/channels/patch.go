package channels

import (
	"context"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/access"
	"chatd/internal/chat"
	"chatd/internal/permission"
	"chatd/internal/store"
	"chatd/internal/wire"
)

// PatchRequest sets and unsets fields of a channel; names with dots reach into
// custom objects.
type PatchRequest struct {
	at `json:"-"`
	chat.ActAs

	Set   jsontext.Value `json:"set"`
	Unset []string       `json:"unset"`
}

// Validate checks the shape of the request.
func (r *PatchRequest) Validate() error { return checkPatch(r.Set, r.Unset) }

// mostPatched bounds the fields that one request unsets.
const mostPatched = 100

func checkPatch(set jsontext.Value, unset []string) error {
	if len(set) > 0 && set.Kind() != '{' && set.Kind() != 'n' {
		return chat.Errorf(chat.Invalid, "set must be an object")
	}
	return checkCount("unset", len(unset), mostPatched)
}

// PatchResponse is the channel after a partial update.
type PatchResponse struct {
	Channel *chat.Channel  `json:"channel"`
	Members []*chat.Member `json:"members"`
}

// Patch changes single fields of a channel.
func (s *Service) Patch(ctx context.Context, r *PatchRequest) (*PatchResponse, error) {
	seat, err := s.seat(ctx, r.at)
	if err != nil {
		return nil, err
	}
	fields := patchedFields(r.Set, r.Unset)
	if err := gatePatch(seat, fields); err != nil {
		return nil, err
	}
	_, app := s.app(ctx)
	err = app.InTx(ctx, func(tx *store.Tx) error {
		c, err := begin(ctx, tx, seat)
		if err != nil {
			return err
		}
		if err := r.apply(c.ch, seat.Type.Config.Commands); err != nil {
			return err
		}
		if err := tx.SaveChannel(ctx, c.ch); err != nil {
			return err
		}
		return c.finish(ctx)
	})
	if err != nil {
		return nil, err
	}
	up, err := s.updated(ctx, seat.Channel.CID, nil)
	if err != nil {
		return nil, err
	}
	return &PatchResponse{Channel: up.Channel, Members: up.Members}, nil
}

// patchedFields are the top-level fields that a partial update touches.
func patchedFields(set jsontext.Value, unset []string) []string {
	var out []string
	for path := range chat.Keys(set) {
		out = append(out, path)
	}
	out = append(out, unset...)
	for i, path := range out {
		out[i], _, _ = strings.Cut(path, ".")
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// special is a field of a channel that is not custom data.
type special struct {
	action permission.Action // that lets clients change it; "" for none
	set    func(ch *chat.Channel, v jsontext.Value, commands []*chat.Command) error
}

// specials are the fields that a partial update may change beside custom data.
// Unset, a field is set to null.
var specials = map[string]special{
	"frozen":   {permission.UpdateChannelFrozen, flag("frozen", func(ch *chat.Channel) *bool { return &ch.Frozen })},
	"disabled": {"", flag("disabled", func(ch *chat.Channel) *bool { return &ch.Disabled })},
	"cooldown": {permission.UpdateChannelCooldown, func(ch *chat.Channel, v jsontext.Value, _ []*chat.Command) error {
		if err := decode("cooldown", v, &ch.Cooldown); err != nil {
			return err
		}
		return chat.CheckRange("cooldown", ch.Cooldown, maxCooldown)
	}},
	"team": {"", func(ch *chat.Channel, v jsontext.Value, _ []*chat.Command) error {
		if err := decode("team", v, &ch.Team); err != nil {
			return err
		}
		return checkTeam(&ch.Team)
	}},
	"filter_tags": {permission.UpdateChannel, func(ch *chat.Channel, v jsontext.Value, _ []*chat.Command) error {
		if err := decode("filter_tags", v, &ch.FilterTags); err != nil {
			return err
		}
		return checkTags("filter_tags", &ch.FilterTags)
	}},
	"auto_translation_enabled": {"", flag("auto_translation_enabled", func(ch *chat.Channel) *bool { return &ch.AutoTranslation })},
	"auto_translation_language": {"", func(ch *chat.Channel, v jsontext.Value, _ []*chat.Command) error {
		if err := decode("auto_translation_language", v, &ch.AutoTranslationLanguage); err != nil {
			return err
		}
		return checkLanguages("auto_translation_language", &ch.AutoTranslationLanguage)
	}},
	"config_overrides": {"", func(ch *chat.Channel, v jsontext.Value, commands []*chat.Command) error {
		overrides, err := checkOverrides(v, commands)
		ch.Overrides = overrides
		return err
	}},
}

// flag sets a switch.
func flag(name string, of func(*chat.Channel) *bool) func(*chat.Channel, jsontext.Value, []*chat.Command) error {
	return func(ch *chat.Channel, v jsontext.Value, _ []*chat.Command) error { return decode(name, v, of(ch)) }
}

// decode reads a value into a field; null is the zero value.
func decode[T any](name string, v jsontext.Value, to *T) error {
	var value T
	if err := wire.Unmarshal(v, &value); err != nil {
		return chat.Errorf(chat.Invalid, "field %q has the wrong type", name)
	}
	*to = value
	return nil
}

// gatePatch checks that the actor may change these fields.
func gatePatch(seat *access.Seat, fields []string) error {
	for _, name := range fields {
		if _, ok := specials[name]; !ok && reservedPatch[name] {
			return chat.Errorf(chat.NotAllowed, "field `%s` is reserved and cannot updated", name)
		}
	}
	if seat.Actor.Unchecked() {
		return nil
	}
	if err := seat.Enabled(); err != nil {
		return err
	}
	for _, name := range fields {
		sp, ok := specials[name]
		switch {
		case !ok:
			if err := seat.Require(permission.UpdateChannel); err != nil {
				return err
			}
		case sp.action == "" || !seat.May(sp.action, seat.Owner()):
			return notYours(name)
		}
	}
	if len(fields) == 0 {
		return seat.Require(permission.UpdateChannel)
	}
	return nil
}

// reservedPatch are the fields that no partial update may touch.
var reservedPatch = reserved(`id type cid created_at updated_at deleted_at created_by created_by_id last_message_at members member_count
	message_count config own_capabilities hidden hide_messages_before blocked muted mute_expires_at truncated_at truncated_by truncated_by_id
	invites read watcher_count`)

// apply writes the changes into a channel.
func (r *PatchRequest) apply(ch *chat.Channel, commands []*chat.Command) error {
	var names []string
	for name, v := range chat.Keys(r.Set) {
		root, _, nested := strings.Cut(name, ".")
		sp, ok := specials[root]
		if !ok {
			continue
		}
		if nested {
			return chat.Errorf(chat.Invalid, "field %q can not be set in part", root)
		}
		if err := sp.set(ch, v.Clone(), commands); err != nil {
			return err
		}
		names = append(names, name)
	}
	var unset []string
	for _, name := range r.Unset {
		sp, ok := specials[name]
		if !ok {
			unset = append(unset, name)
			continue
		}
		if err := sp.set(ch, jsontext.Value("null"), commands); err != nil {
			return err
		}
	}
	custom, err := chat.ApplyPatch(ch.Custom, chat.Without(r.Set, names...), unset)
	if err != nil {
		return err
	}
	ch.Custom = custom
	return chat.CheckCustom("data", ch.Custom, chat.MaxCustom, nil)
}
