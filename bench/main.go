// Command bench measures chatd over its public API, and in the same run the
// limits of the machine beside it, and prints the ratios: absolute figures are
// the machine's, ratios are chatd's.
//
//	go run ./bench                 all workloads, three rounds (make bench)
//	go run ./bench -rounds 1 sends fanout
//
// It runs a private PostgreSQL with durable settings and the built binary. All
// load stays on the loopback interface and is bounded in time.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"time"
)

// workload is one group of rows of the report.
type workload struct {
	name string
	run  func(ctx context.Context, b *bench) error
}

var workloads = []workload{
	{"sends", sends}, {"fanout", fanout}, {"lists", lists}, {"history", history}, {"members", memberCost},
}

// bench is what the workloads share.
type bench struct {
	*stack
	report   *report
	duration time.Duration
	history  int // messages in the history workload's channel
	crowd    int // members of the large channel
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1) //nolint:gocritic // nothing is left to clean up
	}
}

func run(ctx context.Context, args []string) error {
	fs := flag.NewFlagSet("bench", flag.ContinueOnError)
	rounds := fs.Int("rounds", 3, "rounds; the report gives medians and ranges")
	duration := fs.Duration("d", 4*time.Second, "measured time of each run")
	binary := fs.String("chatd", "bin/chatd", "the chatd to measure")
	messages := fs.Int("messages", 1_000_000, "messages in the channel that is paged")
	crowd := fs.Int("crowd", 100_000, "members of the large channel")
	bare := fs.String("bare", "", "serve bare broadcasts on this address instead (bench runs itself so)")
	if err := fs.Parse(args); err != nil {
		return err
	}
	if *bare != "" {
		return serveBare(ctx, *bare)
	}
	todo, err := chosen(fs.Args())
	if err != nil {
		return err
	}
	s, err := startStack(ctx, *binary)
	if err != nil {
		return err
	}
	b := &bench{stack: s, report: &report{}, duration: *duration, history: *messages, crowd: *crowd}
	for round := range *rounds {
		for _, w := range todo {
			fmt.Fprintf(os.Stderr, "round %d of %d: %s\n", round+1, *rounds, w.name)
			if err = w.run(ctx, b); err != nil {
				return errors.Join(fmt.Errorf("%s: %w", w.name, err), s.stop())
			}
		}
	}
	b.report.print(os.Stdout)
	return s.stop()
}

func chosen(names []string) ([]workload, error) {
	if len(names) == 0 {
		return workloads, nil
	}
	var out []workload
	for _, n := range names {
		i := slices.IndexFunc(workloads, func(w workload) bool { return w.name == n })
		if i < 0 {
			var all []string
			for _, w := range workloads {
				all = append(all, w.name)
			}
			return nil, fmt.Errorf("no workload %q; there are %s", n, strings.Join(all, ", "))
		}
		out = append(out, workloads[i])
	}
	return out, nil
}
