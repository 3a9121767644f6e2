package retention

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"chatd/internal/chat"
	"chatd/internal/jobs"
	"chatd/internal/store"
)

// The bounds of a job's work.
const (
	workTime  = 30 * time.Second // of one job
	batch     = 200              // messages of a transaction
	channels  = 100              // that are looked up at a time
	sweepTime = time.Hour        // until the rest is left to the next hour
)

// begin is the job that begins the sweeps of all apps.
type begin struct{}

// Kind names the job.
func (begin) Kind() string { return "retention_begin" }

// sweep is the job that removes what is past its time in an app, from a channel on.
type sweep struct {
	App   chat.AppID `json:"app"`
	Rule  string     `json:"rule"`  // which of the app's rules it is at; "" begins
	After chat.CID   `json:"after"` // the channel that it has come to
	Until time.Time  `json:"until"` // when it gives up, by the clock of jobs
}

// Kind names the job.
func (sweep) Kind() string { return "retention_sweep" }

// HandleJobs registers the area's jobs.
func (s *Service) HandleJobs(q *jobs.Queue) {
	jobs.Handle(q, s.begin)
	jobs.Handle(q, s.sweep)
	jobs.Every(q, cmp.Or(s.Every, sweepTime), begin{})
}

// begin enqueues the sweep of each app that has rules.
func (s *Service) begin(ctx context.Context, _ begin) error {
	apps, err := s.Store.Apps(ctx)
	if err != nil {
		return err
	}
	until := time.Now().Add(sweepTime)
	for _, a := range apps {
		app := s.Store.App(a.ID)
		rules, err := s.rules(ctx, app)
		if err != nil {
			return err
		}
		if len(rules) == 0 {
			continue
		}
		err = app.InTx(ctx, func(tx *store.Tx) error { return s.Jobs.Enqueue(ctx, tx, sweep{App: a.ID, Until: until}, time.Time{}) })
		if err != nil {
			return err
		}
	}
	return nil
}

// rule is what is to be removed: messages of a type's channels from before a time, or
// channels that were inactive since then.
type rule struct {
	name   string // unique, and in order
	typ    string // "" for inactive channels
	policy string // whose removals are noted; "" for what the type itself says
	before time.Time
}

// rules are the app's, in order of their names.
func (s *Service) rules(ctx context.Context, app *store.App) ([]rule, error) {
	policies, err := app.RetentionPolicies(ctx)
	if err != nil {
		return nil, err
	}
	now := app.Now()
	var out []rule
	var all *rule
	for _, p := range policies {
		if now.Before(p.EnabledAt.Add(grace)) {
			continue
		}
		r := rule{name: p.Policy, policy: p.Policy, before: now.Add(-time.Duration(p.MaxAgeHours) * time.Hour)}
		if p.Policy == inactiveChannels {
			out = append(out, r)
		} else {
			all = &r
		}
	}
	types, err := app.Types(ctx)
	if err != nil {
		return nil, err
	}
	for name, t := range types {
		r := rule{name: "type:" + name, typ: name}
		if days, err := strconv.Atoi(t.Config.MessageRetention); err == nil && days > 0 {
			r.before = now.AddDate(0, 0, -days)
		}
		if all != nil && all.before.After(r.before) { // the shorter of the two
			r.policy, r.before = all.policy, all.before
		}
		if !r.before.IsZero() {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b rule) int { return cmp.Compare(a.name, b.name) })
	return out, nil
}

// sweep works for a bounded time and leaves the rest to another job.
func (s *Service) sweep(ctx context.Context, job sweep) error {
	app, end := s.Store.App(job.App), time.Now().Add(workTime)
	rules, err := s.rules(ctx, app)
	if err != nil {
		return err
	}
	for _, r := range rules {
		if r.name < job.Rule {
			continue
		}
		if r.name > job.Rule {
			job.Rule, job.After = r.name, ""
		}
		done := false
		for !done {
			if done, err = s.step(ctx, app, &r, &job.After, end); err != nil {
				return err
			}
			if !done && time.Now().After(end) {
				if time.Now().After(job.Until) {
					return nil
				}
				return app.InTx(ctx, func(tx *store.Tx) error { return s.Jobs.Enqueue(ctx, tx, job, time.Time{}) })
			}
		}
	}
	return nil
}

// step works on the next channels of a rule behind after, which it moves on, until
// end. done tells that there are no more.
func (s *Service) step(ctx context.Context, app *store.App, r *rule, after *chat.CID, end time.Time) (done bool, err error) {
	var list []chat.CID
	if r.typ == "" {
		list, err = app.InactiveChannels(ctx, r.before, *after, channels)
	} else {
		list, err = app.ChannelsWithOld(ctx, r.typ, r.before, *after, channels)
	}
	if err != nil {
		return false, err
	}
	for _, cid := range list {
		var more bool
		if r.typ == "" {
			err = s.removeChannel(ctx, app, r, cid)
		} else {
			more, err = s.removeMessages(ctx, app, r, cid, end)
		}
		if err != nil || more {
			return false, err
		}
		*after = cid
	}
	return len(list) < channels, nil
}

// removeMessages removes the old messages of a channel until end; more tells that
// some are left.
func (s *Service) removeMessages(ctx context.Context, app *store.App, r *rule, cid chat.CID, end time.Time) (more bool, err error) {
	for {
		n := 0
		err := app.InTx(ctx, func(tx *store.Tx) error {
			var err error
			if n, err = tx.RemoveOld(ctx, cid, r.before, batch); err != nil || n == 0 || r.policy == "" {
				return err
			}
			return tx.NoteRetention(ctx, r.policy, n, 0)
		})
		if chat.KindOf(err) == chat.NotFound { // the channel has gone meanwhile
			return false, nil
		}
		if err != nil || n == 0 {
			return false, err
		}
		if time.Now().After(end) {
			return true, nil
		}
	}
}

// removeChannel removes a channel, unless something has happened in it meanwhile.
func (s *Service) removeChannel(ctx context.Context, app *store.App, r *rule, cid chat.CID) error {
	err := app.InTx(ctx, func(tx *store.Tx) error {
		ch, err := tx.LockChannel(ctx, cid)
		if err != nil || !store.Inactive(ch, r.before) {
			return err
		}
		if err := s.Channels.Remove(ctx, tx, cid); err != nil {
			return err
		}
		return tx.NoteRetention(ctx, r.policy, 0, 1)
	})
	if chat.KindOf(err) == chat.NotFound {
		return nil
	}
	return err
}
