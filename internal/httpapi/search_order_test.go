package httpapi_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"chatd/internal/testkit"
)

// Busy and quiet channels, threads, and messages of one moment are read side by side.
func TestSearchInOrderOfTime(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	for _, id := range []string{"busy", "quiet", "silent", "threads"} {
		s.Channel("messaging", id, "ann", "bob")
	}
	// Most of them in one channel, every fifth with the word, a minute apart but for the
	// last, which are of one moment.
	alter(t, s, `INSERT INTO messages (app_id, id, cid, user_id, type, text, html, parent_id, in_channel, created_at, updated_at)
		SELECT $1, 'm' || lpad(i::text, 3, '0'), 'messaging:' || room, 'ann', 'regular', CASE WHEN i % 5 = 0 THEN 'a red fox' ELSE 'a red foxglove' END, '',
			CASE room WHEN 'threads' THEN 'p' ELSE '' END, room <> 'threads', at, at
		FROM (SELECT i, '2026-01-01T03:30:00Z'::timestamptz + least(i, 440) * interval '1 minute' AS at,
			CASE WHEN i % 100 = 5 THEN 'quiet' WHEN i % 20 = 15 THEN 'threads' ELSE 'busy' END AS room FROM generate_series(0, 499) i) m`)
	analyzed(t, s)
	bob := searcher{s, "bob"}
	for _, what := range []string{`"query":"fox red"`, `"message_filter_conditions":{"text":"fox"}`, `"message_filter_conditions":{"text":{"$autocomplete":"red fox"},"type":"regular","id":{"$gt":"m"}}`, `"message_filter_conditions":{"user_id":"ann","updated_at":{"$gte":"2026-01-01T00:00:00Z"}}`} {
		var want []string
		for i := range 500 {
			if i%5 == 0 || !strings.Contains(what, `"fox`) && !strings.Contains(what, `"query"`) {
				want = append(want, fmt.Sprintf("m%03d", i))
			}
		}
		for _, direction := range []string{"1", "-1"} {
			if direction == "-1" {
				slices.Reverse(want)
			}
			var got []string
			pages := bob.pages(what + `,"limit":64,"sort":[{"field":"created_at","direction":` + direction + `}]`)
			for _, page := range pages {
				got = append(got, page...)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s %s: %d, want %d: %v", what, direction, len(got), len(want), got)
			}
		}
	}
	between := `"message_filter_conditions":{"created_at":{"$gt":"2026-01-01T04:30:00Z","$lte":"2026-01-01T04:40:00Z"},"text":{"$q":"fox"}},"sort":[{"field":"created_at","direction":-1}]`
	if got := bob.pages(between); len(got) != 1 || !slices.Equal(got[0], []string{"m070", "m065"}) {
		t.Errorf("between times: %v", got)
	}
}

// What is said often, but of late only elsewhere, is found far back, too.
func TestSearchFarBack(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	s.Channel("messaging", "calm", "ann", "bob")
	s.Channel("messaging", "loud", "ann")
	alter(t, s, `INSERT INTO messages (app_id, id, cid, user_id, type, text, html, in_channel, created_at, updated_at, custom)
		SELECT $1, room || lpad(i::text, 4, '0'), 'messaging:' || room, 'ann', 'regular', CASE WHEN room = 'loud' OR i < 3 THEN 'a red foxglove' ELSE 'a fern' END, '', true, at, at,
			CASE WHEN room = 'loud' OR i < 3 THEN jsonb_build_object('kind', 'ticket', 'no', i) ELSE '{}' END
		FROM (SELECT i, '2026-01-01T00:00:00Z'::timestamptz + i * interval '1 minute' AS at FROM generate_series(0, 1999) i) m, unnest('{calm,loud}'::text[]) room`)
	alter(t, s, `UPDATE messages SET updated_at = '2026-02-01' WHERE app_id = $1 AND id = 'calm0001'`)
	alter(t, s, `UPDATE channel_counters SET message_count = 2000 WHERE app_id = $1`)
	analyzed(t, s)
	bob := searcher{s, "bob"}
	for _, tt := range []struct{ asked, want string }{
		{`"query":"red foxglove","limit":2,"sort":[{"field":"created_at","direction":-1}]`, "calm0002 calm0001"},
		{`"query":"red foxglove","limit":2,"sort":[{"field":"created_at","direction":1}]`, "calm0000 calm0001"},
		{`"query":"red foxglove","limit":2,"sort":[{"field":"updated_at","direction":-1}]`, "calm0001 calm0002"},
		{`"query":"red foxglove","limit":3,"sort":[{"field":"updated_at","direction":1}]`, "calm0000 calm0002 calm0001"},
		{`"query":"red foxglove","limit":2,"sort":[{"field":"updated_at","direction":-1},{"field":"user_id"}]`, "calm0001 calm0002"},
		{`"query":"red foxglove","limit":2,"sort":[{"field":"created_at"},{"field":"text"}]`, "calm0000 calm0001"},
		{`"message_filter_conditions":{"text":{"$autocomplete":"red foxg"}},"limit":2,"sort":[{"field":"created_at","direction":-1}]`, "calm0002 calm0001"},
		{`"query":"foxglove","limit":5`, "calm0000 calm0001 calm0002"},
		{`"message_filter_conditions":{"kind":"ticket"},"limit":2,"sort":[{"field":"created_at","direction":-1}]`, "calm0002 calm0001"},
		{`"message_filter_conditions":{"kind":{"$in":["ticket","other"]},"text":{"$q":"fox red foxglove"}},"limit":2`, ""},
		{`"message_filter_conditions":{"no":{"$in":[1,1999]}},"limit":2`, "calm0001"},
		{`"message_filter_conditions":{"kind":"ticket"},"limit":5`, "calm0000 calm0001 calm0002"},
		{`"message_filter_conditions":{"kind":"ticket","no":{"$gt":1}},"limit":5`, "calm0002"},
		{`"query":"fern","limit":2,"sort":[{"field":"updated_at","direction":-1}]`, "calm1999 calm1998"},
	} {
		if pages := bob.pages(tt.asked); strings.Join(slices.Concat(pages[:min(len(pages), 1)]...), " ") != tt.want {
			t.Errorf("%s: %v, want %s", tt.asked, pages, tt.want)
		}
	}
}

// analyzed has the database learn how often words are said.
func analyzed(t *testing.T, s *testkit.Server) {
	t.Helper()
	dsn := s.Database
	if dsn == "" {
		dsn = testkit.Database(t)
	}
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	if _, err := conn.Exec(t.Context(), `ANALYZE messages`); err != nil {
		t.Fatal(err)
	}
}
