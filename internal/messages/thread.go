package messages

import (
	"context"
	"slices"

	"chatd/internal/chat"
	"chatd/internal/wire"
)

// tellThread tells those who take part in a thread and do not watch its channel of a
// new reply, with their unread numbers. Only who is connected is looked for. The reply
// has been sent: who cannot be told finds it when he asks for his threads.
func (d *delivery) tellThread(ctx context.Context, told *chat.Event) error {
	if d.of == nil || d.m.Shadowed {
		return nil
	}
	users, err := d.app.ThreadParticipants(ctx, d.m.CID, d.m.ParentID, true)
	if err != nil {
		return err
	}
	users = slices.DeleteFunc(users, func(u string) bool { return u == d.m.UserID || !d.m.VisibleTo(u) && !slices.Contains(d.seers, u) })
	if len(users) == 0 {
		return nil
	}
	numbers, err := d.app.UnreadThreads(ctx, users...)
	if err != nil {
		return err
	}
	ev := *told
	ev.Type, ev.Also, ev.WithUnread, ev.ThreadID = evThreadNew, "", false, d.m.ParentID
	ev.To = chat.Audience{Kind: chat.ToUsersAway, Users: users}
	ev.ThreadsOf = make(map[string]chat.UnreadThreads, len(users))
	for _, u := range users {
		ev.ThreadsOf[u] = numbers[u]
	}
	if ev.Encoded != nil {
		ev.Encoded = wire.With(slices.Clone(ev.Encoded), "thread_id", wire.MustMarshal(ev.ThreadID))
	}
	return d.app.Publish(ctx, &ev)
}
