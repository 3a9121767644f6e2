package messages

import (
	"context"
	"sync"
	"time"

	"chatd/internal/access"
	"chatd/internal/chat"
	"chatd/internal/permission"
)

// inFlight are the slow-mode sends that are on their way on this node, so that
// sends of one user at the same time cannot all pass.
type inFlight struct {
	mu sync.Mutex
	m  map[slowKey]bool
}

type slowKey struct {
	app  chat.AppID
	cid  chat.CID
	user string
}

// enter notes a send; false when the user has one on its way already.
func (f *inFlight) enter(k slowKey) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.m[k] {
		return false
	}
	if f.m == nil {
		f.m = map[slowKey]bool{}
	}
	f.m[k] = true
	return true
}

func (f *inFlight) leave(k slowKey) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.m, k)
}

// slowDown refuses a send that comes too soon after the user's last in a channel
// in slow mode, whether these are replies or not. The caller calls done, when it is not nil, after the send.
func (s *Service) slowDown(ctx context.Context, seat *access.Seat) (done func(), err error) {
	actor, app := s.app(ctx)
	ch := seat.Channel
	if ch.Cooldown <= 0 || actor.Server || seat.May(permission.SkipChannelCooldown, seat.Owner()) {
		return nil, nil //nolint:nilnil // nothing to be done after the send
	}
	tooSoon := func() error {
		return chat.Errorf(chat.Cooldown, "user %s is not allowed to send messages on channel %s under cool down period(%ds)", actor.UserID, ch.CID, ch.Cooldown)
	}
	k := slowKey{app.ID, ch.CID, actor.UserID}
	if !s.sending.enter(k) {
		return nil, tooSoon()
	}
	since := app.Now().Add(-time.Duration(ch.Cooldown) * time.Second)
	sent, err := app.SentSince(ctx, ch.CID, actor.UserID, since)
	if err == nil && !sent {
		sent, err = s.sentPending(ctx, seat, since)
	}
	if err == nil && sent {
		err = tooSoon()
	}
	if err != nil {
		s.sending.leave(k)
		return nil, err
	}
	return func() { s.sending.leave(k) }, nil
}
