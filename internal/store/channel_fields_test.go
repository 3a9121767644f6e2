package store

import (
	"strings"
	"testing"

	"chatd/internal/filter"
)

// TestListsByTimeAreOfferedAnIndex only where many channels are left.
func TestListsByTimeAreOfferedAnIndex(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ doc, sort, order string }{
		{`{}`, ``, "ORDER BY n.active_day DESC, coalesce(n.last_message_at, n.created_at) DESC, c.cid"},
		{`{"type":"livestream","open":true,"hidden":false}`, `[{"field":"last_message_at","direction":-1}]`, "ORDER BY n.message_day DESC NULLS LAST, n.last_message_at DESC NULLS LAST, c.cid"},
		{`{"type":"livestream"}`, `[{"field":"last_message_at"}]`, "ORDER BY n.message_day, n.last_message_at, c.cid"},
		{`{"$or":[{"type":"team"},{"team":"red"}]}`, ``, "ORDER BY n.active_day DESC"},
		{`{"members":{"$in":["ann"]}}`, ``, "ORDER BY coalesce("},
		{`{"type":"team","$or":[{"members":{"$in":["ann"]}},{"open":true}]}`, ``, "ORDER BY coalesce("},
		{`{"rank":{"$gt":5}}`, `[{"field":"last_message_at","direction":-1}]`, "ORDER BY n.last_message_at DESC NULLS LAST"},
		{`{"filter_tags":{"$in":["x"]}}`, ``, "ORDER BY coalesce("},
		{`{"joined":true}`, ``, "ORDER BY coalesce("},
		{`{}`, `[{"field":"created_at","direction":-1}]`, "ORDER BY c.created_at DESC, c.cid"},
	} {
		n, err := filter.Parse([]byte(tt.doc), filter.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		sorts, err := filter.ParseSort([]byte(tt.sort), 5)
		if err != nil {
			t.Fatal(err)
		}
		sql, _, err := (&channelLookup{viewer: "ann"}).statement(1, ChannelQuery{Filter: n, Sort: sorts, Limit: 10})
		if err != nil || !strings.Contains(sql, tt.order) {
			t.Errorf("%s %s: %v, want %s in\n%s", tt.doc, tt.sort, err, tt.order, sql)
		}
	}
}
