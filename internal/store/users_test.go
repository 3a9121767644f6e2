package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/chat"
	"chatd/internal/filter"
	"chatd/internal/store"
)

// insert creates users, one second after each other.
func (r *room) insert(users ...*chat.User) []*chat.User {
	r.t.Helper()
	for _, u := range users {
		r.at = r.at.Add(time.Second)
		u.CreatedAt, u.UpdatedAt = r.at, r.at
		if u.Role == "" {
			u.Role = chat.RoleUser
		}
	}
	var out []*chat.User
	r.tx(func(ctx context.Context, tx *store.Tx) (err error) {
		out, err = tx.InsertUsers(ctx, users)
		return err
	})
	return out
}

func TestUsersAreStoredAsTheyWere(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	ctx, at := t.Context(), time.Date(2026, 2, 3, 4, 5, 6, 789000, time.UTC)
	ann := &chat.User{
		ID: "ann", Name: "Ann Ö.", Image: "i", Language: "en", Role: "admin", Teams: []string{"red", "blue"}, TeamsRole: map[string]string{"red": "user"},
		Invisible: true, Privacy: &chat.PrivacySettings{ReadReceipts: &chat.Enabled{}}, TokensRevoked: &at,
		Custom: jsontext.Value(`{"n":12345678901234567890,"f":1.50,"o":{"a":null}}`),
	}
	r.insert(ann, &chat.User{ID: "bob"})
	got, err := r.Users(ctx, "ann", "bob", "none")
	if err != nil || len(got) != 2 {
		t.Fatal(got, err)
	}
	a, b := got["ann"], got["bob"]
	if custom := strings.ReplaceAll(string(a.Custom), " ", ""); custom != `{"f":1.50,"n":12345678901234567890,"o":{"a":null}}` {
		t.Errorf("custom: %s", custom)
	}
	if a.Name != ann.Name || a.Image != "i" || a.Language != "en" || a.Role != "admin" || !slices.Equal(a.Teams, ann.Teams) || a.TeamsRole["red"] != "user" ||
		!a.Invisible || a.Privacy.ReadReceipts.On() || !a.TokensRevoked.Equal(at) || !a.CreatedAt.Equal(ann.CreatedAt) {
		t.Errorf("%+v", a)
	}
	if b.Teams == nil || b.Privacy != nil || b.Invisible {
		t.Errorf("%+v", b)
	}
	a.Name, a.Teams, a.Custom, a.Privacy, a.TokensRevoked = "", nil, nil, nil, nil
	r.tx(func(ctx context.Context, tx *store.Tx) error {
		have, err := tx.LockUsers(ctx, []string{"bob", "ann", "none"})
		if err != nil || len(have) != 2 {
			return fmt.Errorf("%v %w", have, err)
		}
		stored, err := tx.UpdateUsers(ctx, []*chat.User{b, a})
		if err == nil && (len(stored) != 2) {
			err = errors.New("not all are returned")
		}
		return err
	})
	u, err := r.User(ctx, "ann")
	if err != nil || u.Name != "" || len(u.Teams) != 0 || string(u.Custom) != `{}` || u.Privacy != nil || u.TokensRevoked != nil || u.Role != "admin" {
		t.Errorf("%+v %v", u, err)
	}
}

func TestInsertUsersNoticesOthers(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	r.insert(&chat.User{ID: "ann", Name: "first"})
	err := r.InTx(t.Context(), func(tx *store.Tx) error {
		_, err := tx.InsertUsers(t.Context(), []*chat.User{{ID: "ann", Role: "user"}, {ID: "bob", Role: "user"}})
		return err
	})
	if !errors.Is(err, store.ErrUserExists) {
		t.Fatal(err)
	}
	if got, err := r.Users(t.Context(), "ann", "bob"); err != nil || len(got) != 1 || got["ann"].Name != "first" {
		t.Error(got, err)
	}
}

func TestWhatCannotBeStoredIsInvalid(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	for name, u := range map[string]*chat.User{
		"NUL in a name":      {ID: "x", Name: "a\x00b"},
		"NUL in custom data": {ID: "x", Custom: jsontext.Value(`{"a":"\u0000"}`)},
		"a number too big":   {ID: "x", Custom: jsontext.Value(`{"a":1e999999}`)},
	} {
		u.Role = "user"
		err := r.InTx(t.Context(), func(tx *store.Tx) error {
			_, err := tx.InsertUsers(t.Context(), []*chat.User{u})
			return err
		})
		if chat.KindOf(err) != chat.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNamesTaken(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	r.insert(&chat.User{ID: "ann", Name: "Wild Breeze 7", Teams: []string{"red"}}, &chat.User{ID: "bob", Name: "bob"}, &chat.User{ID: "nameless"}, &chat.User{ID: "emoji", Name: "🙂"})
	r.exec(`INSERT INTO users (app_id, id, role, name, unique_name, deleted_at, created_at, updated_at) VALUES ($1, 'gone', 'user', 'gone', 'gone', $2, $2, $2)`, r.at)
	for want, ids := range map[string][]string{"wildbreeze7": nil, "": {"ann"}} {
		r.tx(func(ctx context.Context, tx *store.Tx) error {
			taken, err := tx.NamesTaken(ctx, []string{store.UniqueName("wild-breeze_7!"), store.UniqueName("gone"), store.UniqueName("ǅungla")}, append(ids, "x"))
			got := ""
			for _, n := range taken {
				got += n.Name
			}
			if got != want {
				t.Errorf("taken: %q, want %q", got, want)
			}
			return err
		})
	}
}

// Two who want the same name at the same time do not both find it free.
func TestNamesTakenAtOnce(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	var wg sync.WaitGroup
	var mu sync.Mutex
	got := 0
	for i := range 4 {
		wg.Go(func() {
			err := r.InTx(context.Background(), func(tx *store.Tx) error {
				taken, err := tx.NamesTaken(context.Background(), []string{"ann"}, []string{})
				if err != nil || len(taken) > 0 {
					return err
				}
				_, err = tx.InsertUsers(context.Background(), []*chat.User{{ID: fmt.Sprintf("ann%d", i), Name: "Ann", Role: "user"}})
				mu.Lock()
				defer mu.Unlock()
				got++
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got != 1 {
		t.Errorf("%d got the name", got)
	}
}

func TestQueryUsers(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	r.insert(
		&chat.User{ID: "ann", Name: "Ann Smith", Teams: []string{"red"}, Custom: jsontext.Value(`{"age":30,"email":"ann@example.com","username":"annie smith","tags":["a","b"],"address":{"city":"Bonn"}}`)},
		&chat.User{ID: "bob", Name: "Bob", Role: "admin", Language: "de", Teams: []string{"red", "blue"}, Custom: jsontext.Value(`{"age":40}`)},
		&chat.User{ID: "cat", Custom: jsontext.Value(`{"age":"old"}`)},
		&chat.User{ID: "dan"}, &chat.User{ID: "eve"}, &chat.User{ID: "fay"},
	)
	r.exec(`UPDATE users SET last_active = $2 WHERE app_id = $1 AND id IN ('bob')`, r.at)
	r.exec(`UPDATE users SET banned = true, ban_expires = $2 WHERE app_id = $1 AND id = 'ann'`, time.Now().Add(time.Hour))
	r.exec(`UPDATE users SET banned = true, ban_expires = $2 WHERE app_id = $1 AND id = 'bob'`, time.Now().Add(-time.Hour))
	r.exec(`UPDATE users SET shadow_banned = true WHERE app_id = $1 AND id IN ('ann', 'bob')`)
	r.exec(`UPDATE users SET deactivated_at = $2 WHERE app_id = $1 AND id = 'eve'`, r.at)
	r.exec(`UPDATE users SET deleted_at = $2 WHERE app_id = $1 AND id = 'fay'`, r.at)
	other := newRoom(t)
	other.insert(&chat.User{ID: "ann"}, &chat.User{ID: "zoe"})

	tests := []struct {
		name, filter, sort, want string
	}{
		{"the newest first", `{}`, ``, "dan cat bob ann"},
		{"by id", `{"id":"bob"}`, ``, "bob"},
		{"by ids", `{"id":{"$in":["ann","zoe","cat"]}}`, ``, "cat ann"},
		{"not by id", `{"id":{"$ne":"bob"}}`, ``, "dan cat ann"},
		{"not by ids", `{"id":{"$nin":["bob","ann"]}}`, ``, "dan cat"},
		{"a range of ids", `{"id":{"$gte":"bob","$lt":"dan"}}`, ``, "cat bob"},
		{"a word of the name", `{"name":{"$autocomplete":"smi"}}`, ``, "ann"},
		{"a part of a word", `{"name":{"$autocomplete":"mith"}}`, ``, ""},
		{"the start of an id", `{"id":{"$autocomplete":"AN"}}`, ``, "ann"},
		{"no name", `{"name":{"$exists":false}}`, ``, "dan cat"},
		{"role", `{"role":{"$in":["admin"]}}`, ``, "bob"},
		{"language", `{"language":"de"}`, ``, "bob"},
		{"a team", `{"teams":{"$contains":"blue"}}`, ``, "bob"},
		{"one of teams", `{"teams":{"$in":["blue","red"]}}`, ``, "bob ann"},
		{"exactly teams", `{"teams":{"$eq":["red"]}}`, ``, "ann"},
		{"no team", `{"teams":null}`, ``, "dan cat"},
		{"any team", `{"teams":{}}`, ``, "dan cat bob ann"},
		{"banned", `{"banned":true}`, ``, "ann"},
		{"not banned", `{"banned":{"$ne":true}}`, ``, "dan cat bob"},
		{"shadow banned, but not told so", `{"shadow_banned":true}`, ``, "ann"},
		{"moderated", `{"bypass_moderation":{"$ne":true}}`, ``, "dan cat bob ann"},
		{"never active", `{"last_active":{"$exists":false}}`, ``, "dan cat ann"},
		{"active since", `{"last_active":{"$gte":"2020-01-01T00:00:00Z"}}`, ``, "bob"},
		{"created since", `{"created_at":{"$gt":"2026-01-01T00:00:02Z"}}`, ``, "dan cat"},
		{"custom", `{"age":{"$gt":30}}`, ``, "bob"},
		{"nested custom", `{"address.city":"Bonn"}`, ``, "ann"},
		{"custom contains", `{"tags":{"$contains":"b"}}`, ``, "ann"},
		{"email", `{"email":{"$in":["ann@example.com"]}}`, ``, "ann"},
		{"a word of the username", `{"username":{"$autocomplete":"smith"}}`, ``, "ann"},
		{"any of two", `{"$or":[{"id":"ann"},{"role":"admin"}]}`, ``, "bob ann"},
		{"none of two", `{"$nor":[{"id":"ann"},{"role":"admin"}]}`, ``, "dan cat"},
		{"sorted by id", `{}`, `[{"field":"id","direction":1}]`, "ann bob cat dan"},
		{"sorted by activity", `{}`, `[{"field":"last_active","direction":-1}]`, "bob ann cat dan"},
		{"sorted by a custom field", `{}`, `[{"field":"age","direction":-1,"type":"number"},{"field":"id"}]`, "bob ann cat dan"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, err := queried(r, tc.filter, tc.sort, &store.UserQuery{Limit: 10, Viewer: "bob"})
			if err != nil || got != tc.want {
				t.Errorf("got %q, %v; want %q", got, err, tc.want)
			}
		})
	}
	for name, q := range map[string]struct {
		q    store.UserQuery
		want string
	}{
		"deactivated ones": {store.UserQuery{Limit: 10, Deactivated: true}, "eve dan cat bob ann"},
		"a page":           {store.UserQuery{Limit: 2, Offset: 1}, "cat bob"},
		"behind the end":   {store.UserQuery{Limit: 2, Offset: 100}, ""},
	} {
		if got, err := queried(r, `{}`, ``, &q.q); err != nil || got != q.want {
			t.Errorf("%s: %q, %v; want %q", name, got, err, q.want)
		}
	}
}

func queried(r *room, where, sort string, q *store.UserQuery) (string, error) {
	n, err := filter.Parse(jsontext.Value(where), filter.Limits{})
	if err != nil {
		return "", err
	}
	sorts, err := filter.ParseSort(jsontext.Value(sort), 5)
	if err != nil {
		return "", err
	}
	q.Filter, q.Sort = n, sorts
	users, err := r.QueryUsers(r.t.Context(), q)
	var ids []string
	for _, u := range users {
		ids = append(ids, u.ID)
	}
	return strings.Join(ids, " "), err
}

func TestQueryUsersRefuses(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	for _, tc := range []struct{ filter, sort, text string }{
		{`{"id":5}`, ``, "field `id` contains type number. expecting string"},
		{`{"id":{"$q":"a"}}`, ``, `operator "$q" is not allowed for field "id"`},
		{`{"mycustomfield":{"$autocomplete":"a"}}`, ``, "search is not enabled for field users.mycustomfield."},
		{`{"mycustomfield":{"$q":"a"}}`, ``, "search is not enabled for field users.mycustomfield."},
		{`{"name":{"$autocomplete":""}}`, ``, "$autocomplete field is empty"},
		{`{"teams":""}`, ``, "teams"},
		{`{"banned":"yes"}`, ``, "banned"},
		{`{"name":{"$exists":1}}`, ``, "$exists operator only support boolean values"},
		{`{"created_at":{"$gt":"now"}}`, ``, "expected date"},
		{`{}`, `[{"field":"a..b"}]`, "unrecognized field"},
	} {
		if _, err := queried(r, tc.filter, tc.sort, &store.UserQuery{Limit: 1}); chat.KindOf(err) != chat.Invalid || !strings.Contains(err.Error(), tc.text) {
			t.Errorf("%s %s: %v", tc.filter, tc.sort, err)
		}
	}
}

func TestTotalsOfManyAreThoseOfEach(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	r.channel("messaging:a", "ann", "bob", "cat")
	r.channel("messaging:b", "ann", "bob")
	r.channel("livestream:c", "ann", "bob")
	r.send("messaging:a", "cat")
	r.send("messaging:a", "ann")
	r.send("messaging:b", "ann")
	r.send("livestream:c", "bob")
	got, err := r.TotalsOf(t.Context(), "ann", "bob", "cat", "none")
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"ann", "bob", "cat", "none"} {
		want, err := r.Totals(t.Context(), id)
		if err != nil || got[id] != want {
			t.Errorf("%s: %+v, want %+v, %v", id, got[id], want, err)
		}
	}
	if got["bob"].TotalUnread != 3 || got["bob"].UnreadChannels != 2 {
		t.Errorf("bob: %+v", got["bob"])
	}
	if none, err := r.TotalsOf(t.Context()); len(none) > 0 || err != nil {
		t.Error(none, err)
	}
}

func TestChannelMutes(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	r.channel("messaging:a", "ann", "bob")
	r.channel("messaging:b", "ann")
	r.channel("messaging:gone", "ann")
	r.exec(`UPDATE channels SET created_by_id = 'bob' WHERE app_id = $1 AND cid = 'messaging:a'`)
	r.exec(`UPDATE channels SET deleted_at = $2 WHERE app_id = $1 AND cid = 'messaging:gone'`, r.at)
	mute := func(user, cid string, expires *time.Time) {
		r.exec(`INSERT INTO channel_mutes (app_id, user_id, cid, expires, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $5)`, user, cid, expires, r.at)
		r.at = r.at.Add(time.Second)
	}
	past, future := time.Now().Add(-time.Second), time.Now().Add(time.Hour)
	mute("ann", "messaging:b", &future)
	mute("ann", "messaging:a", nil)
	mute("ann", "messaging:gone", nil)
	mute("bob", "messaging:a", &past)
	mute("bob", "messaging:b", nil)
	got, err := r.ChannelMutes(t.Context(), "ann", "bob", "cat")
	if err != nil {
		t.Fatal(err)
	}
	ann := got["ann"]
	if len(ann) != 2 || ann[0].Channel.CID != "messaging:b" || ann[0].Expires == nil || ann[1].Channel.CID != "messaging:a" ||
		ann[1].User.ID != "ann" || ann[1].Channel.CreatedBy.ID != "bob" || ann[1].Channel.Config == nil {
		t.Errorf("ann: %+v", ann)
	}
	if len(got["bob"]) != 1 || len(got) != 2 {
		t.Errorf("%+v", got)
	}
}

func TestSetLastActive(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	r.insert(&chat.User{ID: "ann"}, &chat.User{ID: "bob"})
	later := r.at.Add(time.Hour)
	for _, at := range []time.Time{r.at, later, r.at} {
		if err := r.SetLastActive(t.Context(), at, "ann", "none"); err != nil {
			t.Fatal(err)
		}
	}
	got, err := r.Users(t.Context(), "ann", "bob")
	if err != nil || !got["ann"].LastActive.Equal(later) || got["bob"].LastActive != nil {
		t.Error(got, err)
	}
}
