package store

import (
	"context"
	"slices"
	"time"

	"chatd/internal/chat"
)

// PinPage selects pinned messages around a place in a list that is ordered by when
// they were pinned. Ids stand for the pin of their message. Without a place it is
// the first page.
type PinPage struct {
	Limit  int `json:"limit" query:"limit"`
	Offset int `json:"offset" query:"offset"`

	IDLT     string `json:"id_lt" query:"id_lt"`
	IDLTE    string `json:"id_lte" query:"id_lte"`
	IDGT     string `json:"id_gt" query:"id_gt"`
	IDGTE    string `json:"id_gte" query:"id_gte"`
	IDAround string `json:"id_around" query:"id_around"`

	PinnedBefore        *time.Time `json:"pinned_at_before" query:"pinned_at_before"`
	PinnedBeforeOrEqual *time.Time `json:"pinned_at_before_or_equal" query:"pinned_at_before_or_equal"`
	PinnedAfter         *time.Time `json:"pinned_at_after" query:"pinned_at_after"`
	PinnedAfterOrEqual  *time.Time `json:"pinned_at_after_or_equal" query:"pinned_at_after_or_equal"`
	PinnedAround        *time.Time `json:"pinned_at_around" query:"pinned_at_around"`
}

// Page is the same page with its times as those of the list.
func (p PinPage) Page() Page {
	return Page{
		Limit: p.Limit, Offset: p.Offset, IDLT: p.IDLT, IDLTE: p.IDLTE, IDGT: p.IDGT, IDGTE: p.IDGTE, IDAround: p.IDAround,
		CreatedBefore: p.PinnedBefore, CreatedBeforeOrEqual: p.PinnedBeforeOrEqual,
		CreatedAfter: p.PinnedAfter, CreatedAfterOrEqual: p.PinnedAfterOrEqual, CreatedAround: p.PinnedAround,
	}
}

// PinnedPage returns a page of the channel's pinned messages, hydrated, the latest
// pin first or, with oldestFirst, last. The errors are those of MessagePage.
func (a *App) PinnedPage(ctx context.Context, v Viewer, view View, p PinPage, oldestFirst bool) ([]*chat.Message, error) {
	l := listing{
		App: a, viewer: v, cid: view.CID, at: "pinned_at", key: string(view.CID), since: view.Since,
		of: `m.cid = $2 AND m.pinned AND (m.pin_expires IS NULL OR m.pin_expires > $6)`, more: []any{a.Now()},
	}
	list, err := l.page(ctx, p.Page(), oldestFirst)
	if !oldestFirst {
		slices.Reverse(list)
	}
	return list, err
}
