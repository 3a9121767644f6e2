package store_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"chatd/internal/chat"
	"chatd/internal/filter"
	"chatd/internal/store"
)

// find runs a channel query and returns the ids of what it finds, sorted by name
// unless it sorts.
func (r *room) find(viewer, doc, sort string) ([]string, error) {
	r.t.Helper()
	n, err := filter.Parse([]byte(doc), filter.Limits{})
	if err != nil {
		return nil, err
	}
	sorts, err := filter.ParseSort([]byte(sort), 5)
	if err != nil {
		return nil, err
	}
	list, err := r.QueryChannels(r.t.Context(), store.ChannelQuery{Viewer: viewer, Filter: n, Sort: sorts, Limit: 30})
	ids := []string{}
	for _, ch := range list {
		ids = append(ids, ch.ID)
	}
	if sort == "" {
		slices.Sort(ids)
	}
	return ids, err
}

// newCollection is an app with channels that differ in what filters ask about.
func newCollection(t *testing.T) *room {
	t.Helper()
	r := newRoom(t)
	r.people("ann", "bob", "cid", "eve")
	r.exec(`UPDATE users SET name = '' WHERE app_id = $1 AND id = 'eve'`)
	r.exec(`UPDATE users SET banned = true WHERE app_id = $1 AND id = 'cid'`)
	r.open(&chat.Channel{CID: "messaging:a", CreatedByID: "ann", Custom: []byte(`{"name":"Alpha team","n":1,"deep":{"x":"y"},"list":["p","q"]}`)}, "ann", "bob")
	r.open(&chat.Channel{CID: "messaging:b", CreatedByID: "bob", Team: "red", Frozen: true, Custom: []byte(`{"name":"Beta","n":2}`)}, "ann", "bob", "cid")
	r.open(&chat.Channel{CID: "messaging:c", CreatedByID: "cid", DistinctMembers: []string{"ann", "cid"}, FilterTags: []string{"x", "y"}}, "ann", "cid")
	r.open(&chat.Channel{CID: "livestream:d", CreatedByID: "eve", Disabled: true}, "eve")
	r.open(&chat.Channel{CID: "messaging:e", CreatedByID: "ann"}, "ann", "eve")
	r.send("messaging:b", "bob")
	r.send("messaging:a", "bob")
	set := func(cid chat.CID, change func(*chat.Member)) {
		r.lock(cid, func(ctx context.Context, tx *store.Tx, ch *chat.Channel) error {
			m, err := tx.MembersNamed(ctx, ch, "ann")
			if err != nil {
				return err
			}
			change(m["ann"])
			return tx.SaveMember(ctx, ch, m["ann"], false)
		})
	}
	now := r.Now()
	set("messaging:a", func(m *chat.Member) { m.PinnedAt, m.ChannelRole = &now, chat.RoleChannelModerator })
	set("messaging:b", func(m *chat.Member) { m.ArchivedAt = &now })
	set("messaging:c", func(m *chat.Member) { m.Hidden = true })
	set("messaging:e", func(m *chat.Member) { m.Status = chat.StatusPending })
	r.exec(`INSERT INTO channel_mutes (app_id, user_id, cid, expires, created_at, updated_at) VALUES
		($1, 'ann', 'messaging:b', NULL, now(), now()), ($1, 'ann', 'messaging:a', now() - interval '1 second', now(), now())`)
	return r
}

func TestChannelFilters(t *testing.T) {
	t.Parallel()
	r := newCollection(t)
	for _, tt := range []struct{ doc, want string }{ // as ann; messaging:c is hidden
		{`{}`, "a b d e"},
		{`{"hidden":true}`, "c"},
		{`{"hidden":false}`, "a b d e"},
		{`{"type":"livestream"}`, "d"},
		{`{"type":{"$in":["messaging","team"]}}`, "a b e"},
		{`{"type":{"$ne":"messaging"}}`, "d"},
		{`{"cid":{"$in":["messaging:a","messaging:c"]}}`, "a"},
		{`{"id":{"$gt":"b"}}`, "d e"},
		{`{"members":{"$in":["bob"]}}`, "a b"},
		{`{"members":{"$in":["bob","eve"]}}`, "a b d e"},
		{`{"members":{"$nin":["bob"]}}`, "d e"},
		{`{"members":{"$eq":["bob","ann"]}}`, "a"},
		{`{"members":["ann","bob","cid"]}`, "b"},
		{`{"members":{"$eq":["ann","cid"]},"hidden":true}`, "c"},
		{`{"members":{"$eq":["ann"]}}`, ""},
		{`{"created_by_id":"bob"}`, "b"},
		{`{"team":"red"}`, "b"},
		{`{"team":null}`, "a d e"},
		{`{"frozen":true}`, "b"},
		{`{"disabled":true}`, "d"},
		{`{"member_count":{"$gte":2}}`, "a b e"},
		{`{"message_count":1}`, "a b"},
		{`{"last_message_at":{"$exists":true}}`, "a b"},
		{`{"last_message_at":{"$gt":"2020-01-01T00:00:00Z"}}`, "a b"},
		{`{"last_updated":{"$gt":"2020-01-01T00:00:00Z"}}`, "a b d e"},
		{`{"created_at":{"$lt":"2020-01-01T00:00:00Z"}}`, ""},
		{`{"distinct":true,"hidden":true}`, "c"},
		{`{"filter_tags":{"$in":["x"]},"hidden":true}`, "c"},
		{`{"filter_tags":{"$eq":["y","x"]},"hidden":true}`, "c"},
		{`{"name":"Beta"}`, "b"},
		{`{"name":{"$autocomplete":"te"}}`, "a"},
		{`{"name":{"$q":"alpha team"}}`, "a"},
		{`{"n":{"$gt":1}}`, "b"},
		{`{"n":{"$in":[1,2,3]}}`, "a b"},
		{`{"n":"1"}`, ""},
		{`{"deep.x":"y"}`, "a"},
		{`{"list":{"$contains":"q"}}`, "a"},
		{`{"n":{"$exists":false}}`, "d e"},
		{`{"member.user.name":{"$eq":"Bob"}}`, "a b"},
		{`{"member.user.name":{"$autocomplete":"bo"}}`, "a b"},
		{`{"member.user.name":null}`, "d e"},
		{`{"joined":true}`, "a b"},
		{`{"joined":false}`, "d e"},
		{`{"pinned":true}`, "a"},
		{`{"pinned":false}`, "b d e"},
		{`{"archived":true}`, "b"},
		{`{"archived":false}`, "a d e"},
		{`{"muted":true}`, "b"},
		{`{"muted":false}`, "a d e"},
		{`{"has_unread":true}`, "a"},
		{`{"channel_role":"channel_moderator"}`, "a"},
		{`{"invite":"pending"}`, "e"},
		{`{"invite":{"$eq":"accepted"}}`, ""},
		{`{"app_banned":"only","hidden":true}`, "c"},
		{`{"app_banned":"excluded"}`, "a b d e"},
		{`{"blocked":true}`, ""},
		{`{"$or":[{"frozen":true},{"disabled":true}]}`, "b d"},
		{`{"$nor":[{"members":{"$in":["bob"]}},{"type":"livestream"}]}`, "e"},
		{`{"type":"messaging","members":{"$in":["ann"]},"$and":[{"n":{"$lte":1}}]}`, "a"},
	} {
		got, err := r.find("ann", tt.doc, "")
		if err != nil || strings.Join(got, " ") != tt.want {
			t.Errorf("%s: %v, %v; want %s", tt.doc, got, err, tt.want)
		}
	}
	r.exec(`INSERT INTO user_blocks (app_id, user_id, blocked_user_id, created_at) VALUES ($1, 'ann', 'bob', now())`)
	for _, tt := range []struct{ doc, want string }{
		{`{}`, "b d e"},
		{`{"blocked":true}`, "a"},
		{`{"hidden":true}`, "a c"},
	} {
		got, err := r.find("ann", tt.doc, "")
		if err != nil || strings.Join(got, " ") != tt.want {
			t.Errorf("bob blocked, %s: %v, %v; want %s", tt.doc, got, err, tt.want)
		}
	}
}

func TestChannelFilterErrors(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	for _, tt := range []struct{ viewer, doc, want string }{
		{"ann", `{"id":7}`, "field `id` contains type number. expecting string"},
		{"ann", `{"id":{"$q":"x"}}`, `operator "$q" is not allowed for field "id"`},
		{"ann", `{"frozen":{"$exists":1}}`, "$exists operator only support boolean values"},
		{"ann", `{"members":"ann"}`, "field `members` contains type string. expecting array"},
		{"ann", `{"invite":"maybe"}`, "invalid invite parameter. should be one of pending|accepted|rejected"},
		{"ann", `{"invite":1}`, "field `invite` contains type number. expecting string"},
		{"ann", `{"invite":true}`, "field `invite` contains type bool. expecting string"},
		{"ann", `{"invite":{"$in":"pending"}}`, `invalid invite operator, expecting {invite:"pending"} or {invite:{$eq:"pending"}}`},
		{"ann", `{"invite":["pending"]}`, "cannot match array value on field `invite`."},
		{"", `{"invite":"pending"}`, "invite requires a valid user"},
		{"", `{"joined":true}`, "joined requires a valid user"},
		{"", `{"muted":true}`, "muted requires a valid user"},
		{"ann", `{"has_unread":false}`, "has_unread only supports true"},
		{"ann", `{"app_banned":"all"}`, "app_banned must be one of [only excluded]"},
		{"ann", `{"created_at":"yesterday"}`, `expected date for field "created_at" but got "yesterday"`},
		{"ann", `{"name":{"$autocomplete":""}}`, "$autocomplete field is empty or contains invalid characters"},
	} {
		_, err := r.find(tt.viewer, tt.doc, "")
		if chat.KindOf(err) != chat.Invalid || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %s", tt.doc, err, tt.want)
		}
	}
}

func TestChannelSorts(t *testing.T) {
	t.Parallel()
	r := newCollection(t)
	base := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	for i, id := range []string{"a", "b", "c", "d", "e"} {
		r.exec(`UPDATE channels SET created_at = $3, updated_at = $4 WHERE app_id = $1 AND id = $2`, id, base.Add(time.Duration(i)*time.Hour), base.Add(-time.Duration(i)*time.Hour))
	}
	r.exec(`UPDATE channel_counters n SET created_at = c.created_at FROM channels c WHERE n.app_id = $1 AND c.app_id = $1 AND c.cid = n.cid`)
	for _, tt := range []struct{ sort, want string }{
		{`[]`, "a b e d"}, // last_updated, latest first
		{`[{"field":"last_message_at","direction":-1}]`, "a b d e"},
		{`[{"field":"last_message_at","direction":1}]`, "b a d e"},
		{`[{"field":"created_at","direction":-1}]`, "e d b a"},
		{`[{"field":"updated_at"}]`, "e d b a"},
		{`[{"field":"member_count","direction":-1},{"field":"created_at","direction":1}]`, "b a e d"},
		{`[{"field":"pinned_at","direction":-1},{"field":"created_at","direction":-1}]`, "a e d b"},
		{`[{"field":"unread_count","direction":-1},{"field":"created_at","direction":-1}]`, "a e d b"},
		{`[{"field":"has_unread","direction":-1},{"field":"created_at","direction":-1}]`, "a e d b"},
		{`[{"field":"n","direction":-1},{"field":"created_at","direction":1}]`, "b a d e"},
		{`[{"field":"name","direction":1},{"field":"created_at","direction":1}]`, "a b d e"},
	} {
		got, err := r.find("ann", `{}`, tt.sort)
		if err != nil || strings.Join(got, " ") != tt.want {
			t.Errorf("%s: %v, %v; want %s", tt.sort, got, err, tt.want)
		}
	}
}

func TestMemberFilters(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	ch := r.open(&chat.Channel{CID: "messaging:m", CreatedByID: "ann"}, "ann", "bob", "carl")
	r.people("dora", "eve")
	r.exec(`UPDATE users SET custom = '{"email":"bob@example.org"}', last_active = '2026-01-01' WHERE app_id = $1 AND id = 'bob'`)
	r.exec(`UPDATE users SET deactivated_at = now() WHERE app_id = $1 AND id = 'carl'`)
	r.lock(ch.CID, func(ctx context.Context, tx *store.Tx, ch *chat.Channel) error {
		_, err := tx.AddMembers(ctx, ch, []*chat.Member{
			{UserID: "dora", Status: chat.StatusPending, Invited: true, ChannelRole: chat.RoleChannelMember, Custom: []byte(`{"hat":"blue"}`)},
			{UserID: "eve", Status: chat.StatusMember, ChannelRole: chat.RoleChannelModerator},
		})
		return err
	})
	r.exec(`UPDATE members SET banned = true, ban_expires = CASE WHEN user_id = 'eve' THEN now() - interval '1 hour' END WHERE app_id = $1 AND user_id IN ('carl', 'eve')`)
	find := func(doc, sort string) ([]string, error) {
		n, err := filter.Parse([]byte(doc), filter.Limits{})
		if err != nil {
			return nil, err
		}
		sorts, err := filter.ParseSort([]byte(sort), 1)
		if err != nil {
			return nil, err
		}
		list, err := r.QueryMembers(t.Context(), store.MemberQuery{Channel: ch, Filter: n, Sort: sorts, Limit: 100})
		ids := []string{}
		for _, m := range list {
			ids = append(ids, m.UserID)
		}
		return ids, err
	}
	for _, tt := range []struct{ doc, sort, want string }{
		{`{}`, ``, "ann bob carl dora eve"},
		{`{}`, `[{"field":"created_at","direction":-1}]`, "eve dora carl bob ann"},
		{`{}`, `[{"field":"user_id","direction":-1}]`, "eve dora carl bob ann"},
		{`{}`, `[{"field":"name","direction":1}]`, "ann bob carl dora eve"},
		{`{}`, `[{"field":"last_active","direction":-1}]`, "bob eve dora carl ann"},
		{`{"id":"bob"}`, ``, "bob"},
		{`{"user_id":{"$in":["bob","eve"]}}`, ``, "bob eve"},
		{`{"name":"Bob"}`, ``, "bob"},
		{`{"name":{"$autocomplete":"c"}}`, ``, "carl"},
		{`{"name":{"$q":"dora"}}`, ``, "dora"},
		{`{"user.email":"bob@example.org"}`, ``, "bob"},
		{`{"channel_role":"channel_moderator"}`, ``, "eve"},
		{`{"is_moderator":true}`, ``, "eve"},
		{`{"banned":true}`, ``, "carl"},
		{`{"banned":false}`, ``, "ann bob dora eve"},
		{`{"joined":false}`, ``, "dora"},
		{`{"invite":"pending"}`, ``, "dora"},
		{`{"user.nd_deactivated":true}`, ``, "carl"},
		{`{"last_active":{"$gt":"2025-01-01T00:00:00Z"}}`, ``, "bob"},
		{`{"last_active":null}`, ``, "ann carl dora eve"},
		{`{"hat":"blue"}`, ``, "dora"},
		{`{"$or":[{"hat":"blue"},{"id":"ann"}]}`, ``, "ann dora"},
	} {
		got, err := find(tt.doc, tt.sort)
		if err != nil || strings.Join(got, " ") != tt.want {
			t.Errorf("%s %s: %v, %v; want %s", tt.doc, tt.sort, got, err, tt.want)
		}
	}
	for _, tt := range []struct{ doc, sort, want string }{
		{`{"cid":"messaging:m"}`, ``, "cannot search by cid"},
		{`{"id":{"$q":"x"}}`, ``, `operator "$q" is not allowed for field "id"`},
		{`{"invite":"maybe"}`, ``, `invite value must be either "pending", "accepted" or "rejected"`},
		{`{"last_active":{"$in":["2025-01-01T00:00:00Z"]}}`, ``, `operator "$in" is not allowed for field "last_active"`},
		{`{}`, `[{"field":"name"},{"field":"user_id"}]`, "sort must contain at maximum 1 item"},
		{`{}`, `[{"field":"hat"}]`, `unrecognized field "hat"`},
	} {
		if _, err := find(tt.doc, tt.sort); chat.KindOf(err) != chat.Invalid || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s %s: %v; want %s", tt.doc, tt.sort, err, tt.want)
		}
	}
}
