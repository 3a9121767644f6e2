package httpapi_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"chatd/internal/testkit"
)

// searcher searches the channels of a user as him, and names what is found by text.
type searcher struct {
	s   *testkit.Server
	who string
}

func (x searcher) ask(more string) *testkit.Response {
	x.s.TB.Helper()
	return x.s.As(x.who).Query("/search", `{"filter_conditions":{"members":{"$in":["`+x.who+`"]}},`+more+`}`)
}

// found returns the texts of a search's results.
func (x searcher) found(more string) string {
	x.s.TB.Helper()
	r := x.ask(more).OK()
	n, _ := r.At("results.#").(float64)
	out := make([]string, int(n))
	for i := range out {
		out[i] = fmt.Sprint(r.At(fmt.Sprintf("results.%d.message.text", i)))
	}
	return strings.Join(out, "; ")
}

func TestSearch(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := s.Channel("messaging", "room", "ann", "bob")
	post := func(who, message string) string {
		id, _ := s.As(who).Post(path+"/message", `{"message":`+message+`}`).OK().At("message.id").(string)
		return id
	}
	first := post("ann", `{"id":"a","text":"a red fox","rank":1,"color":"red"}`)
	post("bob", `{"id":"b","text":"Fox and fox: a long text about other things than animals","rank":3,"attachments":[{"type":"image","image_url":"http://x/y.png"}]}`)
	post("ann", `{"id":"c","text":"the blue foxes","rank":20,"mentioned_users":["bob"],"pinned":true}`)
	post("bob", `{"id":"d","text":"a reply with a fox","parent_id":"`+first+`"}`)
	post("bob", `{"id":"e","text":"","attachments":[{"type":"file","asset_url":"http://x/z"}]}`)
	post("bob", `{"id":"f","text":"fox that was deleted"}`)
	s.As("bob").Delete("/messages/f").OK()
	s.Server().Post(path+"/message", `{"message":{"text":"fox of the system","type":"system","user_id":"ann"}}`).OK()
	s.As("bob").Post("/messages/a/reaction", `{"reaction":{"type":"like"}}`).OK()

	bob := searcher{s, "bob"}
	bob.ask(`"query":"red fox"`).OK().Want("results.#", "1").Want("results.0.message.id", `"a"`).Want("results.0.message.channel.cid", `"messaging:room"`).
		Want("results.0.message.user.id", `"ann"`).Want("results.0.message.own_reactions.#", "1").Want("results.0.message.color", `"red"`).
		Want("next", "null").Want("previous", "null").Want("results_warning", "null")
	for _, tt := range []struct{ search, want string }{
		{`"query":"fox"`, "Fox and fox: a long text about other things than animals; a red fox; a reply with a fox"},
		{`"query":"FOX red"`, "a red fox"},
		{`"query":"fo"`, ""},
		{`"message_filter_conditions":{"text":{"$q":"fox"}},"limit":1`, "Fox and fox: a long text about other things than animals"},
		{`"message_filter_conditions":{"text":"blue foxes"}`, "the blue foxes"},
		{`"message_filter_conditions":{"text":{"$autocomplete":"blue fo"}}`, "the blue foxes"},
		{`"message_filter_conditions":{"text":{"$any":"blue red"}},"sort":[{"field":"id"}]`, "a red fox; the blue foxes"},
		{`"message_filter_conditions":{"attachments":{"$exists":true}},"sort":[{"field":"id"}]`, "Fox and fox: a long text about other things than animals; "},
		{`"message_filter_conditions":{"attachments":{"$exists":false},"user.id":"ann"}`, "a red fox; the blue foxes"},
		{`"message_filter_conditions":{"attachments.type":"image"}`, "Fox and fox: a long text about other things than animals"},
		{`"message_filter_conditions":{"attachments.type":{"$in":["file","audio"]}}`, ""},
		{`"message_filter_conditions":{"mentioned_users.id":{"$contains":"bob"}}`, "the blue foxes"},
		{`"message_filter_conditions":{"pinned":true}`, "the blue foxes"},
		{`"message_filter_conditions":{"parent_id":"a"}`, "a reply with a fox"},
		{`"message_filter_conditions":{"parent_id":{"$exists":true},"type":"reply"}`, "a reply with a fox"},
		{`"message_filter_conditions":{"reply_count":{"$gt":0}}`, "a red fox"},
		{`"message_filter_conditions":{"id":{"$in":["a","c","f"]}}`, "a red fox; the blue foxes"},
		{`"message_filter_conditions":{"user_id":{"$in":["bob"]},"text":{"$q":"fox"},"parent_id":{"$exists":false}}`, "Fox and fox: a long text about other things than animals"},
		{`"message_filter_conditions":{"color":"red"}`, "a red fox"},
		{`"message_filter_conditions":{"color":{"$ne":"red"},"user_id":"ann"}`, "the blue foxes"},
		{`"message_filter_conditions":{"rank":{"$in":[1,20.0]},"color":"red"}`, "a red fox"},
		{`"message_filter_conditions":{"rank":{"$in":[20,null]},"user_id":"ann"}`, "the blue foxes"},
		{`"message_filter_conditions":{"color":null,"user_id":"ann"}`, "the blue foxes"},
		{`"message_filter_conditions":{"rank":{"$gte":3}},"sort":[{"field":"rank","direction":-1}]`, "the blue foxes; Fox and fox: a long text about other things than animals"},
		{`"message_filter_conditions":{"$or":[{"rank":1},{"text":{"$q":"blue"}}]},"sort":[{"field":"created_at","direction":-1}]`, "the blue foxes; a red fox"},
		{`"message_filter_conditions":{"created_at":{"$lt":"2020-01-01T00:00:00Z"}}`, ""},
		{`"query":"fox","offset":1`, "a red fox; a reply with a fox"},
		{`"query":"fox","offset":1000`, ""},
		{`"query":"fox","limit":0`, ""},
		{`"query":"fox","sort":[{"field":"relevance","direction":-1},{"field":"id","direction":1}],"limit":1`, "Fox and fox: a long text about other things than animals"},
	} {
		if got := bob.found(tt.search); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.search, got, tt.want)
		}
	}
	if got := bob.found(`"message_filter_conditions":{"attachments.type":{"$in":["file"]}},"limit":5`); got != "" {
		t.Errorf("the text of a file is %q", got)
	}

	for _, tt := range []struct{ search, refusal string }{
		{`"query":"fox","message_filter_conditions":{"text":{"$q":"fox"}}`, "cannot use both"},
		{`"limit":1`, "either query or message_filter_conditions"},
		{`"query":"fox","offset":1,"sort":[{"field":"created_at","direction":-1}]`, "cannot use offset with next or sort parameters"},
		{`"query":"fox","offset":1,"next":"x"`, "cannot use offset with next or sort parameters"},
		{`"query":"fox","next":"x"`, "not a valid cursor"},
		{`"query":"fox","next":"x","sort":[{"field":"created_at"}]`, "not a valid cursor"},
		{`"query":"fox","offset":1001`, "offset must be 1000 or less"},
		{`"query":"fox","limit":101`, "limit must be 100 or less"},
		{`"query":"!?"`, "contains invalid characters"},
		{`"message_filter_conditions":{"text":{"$autocomplete":""}}`, "Please provide a valid string to autocomplete"},
		{`"message_filter_conditions":{"x":{"$q":"y"}}`, "search is not enabled for field messages.x."},
		{`"message_filter_conditions":{"mentioned_users.id":{"$in":["bob"]}}`, "mentioned_users.id only supports $contains operator"},
		{`"message_filter_conditions":{"mentioned_users.id":{"$contains":["bob"]}}`, "field `mentioned_users.id` contains type array. expecting string"},
		{`"message_filter_conditions":{"attachments":{"$exists":"yes"}}`, "$exists operator only support boolean values"},
		{`"message_filter_conditions":{"pinned":1}`, "contains type number. expecting bool"},
		{`"message_filter_conditions":{"id":{"$q":"a"}}`, `operator "$q" is not allowed for field "id"`},
		{`"message_filter_conditions":{"created_at":{"$gt":"yesterday"}}`, "expected date for field"},
	} {
		bob.ask(tt.search).Fails(400, 4, tt.refusal)
	}
	s.As("bob").Query("/search", `{"query":"fox"}`).Fails(400, 4, "filter_conditions is a required field")
	s.As("bob").Query("/search", `{"filter_conditions":{},"query":"fox"}`).Fails(400, 4, "filter_conditions is a required field")
	s.As("bob").Query("/search", `{"filter_conditions":{"x":{"$regex":1}},"query":"fox"}`).Fails(400, 4, "")
}

func TestSearchPages(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := s.Channel("messaging", "room", "ann", "bob")
	s.Channel("messaging", "empty", "ann", "bob")
	for i := range 7 {
		said(s, "ann", path, fmt.Sprintf("word %d", i))
	}
	// More than are looked at for the most relevant ones at once.
	alter(t, s, `INSERT INTO messages (app_id, id, cid, user_id, type, text, html, in_channel, created_at, updated_at)
		SELECT $1, 'old' || lpad(i::text, 3, '0'), 'messaging:room', 'ann', 'regular', 'ancient', '', true, at, at
		FROM (SELECT i, '2026-01-01'::timestamptz + i * interval '1 hour' AS at FROM generate_series(0, 249) i) m`)
	bob := searcher{s, "bob"}
	for _, sort := range []string{`"sort":[{"field":"created_at","direction":-1}]`, `"sort":[{"field":"created_at","direction":1}]`, `"sort":[{"field":"text","direction":-1}]`} {
		all := bob.found(`"query":"word",` + sort)
		first := bob.ask(`"query":"word","limit":3,` + sort).OK()
		next, _ := first.At("next").(string)
		second := bob.ask(`"query":"word","limit":3,` + sort + `,"next":"` + next + `"`).OK()
		next2, _ := second.At("next").(string)
		last := bob.ask(`"query":"word","limit":3,`+sort+`,"next":"`+next2+`"`).OK().Want("next", "null")
		got := fmt.Sprint(texts(first), "; ", texts(second), "; ", texts(last))
		if got != all || first.At("previous") != nil {
			t.Errorf("%s: %s, want %s", sort, got, all)
		}
		prev, _ := second.At("previous").(string)
		if back := bob.ask(`"query":"word","limit":3,` + sort + `,"next":"` + prev + `"`).OK(); texts(back) != texts(first) {
			t.Errorf("%s: back to %s, want %s", sort, texts(back), texts(first))
		}
	}
	seen, next, pages := map[any]bool{}, "", 0
	for {
		r := bob.ask(`"query":"ancient","limit":60,"next":"` + next + `"`).OK()
		n, _ := r.At("results.#").(float64)
		for i := range int(n) {
			id := r.At(fmt.Sprintf("results.%d.message.id", i))
			if seen[id] {
				t.Fatalf("%v was found twice", id)
			}
			seen[id] = true
		}
		pages++
		if next, _ = r.At("next").(string); next == "" {
			break
		}
		if pages == 2 {
			prev, _ := r.At("previous").(string)
			bob.ask(`"query":"ancient","limit":60,"next":"`+prev+`"`).OK().Want("results.0.message.id", `"old150"`)
		}
	}
	if len(seen) != 250 {
		t.Errorf("%d of 250 in %d pages", len(seen), pages)
	}
	s.As("ann").Query("/search", `{"filter_conditions":{"cid":"messaging:room"},"query":"ancient","next":"`+strings.Repeat("A", 50)+`"}`).Fails(400, 4, "cursor")
}

// Messages that an older node wrote are found by the same.
func TestSearchWithoutWords(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := s.Channel("messaging", "room", "ann", "bob")
	for _, m := range []string{
		`{"id":"a","text":"Write to ann@example.com, foo-bar!"}`,
		`{"id":"b","text":"Über Straßen, Привет","attachments":[{"type":"image","image_url":"http://x/y.png"},{"type":"it's"}]}`,
		`{"id":"c","text":"東京都に日本語","mentioned_users":["bob"]}`,
		`{"id":"d","text":"हिन्दी शब्द naïve café"}`,
		`{"id":"e","text":"edited before","attachments":[{"type":"file"}]}`,
	} {
		s.As("ann").Post(path+"/message", `{"message":`+m+`}`).OK()
	}
	s.As("ann").Post("/messages/e", `{"message":{"text":"said after","mentioned_users":["ann"],"attachments":[{"type":"audio"}]}}`).OK()
	s.As("bob").Post(path+"/message", `{"message":{"id":"f","text":"of bob"}}`).OK()
	bob := searcher{s, "bob"}
	for _, older := range []bool{false, true} {
		if older {
			alter(t, s, `UPDATE messages SET words = NULL WHERE app_id = $1`)
		}
		for _, tt := range []struct{ asked, want string }{
			{`{"text":{"$q":"EXAMPLE ann"}}`, "a"},
			{`{"text":{"$q":"foo-bar"}}`, "a"},
			{`{"text":{"$q":"ann@example.com"}}`, "a"},
			{`{"text":{"$autocomplete":"write to an"}}`, "a"},
			{`{"text":{"$any":"bar привет Привет"}}`, "a b"},
			{`{"text":{"$q":"Über Straßen"}}`, "b"},
			{`{"text":{"$autocomplete":"Straß"}}`, "b"},
			{`{"text":{"$q":"हिन्दी"}}`, "d"},
			{`{"text":{"$q":"naïve CAFé"}}`, "d"},
			{`{"text":{"$q":"cafe"}}`, ""},
			{`{"text":"東京都に日本語"}`, "c"},
			{`{"text":{"$q":"before"}}`, ""},
			{`{"text":{"$q":"after"}}`, "e"},
			{`{"attachments.type":"it's"}`, "b"},
			{`{"attachments.type":{"$in":["file","audio"]}}`, "e"},
			{`{"attachments":{"$exists":true}}`, "b e"},
			{`{"mentioned_users.id":{"$contains":"bob"}}`, "c"},
			{`{"mentioned_users.id":{"$contains":"ann"}}`, "e"},
			{`{"user_id":"bob"}`, "f"},
			{`{"$or":[{"user_id":"bob"},{"text":{"$q":"after"}}]}`, "e f"},
			{`{"user_id":{"$ne":"ann"}}`, "f"},
		} {
			got := idsOf(bob.ask(`"message_filter_conditions":` + tt.asked + `,"sort":[{"field":"id"}]`).OK())
			if strings.Join(got, " ") != tt.want {
				t.Errorf("without words: %t: %s: %v, want %s", older, tt.asked, got, tt.want)
			}
		}
	}
	// Scripts without spaces and other cases are for those with words.
	s.As("ann").Post(path+"/message", `{"message":{"id":"g","text":"東京都に日本語 ÉCOLE"}}`).OK()
	for asked, want := range map[string]string{`{"text":{"$q":"日本"}}`: "g", `{"text":{"$q":"京都"}}`: "g", `{"text":{"$q":"語"}}`: "g", `{"text":{"$autocomplete":"日"}}`: "g", `{"text":{"$q":"日京"}}`: "", `{"text":{"$q":"école"}}`: "g"} {
		if got := idsOf(bob.ask(`"message_filter_conditions":` + asked).OK()); strings.Join(got, " ") != want {
			t.Errorf("%s: %v, want %s", asked, got, want)
		}
	}
}

// pages returns the ids that a search finds, page by page, and checks that the way
// back is the same.
func (x searcher) pages(what string) [][]string {
	x.s.TB.Helper()
	var pages [][]string
	back := ""
	for next := ""; ; {
		r := x.ask(what + `,"next":"` + next + `"`).OK()
		if back != "" {
			if got := idsOf(x.ask(what + `,"next":"` + r.At("previous").(string) + `"`).OK()); !slices.Equal(got, pages[len(pages)-1]) {
				x.s.TB.Errorf("%s: back to %v, want %v", what, got, pages[len(pages)-1])
			}
		}
		pages = append(pages, idsOf(r))
		var more bool
		if next, more = r.At("next").(string); !more {
			return pages
		}
		back = next
	}
}

// idsOf are those of a search's results.
func idsOf(r *testkit.Response) []string {
	results, _ := r.At("results").([]any)
	out := make([]string, len(results))
	for i, result := range results {
		out[i], _ = result.(map[string]any)["message"].(map[string]any)["id"].(string)
	}
	return out
}

// texts are those of a search's results.
func texts(r *testkit.Response) string {
	n, _ := r.At("results.#").(float64)
	out := make([]string, int(n))
	for i := range out {
		out[i] = fmt.Sprint(r.At(fmt.Sprintf("results.%d.message.text", i)))
	}
	return strings.Join(out, "; ")
}

func TestSearchOnlyWhatOneMayRead(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path, secret := s.Channel("messaging", "room", "ann", "bob", "cat"), s.Channel("messaging", "secret", "ann")
	open, gaming := s.Channel("livestream", "open", "ann"), s.Channel("gaming", "game", "ann", "bob")
	for _, p := range []string{path, secret, open} {
		said(s, "ann", p, "hello "+p)
	}
	everywhere := `{"filter_conditions":{"id":{"$in":["room","secret","open","game"]}},"query":"hello","sort":[{"field":"created_at","direction":1}]}`
	if got := texts(s.As("bob").Query("/search", everywhere).OK()); got != "hello "+path+"; hello "+open {
		t.Errorf("bob finds %s", got)
	}
	if got := texts(s.Server().Query("/search", everywhere).OK()); got != "hello "+path+"; hello "+secret+"; hello "+open {
		t.Errorf("the server side finds %s", got)
	}
	if s.Server().Put("/channeltypes/gaming", `{"search":false}`).OK(); gaming == "" {
		t.Fatal()
	}
	s.As("bob").Query("/search", `{"filter_conditions":{"cid":"gaming:game"},"query":"hello"}`).Fails(400, 19, "Channel type gaming does not support search")
	s.As("bob").Query("/search", `{"filter_conditions":{"cid":"messaging:secret"},"query":"hello"}`).OK().Want("results", "[]")

	// Of what is hidden from him nothing is found.
	s.Server().Post("/users", `{"users":{"mod":{"id":"mod","role":"admin"}}}`).OK()
	s.Server().Post(path+"/message", `{"message":{"text":"whisper","user_id":"mod","restricted_visibility":["cat"]}}`).OK()
	mine := said(s, "bob", path, "whisper of bob")
	alter(t, s, `UPDATE users SET shadow_banned = true WHERE app_id = $1 AND id = 'ann'`)
	said(s, "ann", path, "whisper of a shadow")
	for who, want := range map[string]string{"bob": "whisper of bob", "cat": "whisper; whisper of bob", "ann": "whisper of a shadow; whisper of bob"} {
		if got := texts(s.As(who).Query("/search", `{"filter_conditions":{"cid":"messaging:room"},"query":"whisper","sort":[{"field":"text"}]}`).OK()); got != want {
			t.Errorf("%s finds %s, want %s", who, got, want)
		}
	}
	s.As("bob").Delete("/messages/" + mine + "?delete_for_me=true").OK()
	s.As("bob").Query("/search", `{"filter_conditions":{"cid":"messaging:room"},"query":"whisper"}`).OK().Want("results", "[]")
	s.As("cat").Post(path+"/hide", `{"clear_history":true}`).OK()
	s.As("cat").Post(path+"/show", `{}`).OK()
	s.As("cat").Query("/search", `{"filter_conditions":{"cid":"messaging:room"},"query":"whisper"}`).OK().Want("results", "[]")
	s.Server().Post(path+"/truncate", `{}`).OK()
	s.Server().Query("/search", `{"filter_conditions":{"cid":"messaging:room"},"query":"hello"}`).OK().Want("results", "[]")
}

func TestSearchWarns(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	s.Channel("messaging", "room", "ann")
	alter(t, s, `WITH i AS (SELECT 'c' || i AS id FROM generate_series(1, 501) i),
		c AS (INSERT INTO channels (app_id, cid, type, id, created_at, updated_at)
			SELECT $1, 'messaging:' || id, 'messaging', id, '2026-01-01', '2026-01-01' FROM i)
		INSERT INTO channel_counters (app_id, cid) SELECT $1, 'messaging:' || id FROM i`)
	s.Server().Query("/search", `{"filter_conditions":{"type":"messaging"},"query":"x"}`).OK().
		Want("results_warning.warning_code", "1").Want("results_warning.channel_search_count", "500").Want("results_warning.channel_search_cids.#", "500")
}
