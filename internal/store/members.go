package store

import (
	"context"
	"maps"
	"slices"
	"time"

	"chatd/internal/chat"
)

// MembersOf returns the members of channels in the order in which they joined: of
// each at most limit, after offset of them. Their users are filled in.
func (a *App) MembersOf(ctx context.Context, channels []*chat.Channel, limit, offset int) (map[chat.CID][]*chat.Member, error) {
	if len(channels) == 0 || limit == 0 {
		return map[chat.CID][]*chat.Member{}, nil
	}
	cids := column(channels, func(ch *chat.Channel) chat.CID { return ch.CID })
	rows, err := many[chat.Member](ctx, a.db, `
		SELECT `+memberColumns+` FROM unnest($2::text[]) AS c (of_cid) CROSS JOIN LATERAL (
			SELECT `+memberColumns+` FROM members WHERE app_id = $1 AND cid = of_cid
			ORDER BY created_at, user_id LIMIT $3 OFFSET $4) m
		ORDER BY created_at, user_id`, a.ID, cids, limit, offset)
	if err != nil {
		return nil, err
	}
	out := make(map[chat.CID][]*chat.Member, len(channels))
	for _, m := range rows {
		out[m.AppCID] = append(out[m.AppCID], m)
	}
	return out, a.FillMembers(ctx, channels, rows...)
}

// RolesIn returns the role in a channel of each of the users, "" for those who are no
// members, and of its members who have one of roles, as users or as members: at most
// the given number of these.
func (a *App) RolesIn(ctx context.Context, cid chat.CID, users, roles []string, most int) (map[string]string, error) {
	type row struct {
		UserID string `db:"user_id"`
		Role   string `db:"channel_role"`
	}
	rows, err := many[row](ctx, a.db, `
		SELECT v.id AS user_id, coalesce(m.channel_role, '') AS channel_role
		FROM unnest($3::text[]) AS v (id) LEFT JOIN members m ON m.app_id = $1 AND m.cid = $2 AND m.user_id = v.id
		UNION
		(SELECT m.user_id, m.channel_role FROM members m LEFT JOIN users u ON u.app_id = m.app_id AND u.id = m.user_id
			WHERE m.app_id = $1 AND m.cid = $2 AND `+listening+`
				AND (m.channel_role = ANY ($4) OR u.role = ANY ($4) OR u.teams_role <> '{}') LIMIT $5)`,
		a.ID, cid, list(users), list(roles), most)
	out := make(map[string]string, len(rows))
	for _, r := range rows {
		out[r.UserID] = r.Role
	}
	return out, err
}

// MembershipsIn returns a user's memberships of channels, read from the database.
// His user is filled in.
func (a *App) MembershipsIn(ctx context.Context, userID string, channels []*chat.Channel) (map[chat.CID]*chat.Member, error) {
	if userID == "" || len(channels) == 0 {
		return map[chat.CID]*chat.Member{}, nil
	}
	cids := column(channels, func(ch *chat.Channel) chat.CID { return ch.CID })
	rows, err := many[chat.Member](ctx, a.db, `
		SELECT `+memberColumns+` FROM members WHERE app_id = $1 AND cid = ANY ($2) AND user_id = $3`, a.ID, cids, userID)
	if err != nil {
		return nil, err
	}
	out := make(map[chat.CID]*chat.Member, len(rows))
	for _, m := range rows {
		out[m.AppCID] = m
	}
	return out, a.FillMembers(ctx, channels, rows...)
}

// MembersNamed returns those of the users who are members of a channel, read from
// the database, by user id. Their users are filled in.
func (a *App) MembersNamed(ctx context.Context, ch *chat.Channel, users ...string) (map[string]*chat.Member, error) {
	rows, err := many[chat.Member](ctx, a.db, `
		SELECT `+memberColumns+` FROM members WHERE app_id = $1 AND cid = $2 AND user_id = ANY ($3)`, a.ID, ch.CID, list(users))
	if err != nil {
		return nil, err
	}
	out := make(map[string]*chat.Member, len(rows))
	for _, m := range rows {
		out[m.UserID] = m
	}
	return out, a.FillMembers(ctx, []*chat.Channel{ch}, rows...)
}

// FillMembers gives members of the channels their users and what follows from
// them. The members must be the caller's own, not a cache's.
func (a *App) FillMembers(ctx context.Context, channels []*chat.Channel, members ...*chat.Member) error {
	users, err := a.Users(ctx, column(members, func(m *chat.Member) string { return m.UserID })...)
	if err != nil {
		return err
	}
	creators := make(map[chat.CID]string, len(channels))
	for _, ch := range channels {
		creators[ch.CID] = ch.CreatedByID
	}
	now := a.Now()
	for _, m := range members {
		if m.User = users[m.UserID]; m.User == nil {
			m.User = &chat.User{ID: m.UserID, Role: chat.RoleUser}
		}
		if m.Banned && !m.IsBanned(now) {
			m.Banned, m.BanExpires = false, nil
		}
		m.IsModerator = m.ChannelRole == chat.RoleChannelModerator
		m.Role = memberRole(m, creators[m.AppCID])
	}
	return nil
}

// The values of a member's role, which the API replaced by channel_role.
const (
	roleOwner     = "owner"
	roleModerator = "moderator"
	roleAdmin     = "admin"
	roleMember    = "member"
)

func memberRole(m *chat.Member, creator string) string {
	switch {
	case m.UserID == creator:
		return roleOwner
	case m.IsModerator:
		return roleModerator
	case m.User.Role == chat.RoleAdmin || m.User.Role == chat.RoleGlobalAdmin:
		return roleAdmin
	}
	return roleMember
}

// AddMembers makes users members of a channel, which is locked (LockChannel), and
// counts them; those who are members already stay as they are. Of the members
// given, user, status, role, invite, custom data and the history they see count;
// bans that they had before hold again. It returns those who are new, in the order
// of their ids, and emits the changes.
func (t *Tx) AddMembers(ctx context.Context, ch *chat.Channel, members []*chat.Member) ([]*chat.Member, error) {
	if len(members) == 0 {
		return nil, nil
	}
	now := t.Now()
	added, err := many[chat.Member](ctx, t.db, `
		INSERT INTO members (app_id, cid, user_id, status, channel_role, invited, hide_messages_before, custom,
			banned, ban_expires, shadow_banned, join_seq, created_at, updated_at)
		SELECT $1, $2, v.uid, v.state, v.role, v.asked, v.since, v.more::jsonb,
			b.user_id IS NOT NULL AND NOT b.shadow, b.expires, coalesce(b.shadow, false), $3, $4, $4
		FROM unnest($5::text[], $6::text[], $7::text[], $8::bool[], $9::timestamptz[], $10::text[]) AS v (uid, state, role, asked, since, more)
		LEFT JOIN bans b ON b.app_id = $1 AND b.cid = $2 AND b.user_id = v.uid AND (b.expires IS NULL OR b.expires > $4)
		ORDER BY v.uid
		ON CONFLICT (app_id, cid, user_id) DO NOTHING RETURNING `+memberColumns,
		t.ID, ch.CID, ch.UnreadSeq, now,
		column(members, func(m *chat.Member) string { return m.UserID }), column(members, func(m *chat.Member) string { return m.Status }),
		column(members, func(m *chat.Member) string { return m.ChannelRole }), column(members, func(m *chat.Member) bool { return m.Invited }),
		column(members, func(m *chat.Member) *time.Time { return m.HideMessagesBefore }), column(members, func(m *chat.Member) string { return object(m.Custom) }))
	if err != nil || len(added) == 0 {
		return nil, err
	}
	slices.SortFunc(added, byUser)
	users := column(added, func(m *chat.Member) string { return m.UserID })
	if err := t.DropReads(ctx, ch.CID, users...); err != nil {
		return nil, err
	}
	if _, err := exec(ctx, t.db, `DELETE FROM departures WHERE app_id = $1 AND cid = $2 AND user_id = ANY ($3)`, t.ID, ch.CID, users); err != nil {
		return nil, err
	}
	if err := t.countMembers(ctx, ch, len(added), 0); err != nil {
		return nil, err
	}
	for _, m := range added {
		t.Emit(MemberStale(ch.CID, m.UserID))
		if m.Listens() {
			t.Emit(&chat.Change{Kind: chat.MemberJoined, CID: ch.CID, User: m.UserID, Seq: ch.UnreadSeq})
		}
	}
	return added, t.FillMembers(ctx, []*chat.Channel{ch}, added...)
}

func byUser(a, b *chat.Member) int {
	switch {
	case a.UserID < b.UserID:
		return -1
	case a.UserID > b.UserID:
		return 1
	}
	return 0
}

// countMembers changes a locked channel's numbers of members and of those who hid
// it, in the database and in ch.
func (t *Tx) countMembers(ctx context.Context, ch *chat.Channel, members, hidden int) error {
	ch.MemberCount += members
	ch.HiddenCount += hidden
	t.Emit(ChannelStale(ch.CID))
	_, err := exec(ctx, t.db, `
		UPDATE channels SET member_count = member_count + $3, hidden_count = hidden_count + $4 WHERE app_id = $1 AND cid = $2`,
		t.ID, ch.CID, members, hidden)
	return err
}

// Departed is a membership that ended.
type Departed struct {
	chat.Member

	Unread int `db:"unread"` // messages that were unread when it ended
}

// RemoveMembers ends the memberships that users have of a channel, which is
// locked (LockChannel), and counts them out. It returns them in the order of their
// users' ids, with their users filled in, and emits the changes.
func (t *Tx) RemoveMembers(ctx context.Context, ch *chat.Channel, users []string) ([]*Departed, error) {
	if len(users) == 0 {
		return nil, nil
	}
	gone, err := many[Departed](ctx, t.db, `
		WITH m AS (DELETE FROM members WHERE app_id = $1 AND cid = $2 AND user_id = ANY ($3) RETURNING `+memberColumns+`),
		r AS (DELETE FROM reads WHERE app_id = $1 AND cid = $2 AND user_id = ANY ($3) RETURNING user_id AS reader, unread_base)
		SELECT `+memberColumns+`, (CASE WHEN status IN ('pending', 'rejected') THEN 0
			ELSE greatest($4 - coalesce(unread_base, join_seq), 0) END)::int AS unread
		FROM m LEFT JOIN r ON reader = user_id ORDER BY user_id`, t.ID, ch.CID, users, ch.UnreadSeq)
	if err != nil || len(gone) == 0 {
		return nil, err
	}
	left := column(gone, func(d *Departed) string { return d.UserID })
	if _, err := exec(ctx, t.db, `
		INSERT INTO departures (app_id, user_id, cid, created_at) SELECT $1, uid, $2, $4 FROM unnest($3::text[]) AS v (uid)
		ON CONFLICT (app_id, user_id, cid) DO UPDATE SET created_at = excluded.created_at`, t.ID, ch.CID, left, t.Now()); err != nil {
		return nil, err
	}
	hidden := 0
	for _, d := range gone {
		if d.Hidden {
			hidden++
		}
		t.Emit(MemberStale(ch.CID, d.UserID), &chat.Change{Kind: chat.MemberLeft, CID: ch.CID, User: d.UserID})
	}
	if err := t.countMembers(ctx, ch, -len(gone), -hidden); err != nil {
		return nil, err
	}
	return gone, t.FillMembers(ctx, []*chat.Channel{ch}, column(gone, func(d *Departed) *chat.Member { return &d.Member })...)
}

// SetMemberRoles gives members of a channel other roles and returns those whose
// role changed, with their users filled in; who is no member is left out.
func (t *Tx) SetMemberRoles(ctx context.Context, ch *chat.Channel, roles map[string]string) ([]*chat.Member, error) {
	if len(roles) == 0 {
		return nil, nil
	}
	users := slices.Sorted(maps.Keys(roles))
	changed, err := many[chat.Member](ctx, t.db, `
		UPDATE members SET channel_role = v.role, updated_at = $3 FROM unnest($4::text[], $5::text[]) AS v (uid, role)
		WHERE app_id = $1 AND cid = $2 AND user_id = v.uid AND channel_role <> v.role RETURNING `+memberColumns,
		t.ID, ch.CID, t.Now(), users, column(users, func(u string) string { return roles[u] }))
	if err != nil {
		return nil, err
	}
	slices.SortFunc(changed, byUser)
	for _, m := range changed {
		t.Emit(MemberStale(ch.CID, m.UserID))
	}
	return changed, t.FillMembers(ctx, []*chat.Channel{ch}, changed...)
}

// SaveMember writes what may change of a membership of a locked channel
// (LockChannel): the answer to an invite, role, pin, archive, what is hidden and
// custom data. wasHidden is what Hidden was.
func (t *Tx) SaveMember(ctx context.Context, ch *chat.Channel, m *chat.Member, wasHidden bool) error {
	m.UpdatedAt = t.Now()
	if m.Hidden != wasHidden {
		at := m.UpdatedAt
		m.HiddenChangedAt = &at
	}
	t.Emit(MemberStale(ch.CID, m.UserID))
	if _, err := exec(ctx, t.db, `
		UPDATE members SET status = $4, channel_role = $5, invite_accepted_at = $6, invite_rejected_at = $7, pinned_at = $8, archived_at = $9,
			hidden = $10, hide_messages_before = $11, join_seq = $12, custom = $13::jsonb, updated_at = $14, hidden_changed_at = $15
		WHERE app_id = $1 AND cid = $2 AND user_id = $3`,
		t.ID, ch.CID, m.UserID, m.Status, m.ChannelRole, m.InviteAcceptedAt, m.InviteRejectedAt, m.PinnedAt, m.ArchivedAt,
		m.Hidden, m.HideMessagesBefore, m.JoinSeq, object(m.Custom), m.UpdatedAt, m.HiddenChangedAt); err != nil {
		return err
	}
	switch {
	case m.Hidden && !wasHidden:
		return t.countMembers(ctx, ch, 0, 1)
	case !m.Hidden && wasHidden:
		return t.countMembers(ctx, ch, 0, -1)
	}
	return nil
}

// HideHistory hides the messages of a channel up to at from members.
func (t *Tx) HideHistory(ctx context.Context, ch *chat.Channel, at time.Time, users []string) error {
	for _, u := range users {
		t.Emit(MemberStale(ch.CID, u))
	}
	_, err := exec(ctx, t.db, `
		UPDATE members SET hide_messages_before = greatest(hide_messages_before, $3), updated_at = $4
		WHERE app_id = $1 AND cid = $2 AND user_id = ANY ($5)`, t.ID, ch.CID, at, t.Now(), users)
	return err
}

// ClearMembers ends all memberships of a locked channel that is begun anew.
// Nobody is told: the channel was deleted before.
func (t *Tx) ClearMembers(ctx context.Context, ch *chat.Channel) error {
	ch.MemberCount, ch.HiddenCount = 0, 0
	t.Emit(ChannelStale(ch.CID), MembersStale(ch.CID))
	_, err := exec(ctx, t.db, `
		WITH m AS (DELETE FROM members WHERE app_id = $1 AND cid = $2),
		r AS (DELETE FROM reads WHERE app_id = $1 AND cid = $2)
		UPDATE channels SET member_count = 0, hidden_count = 0 WHERE app_id = $1 AND cid = $2`, t.ID, ch.CID)
	return err
}

// mostRejoined bounds how many members of a revived channel are told at once; the
// others find it when they connect.
const mostRejoined = 10_000

// Rejoin makes the members of a locked channel that was revived listen to it again
// and emits the changes. It returns the first of them, up to EventMembers.
func (t *Tx) Rejoin(ctx context.Context, ch *chat.Channel) ([]*chat.Member, error) {
	users, err := scalars[string](ctx, t.db, `
		SELECT m.user_id FROM members m WHERE m.app_id = $1 AND m.cid = $2 AND `+listening+` ORDER BY m.created_at, m.user_id LIMIT $3`,
		t.ID, ch.CID, mostRejoined)
	if err != nil {
		return nil, err
	}
	for _, u := range users {
		t.Emit(&chat.Change{Kind: chat.MemberJoined, CID: ch.CID, User: u, Seq: ch.UnreadSeq})
	}
	members, err := t.MembersOf(ctx, []*chat.Channel{ch}, EventMembers, 0)
	return members[ch.CID], err
}

// maxSpeakers bounds the members of a channel whose languages are looked at.
const maxSpeakers = 1000

// MemberLanguage returns the language that most members of a channel speak, without
// that user and except that language; "" when they speak none.
func (a *App) MemberLanguage(ctx context.Context, cid chat.CID, without, except string) (string, error) {
	found, err := scalars[string](ctx, a.db, `
		SELECT u.language FROM (SELECT user_id FROM members WHERE app_id = $1 AND cid = $2 AND user_id <> $3 LIMIT $5) m
		JOIN users u ON u.app_id = $1 AND u.id = m.user_id
		WHERE u.language NOT IN ('', $4) GROUP BY u.language ORDER BY count(*) DESC, u.language LIMIT 1`, a.ID, cid, without, except, maxSpeakers)
	if err != nil || len(found) == 0 {
		return "", err
	}
	return found[0], nil
}
