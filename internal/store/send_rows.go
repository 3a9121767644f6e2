package store

import (
	"cmp"
	"slices"
	"time"

	"chatd/internal/chat"
)

// rows are the sends of a transaction as the rows they write. Channels and
// readers are in order, so that transactions of several nodes lock them in the
// same order and cannot deadlock.
type rows struct {
	sends    []*Send
	channels []*channelRow
	readers  []*readRow
}

type channelRow struct {
	cid   chat.CID
	sent  int
	count int64
	last  *time.Time
}

type readRow struct {
	cid    chat.CID
	user   string
	back   int64 // messages of the batch that count behind his last one
	at     time.Time
	lastID string
}

func newRows(group []*pending) *rows {
	r := &rows{sends: make([]*Send, len(group))}
	channels := make(map[chat.CID]*channelRow)
	readers := make(map[readKey]*readRow)
	for i, p := range group {
		s, m := p.send, p.send.Message
		r.sends[i] = s
		ch := channels[m.CID]
		if ch == nil {
			ch = &channelRow{cid: m.CID}
			channels[m.CID] = ch
			r.channels = append(r.channels, ch)
		}
		ch.sent++
		ch.count += int64(counted(m))
		if s.Touch && (ch.last == nil || m.CreatedAt.After(*ch.last)) {
			ch.last = &m.CreatedAt
		}
		if s.Reader == "" {
			continue
		}
		k := readKey{m.CID, s.Reader}
		rd := readers[k]
		if rd == nil {
			rd = &readRow{cid: m.CID, user: s.Reader}
			readers[k] = rd
			r.readers = append(r.readers, rd)
		}
		rd.back, rd.at, rd.lastID = ch.count, m.CreatedAt, m.ID
	}
	for _, rd := range r.readers {
		rd.back = channels[rd.cid].count - rd.back
	}
	slices.SortFunc(r.channels, func(a, b *channelRow) int { return cmp.Compare(a.cid, b.cid) })
	slices.SortFunc(r.readers, func(a, b *readRow) int {
		return cmp.Or(cmp.Compare(a.cid, b.cid), cmp.Compare(a.user, b.user))
	})
	return r
}

type readKey struct {
	cid  chat.CID
	user string
}
