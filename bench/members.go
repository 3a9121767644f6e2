package main

import (
	"context"
	"fmt"
)

// memberCost measures a lone sender in a channel of many members, who are not
// connected, beside a channel of few.
func memberCost(ctx context.Context, b *bench) error {
	g, err := b.grow(ctx)
	if err != nil {
		return err
	}
	large, err := b.send(ctx, []string{g.crowded.reader}, []string{g.crowded.path})
	if err != nil {
		return fmt.Errorf("%d members: %w", g.crowded.members, err)
	}
	small, err := b.send(ctx, []string{g.small.reader}, []string{g.small.path})
	if err != nil {
		return fmt.Errorf("%d members: %w", g.small.members, err)
	}
	what := fmt.Sprintf("%d members (beside %d)", g.crowded.members, g.small.members)
	b.pair(what, "messages/s", large.rate, small.rate)
	b.pair(what+": acknowledged after, p50", "ms", large.p50, small.p50)
	b.pair(what+": acknowledged after, p99", "ms", large.p99, small.p99)
	b.pair(what+": CPU with PostgreSQL's", "µs", large.cpu, small.cpu)
	b.add(what+": CPU without it", "µs", large.cpus[0])
	return nil
}
