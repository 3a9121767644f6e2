package store

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"chatd/internal/chat"
)

// latestReactions is how many of a message's reactions are shown with it.
const latestReactions = 10

// Hydrate fills in what messages show beside their rows: users, the sender's
// membership, reactions, the poll, the quoted message, and what the viewer deleted
// for himself, began to reply or wants to be reminded of. Pins that have ended are taken off, and users do not tell who is
// shadow-banned. It takes a number of statements that does not depend on how many
// messages there are, most of them none in the common case. The messages must be
// the caller's own.
func (a *App) Hydrate(ctx context.Context, v Viewer, msgs ...*chat.Message) error {
	if len(msgs) == 0 {
		return nil
	}
	all, err := a.withQuoted(ctx, v, msgs)
	if err != nil {
		return err
	}
	h := hydration{App: a, viewer: v, now: a.Now(), byID: make(map[string][]*chat.Message, len(all))}
	for _, m := range all {
		h.byID[m.ID] = append(h.byID[m.ID], m)
	}
	if err := h.related(ctx); err != nil {
		return err
	}
	if err := h.people(ctx, all); err != nil {
		return err
	}
	if err := a.quoteInDrafts(ctx, v, h.drafts); err != nil {
		return err
	}
	for _, m := range all {
		h.finish(m)
	}
	return nil
}

// withQuoted gives messages the messages they quote and returns all of them. A
// quoted message quotes none itself.
func (a *App) withQuoted(ctx context.Context, v Viewer, msgs []*chat.Message) ([]*chat.Message, error) {
	var ids []string
	for _, m := range msgs {
		if m.QuotedMessageID != "" && !slices.Contains(ids, m.QuotedMessageID) {
			ids = append(ids, m.QuotedMessageID)
		}
	}
	if len(ids) == 0 {
		return msgs, nil
	}
	list, err := a.shown(ctx, v, ids)
	if err != nil {
		return nil, err
	}
	quoted := make(map[string]*chat.Message, len(list))
	for _, q := range list {
		quoted[q.ID] = q
	}
	for _, m := range msgs {
		if q := quoted[m.QuotedMessageID]; q != nil && q.CID == m.CID {
			m.QuotedMessage = q
		}
	}
	return slices.Concat(msgs, list), nil
}

// hydration is one Hydrate.
type hydration struct {
	*App

	viewer  Viewer
	now     time.Time
	byID    map[string][]*chat.Message
	members map[entry]*chat.Member
	users   map[string]*chat.User
	groups  map[string]*chat.UserGroup
	polls   *pollReading // nil when no message carries one
	drafts  []*chat.Draft
}

// related reads user groups, reactions, polls, own deletions, drafts and reminders, in one round
// trip.
func (h *hydration) related(ctx context.Context) error {
	var ids, reacted, cids, polls, groups []string
	for id, list := range h.byID {
		ids = append(ids, id)
		if cid := string(list[0].CID); !slices.Contains(cids, cid) {
			cids = append(cids, cid)
		}
		if len(list[0].ReactionGroups) > 0 {
			reacted = append(reacted, id)
		}
		if poll := list[0].PollID; poll != "" && !slices.Contains(polls, poll) {
			polls = append(polls, poll)
		}
		groups = append(groups, list[0].MentionedGroupIDs...)
	}
	b := &pgx.Batch{}
	if len(groups) > 0 {
		b.Queue(userGroupsOf, h.ID, groups).Query(h.userGroups)
	}
	if len(polls) > 0 {
		h.polls = newPollReading(h.viewer.UserID, polls...)
		h.polls.queue(h.ID, b)
	}
	if len(reacted) > 0 {
		b.Queue(`SELECT r.* FROM unnest($2::text[]) AS v (id) CROSS JOIN LATERAL (
				SELECT `+reactionColumns+` FROM reactions r WHERE r.app_id = $1 AND r.message_id = v.id
				ORDER BY r.created_at DESC LIMIT $3) r
			ORDER BY r.created_at DESC`, h.ID, reacted, latestReactions).
			Query(h.reactions(func(m *chat.Message) *[]*chat.Reaction { return &m.LatestReactions }))
	}
	if len(reacted) > 0 && h.viewer.UserID != "" {
		b.Queue(`SELECT `+reactionColumns+` FROM reactions r WHERE r.app_id = $1 AND r.message_id = ANY ($2) AND r.user_id = $3
			ORDER BY r.created_at DESC`, h.ID, reacted, h.viewer.UserID).
			Query(h.reactions(func(m *chat.Message) *[]*chat.Reaction { return &m.OwnReactions }))
	}
	if h.viewer.UserID != "" {
		b.Queue(`SELECT message_id FROM message_deletions
			WHERE app_id = $1 AND cid = ANY ($2) AND user_id = $3 AND message_id = ANY ($4)`, h.ID, cids, h.viewer.UserID, ids).
			Query(h.deletions)
	}
	if h.viewer.Drafts {
		b.Queue(`SELECT `+draftColumns+` FROM drafts d WHERE d.app_id = $1 AND d.cid = ANY ($2) AND d.user_id = $3 AND d.parent_id = ANY ($4)`,
			h.ID, cids, h.viewer.UserID, ids).Query(h.replyDrafts)
	}
	if h.viewer.Reminders {
		b.Queue(`SELECT `+reminderColumns+` FROM reminders r WHERE r.app_id = $1 AND r.user_id = $2 AND r.message_id = ANY ($3)`,
			h.ID, h.viewer.UserID, ids).Query(h.reminders)
	}
	if b.Len() == 0 {
		return nil
	}
	return translate(h.db.SendBatch(ctx, b).Close())
}

// reactions reads reactions into a list of their message.
func (h *hydration) reactions(into func(*chat.Message) *[]*chat.Reaction) func(pgx.Rows) error {
	return func(rows pgx.Rows) error {
		list, err := pgx.CollectRows(rows, pgx.RowToAddrOfStructByName[chat.Reaction])
		for _, r := range list {
			for _, m := range h.byID[r.MessageID] {
				l := into(m)
				*l = append(*l, r)
			}
		}
		return err
	}
}

// deletions marks what the viewer deleted for himself.
func (h *hydration) deletions(rows pgx.Rows) error {
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	for _, id := range ids {
		for _, m := range h.byID[id] {
			m.Type, m.DeletedForMe = chat.MessageDeleted, true
		}
	}
	return err
}

// replyDrafts reads the viewer's drafts of replies to the messages.
func (h *hydration) replyDrafts(rows pgx.Rows) (err error) {
	h.drafts, err = pgx.CollectRows(rows, pgx.RowToAddrOfStructByName[chat.Draft])
	for _, d := range h.drafts {
		for _, m := range h.byID[d.ParentID] {
			m.Draft = d
		}
	}
	return err
}

// reminders reads the viewer's reminders of the messages.
func (h *hydration) reminders(rows pgx.Rows) error {
	list, err := pgx.CollectRows(rows, pgx.RowToAddrOfStructByName[chat.Reminder])
	for _, r := range list {
		for _, m := range h.byID[r.MessageID] {
			m.Reminder = r
		}
	}
	return err
}

// userGroups reads the groups that messages mention.
func (h *hydration) userGroups(rows pgx.Rows) error {
	list, err := pgx.CollectRows(rows, pgx.RowToAddrOfStructByName[chat.UserGroup])
	h.groups = userGroupsByID(list)
	return err
}

// people reads the users that messages name and the memberships of their senders.
func (h *hydration) people(ctx context.Context, all []*chat.Message) error {
	ids := make(map[string]bool, len(all))
	seats := make(map[entry]*chat.Message, len(all))
	for _, m := range all {
		ids[m.UserID], ids[m.PinnedByID] = true, true
		for _, id := range m.MentionedUserIDs {
			ids[id] = true
		}
		for _, id := range m.ThreadParticipantIDs {
			ids[id] = true
		}
		for _, r := range m.LatestReactions {
			ids[r.UserID] = true
		}
		for _, r := range m.OwnReactions {
			ids[r.UserID] = true
		}
		seats[entry{h.ID, memberKey(m.CID, m.UserID)}] = m
	}
	if h.polls != nil {
		h.polls.names(ids)
	}
	var err error
	if h.users, err = h.named(ctx, ids); err != nil {
		return err
	}
	if h.polls != nil {
		h.polls.finish(h.user)
	}
	h.members, err = h.seats(ctx, seats)
	return err
}

// named reads users, who do not tell who is shadow-banned.
func (a *App) named(ctx context.Context, ids map[string]bool) (map[string]*chat.User, error) {
	list := make([]string, 0, len(ids))
	for id := range ids {
		list = append(list, id)
	}
	users, err := a.Users(ctx, list...)
	for _, u := range users {
		u.Conceal()
	}
	return users, err
}

// seats returns the memberships of senders, from the cache as far as it has them.
func (a *App) seats(ctx context.Context, senders map[entry]*chat.Message) (map[entry]*chat.Member, error) {
	c := a.s.caches.members
	out := make(map[entry]*chat.Member, len(senders))
	var miss []entry
	for k := range senders {
		m, ok := c.m.GetIfPresent(k)
		if !ok {
			miss = append(miss, k)
		}
		out[k] = m
	}
	if len(miss) == 0 {
		return out, nil
	}
	seen := c.seen(a.db)
	rows, err := many[chat.Member](ctx, a.db, `
		SELECT `+memberColumns+` FROM members
		WHERE app_id = $1 AND (cid, user_id) IN (SELECT * FROM unnest($2::text[], $3::text[]))`, a.ID,
		column(miss, func(k entry) string { return string(senders[k].CID) }), column(miss, func(k entry) string { return senders[k].UserID }))
	if err != nil {
		return nil, err
	}
	for _, m := range rows {
		out[entry{a.ID, memberKey(m.AppCID, m.UserID)}] = m
	}
	for _, k := range miss {
		c.put(seen, k, out[k])
	}
	return out, nil
}

// finish puts a message together.
func (h *hydration) finish(m *chat.Message) {
	m.User, m.CommandInfo = h.user(m.UserID), chat.NewCommandInfo(m.Command)
	m.Member = chat.NewMessageMember(h.members[entry{h.ID, memberKey(m.CID, m.UserID)}])
	if m.Member != nil {
		m.Member.Custom = h.viewer.Include.Of(m.Member.All)
	}
	if m.Shadowed && m.UserID == h.viewer.UserID {
		m.Shadowed = false
	}
	m.MentionedUsers, m.MentionedGroups = h.list(m.MentionedUserIDs), picked(m.MentionedGroupIDs, h.groups)
	m.ThreadParticipants = h.list(m.ThreadParticipantIDs)
	for _, r := range m.LatestReactions {
		r.User = h.user(r.UserID)
	}
	for _, r := range m.OwnReactions {
		r.User = h.user(r.UserID)
	}
	CountReactions(m)
	if h.polls != nil {
		m.Poll = h.polls.byID[m.PollID]
	}
	m.EndPin(h.now)
	if m.Pinned && m.PinnedByID != "" {
		m.PinnedBy = h.user(m.PinnedByID)
	}
}

// user returns a user, or what is left of one who was removed.
func (h *hydration) user(id string) *chat.User {
	if u := h.users[id]; u != nil {
		return u
	}
	return &chat.User{ID: id, Role: chat.RoleUser}
}

func (h *hydration) list(ids []string) []*chat.User {
	if len(ids) == 0 {
		return nil
	}
	return column(ids, h.user)
}

// CountReactions makes a message's counts and scores from its reaction groups.
func CountReactions(m *chat.Message) {
	if len(m.ReactionGroups) == 0 {
		m.ReactionCounts, m.ReactionScores = nil, nil
		return
	}
	m.ReactionCounts = make(map[string]int, len(m.ReactionGroups))
	m.ReactionScores = make(map[string]int, len(m.ReactionGroups))
	for typ, g := range m.ReactionGroups {
		m.ReactionCounts[typ], m.ReactionScores[typ] = g.Count, g.SumScores
	}
}
