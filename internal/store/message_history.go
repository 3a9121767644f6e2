package store

import (
	"context"
	"slices"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/chat"
	"chatd/internal/filter"
)

// HistoryEntry is a version of a message that was replaced, with who wrote it and
// when.
type HistoryEntry struct {
	MessageID   string         `db:"message_id" json:"message_id"`
	Text        string         `db:"text" json:"text"`
	Attachments jsontext.Value `db:"attachments" json:"attachments"`
	IsDeleted   bool           `db:"is_deleted" json:"is_deleted"`
	UpdatedByID string         `db:"message_updated_by_id" json:"message_updated_by_id"` // "" for a server-side change that named nobody
	UpdatedAt   time.Time      `db:"message_updated_at" json:"message_updated_at"`
	Custom      jsontext.Value `db:"custom" json:",embed"`
}

const historyColumns = `h.message_id, h.text, h.attachments, h.is_deleted, h.message_updated_by_id, h.message_updated_at, h.custom`

// KeepHistory keeps the version of a message that a user replaces at a time: the
// sender wrote the first, each later one who replaced the one before. It must be
// called in the transaction of the change.
func (t *Tx) KeepHistory(ctx context.Context, before *chat.Message, byID string, at time.Time) error {
	_, err := exec(ctx, t.db, `
		INSERT INTO message_history (app_id, id, cid, message_id, text, attachments, custom, is_deleted,
			message_updated_by_id, message_updated_at, replaced_by_id, replaced_at)
		SELECT $1, $2, $3, $4, $5, $6::json, $7::jsonb, $8, v.by_id, v.at, $11, $12
		FROM (
			(SELECT replaced_by_id AS by_id, coalesce(replaced_at, message_updated_at) AS at, 1 AS turn FROM message_history
			WHERE app_id = $1 AND message_id = $4 ORDER BY message_updated_at DESC, id DESC LIMIT 1)
			UNION ALL SELECT $9, $10, 2
		) v ORDER BY v.turn LIMIT 1`,
		t.ID, chat.NewID(), before.CID, before.ID, before.Text, array(before.Attachments), object(before.Custom), before.DeletedAt != nil,
		before.UserID, before.CreatedAt, byID, at)
	return err
}

// Of histories, what can be filtered and sorted by.
var (
	historyFields = filter.Fields{
		Named: map[string]filter.Field{
			"message_id":            filter.Text("h.message_id", filter.OneOf),
			"message_updated_by_id": filter.Text("h.message_updated_by_id", filter.OneOf),
			"user_id":               filter.Text("h.message_updated_by_id", filter.OneOf), // so an SDK calls it
			"message_updated_at":    filter.Time("h.message_updated_at", filter.Range),
			"created_at":            filter.Time("h.message_updated_at", filter.Range), // likewise
		},
		Custom: filter.JSON{Column: "h.custom", Ops: filter.Range, Entity: "message_history"}.Field,
	}
	historyKeys = filter.Keys{Named: map[string]filter.Key{
		"message_updated_at":    {Expr: "h.message_updated_at", Type: "timestamptz"},
		"message_updated_by_id": {Expr: "h.message_updated_by_id", Type: "text"},
		"id":                    {Expr: "h.id", Type: "text"},
	}}
)

// QueryHistory returns the entries that a filter selects, by default the newest
// first, and the cursors of the pages after and before; "" where there is none. What
// the query gets wrong is Invalid.
func (a *App) QueryHistory(ctx context.Context, q Query) (list []*HistoryEntry, next, prev string, err error) {
	sorts, err := filter.ParseSort(q.Sort, maxSort)
	if err != nil {
		return nil, "", "", err
	}
	if slices.ContainsFunc(sorts, func(s filter.Sort) bool { return s.Field == "id" }) { // it only makes the order total
		return nil, "", "", chat.Errorf(chat.Invalid, "cannot sort by \"id\"")
	}
	type row struct {
		HistoryEntry

		Position jsontext.Value `db:"position"`
	}
	rows, next, prev, err := pages[row]{
		name: "history", args: []any{a.ID}, fields: historyFields, keys: historyKeys,
		first: filter.Sort{Field: "message_updated_at", Desc: true}, unique: []string{"id"},
		columns: historyColumns, from: `message_history h WHERE h.app_id = $1`,
		position: func(r *row) jsontext.Value { return r.Position },
	}.read(ctx, a, q)
	return column(rows, func(r *row) *HistoryEntry { return &r.HistoryEntry }), next, prev, err
}
