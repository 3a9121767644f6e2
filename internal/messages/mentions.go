package messages

import (
	"context"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/chat"
	"chatd/internal/permission"
	"chatd/internal/wire"
)

// mentions sets who is mentioned: users, who must exist, and groups of people,
// each of which takes a permission of its own.
func (e *editor) mentions(ctx context.Context, m *chat.Message, r *chat.MessageRequest) error {
	ids, err := mentionedIDs(r.MentionedUsers)
	if err != nil {
		return err
	}
	for _, l := range []struct {
		field string
		list  []string
	}{{"message.mentioned_roles", r.MentionedRoles}, {"message.mentioned_group_ids", r.MentionedGroupIDs}} {
		if err := within(l.field, len(l.list), maxMentionedRoles); err != nil {
			return err
		}
		if slices.ContainsFunc(l.list, func(s string) bool { return s == "" || len(s) > maxMentionedName || strings.IndexByte(s, 0) >= 0 }) {
			return chat.Errorf(chat.Invalid, "%s must be a list of names of 1 to %d bytes", l.field, maxMentionedName)
		}
	}
	channel, here := r.MentionedChannel != nil && *r.MentionedChannel, r.MentionedHere != nil && *r.MentionedHere
	for _, need := range []struct {
		needed bool
		action permission.Action
	}{
		{missing(ids, m.MentionedUserIDs), permission.CreateMention},
		{channel && !m.MentionedChannel, permission.NotifyChannel},
		{here && !m.MentionedHere, permission.NotifyHere},
		{missing(r.MentionedRoles, m.MentionedRoles), permission.NotifyRole},
		{missing(r.MentionedGroupIDs, m.MentionedGroupIDs), permission.NotifyGroup},
	} {
		if !need.needed {
			continue
		}
		if err := e.seat.Require(need.action); err != nil {
			return err
		}
	}
	m.MentionedUserIDs, m.MentionedUsers = ids, nil
	m.MentionedChannel, m.MentionedHere = channel, here
	m.MentionedRoles = r.MentionedRoles
	if err := e.mentionedGroups(ctx, m, r.MentionedGroupIDs); err != nil || len(ids) == 0 {
		return err
	}
	users, err := e.app.Users(ctx, ids...)
	if err != nil {
		return err
	}
	var unknown []string
	for _, id := range ids {
		if users[id] == nil {
			unknown = append(unknown, id)
			continue
		}
		users[id].Conceal()
		m.MentionedUsers = append(m.MentionedUsers, users[id])
	}
	if len(unknown) > 0 {
		return chat.Errorf(chat.Invalid, "message.mentioned_users must be a list of existing user IDs, there is no %s", strings.Join(unknown, ", "))
	}
	return nil
}

// mentionedGroups sets which groups are mentioned. They must exist, and be of the
// channel's team if they are of one; that a group was removed since it was mentioned
// does not matter.
func (e *editor) mentionedGroups(ctx context.Context, m *chat.Message, ids []string) error {
	before := m.MentionedGroupIDs
	m.MentionedGroupIDs, m.MentionedGroups = nil, nil
	if len(ids) == 0 {
		return nil
	}
	groups, err := e.app.UserGroups(ctx, ids...)
	if err != nil {
		return err
	}
	for _, id := range ids {
		g := groups[id]
		switch {
		case slices.Contains(m.MentionedGroupIDs, id):
			continue
		case g != nil && (g.Team == "" || g.Team == e.seat.Channel.Team):
			m.MentionedGroups = append(m.MentionedGroups, g)
		case !slices.Contains(before, id):
			return chat.Errorf(chat.Invalid, "message.mentioned_group_ids must be a list of existing user group IDs, there is no %s", id)
		}
		m.MentionedGroupIDs = append(m.MentionedGroupIDs, id)
	}
	return nil
}

// missing tells whether some of want is not in have.
func missing(want, have []string) bool {
	return slices.ContainsFunc(want, func(s string) bool { return !slices.Contains(have, s) })
}

// mentionedIDs reads a list of user ids. Some clients send the users themselves.
func mentionedIDs(sent jsontext.Value) ([]string, error) {
	if len(sent) <= len("[]") || sent.Kind() == 'n' {
		return nil, nil
	}
	var list []jsontext.Value
	if err := wire.Unmarshal(sent, &list); err != nil {
		return nil, chat.Errorf(chat.Invalid, "message.mentioned_users must be a list of user IDs")
	}
	if err := within("message.mentioned_users", len(list), maxMentions); err != nil {
		return nil, err
	}
	var ids []string
	for _, v := range list {
		id, err := mentionedID(v)
		if err != nil || chat.ValidUserID(id) != nil {
			return nil, chat.Errorf(chat.Invalid, "message.mentioned_users must be a list of user IDs")
		}
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

func mentionedID(v jsontext.Value) (id string, err error) {
	if v.Kind() == '"' {
		err = wire.Unmarshal(v, &id)
		return id, err
	}
	var user struct {
		ID string `json:"id"`
	}
	err = wire.Unmarshal(v, &user)
	return user.ID, err
}
