package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

// workload is one table of the report.
type workload struct {
	name   string
	title  string
	beside string // what chatd's figures are set beside
	run    func(ctx context.Context, b *bench) error
}

var workloads = []workload{
	{"sends", "Durable sends", "single inserts", sends},
	{"fanout", "Fan-out to the watchers of one channel", "bare broadcasts", fanout},
	{"lists", "Opening the channel list: 30 channels with 25 messages each, 4 readers", "one SQL query", lists},
	{"history", "Paging back through a channel's history, 25 messages a page, 4 readers", "the short channel", history},
	{"search", "Searching for messages among a million, 30 a page, 4 readers", "", search},
	{"threads", "Opening the list of threads, 25 of them with 2 replies each, 4 readers", "few threads", threads},
	{"members", "One sender, in channels of different size", "the small channel", memberCost},
}

// bench is what the workloads share.
type bench struct {
	*stack
	*report

	options
	grown *grown // nil until a workload needs it
}

// options bound the load.
type options struct {
	duration time.Duration // measured time of each run
	history  int           // messages in the channel that is paged
	members  int           // of the large channel
	sockets  int           // watchers of the largest channel
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	var o options
	fs := flag.NewFlagSet("bench", flag.ContinueOnError)
	rounds := fs.Int("rounds", 3, "rounds; the report gives medians and ranges")
	binary := fs.String("chatd", "bin/chatd", "the chatd to measure")
	bare := fs.String("bare", "", "serve bare broadcasts on this address instead (bench runs itself so)")
	fs.DurationVar(&o.duration, "d", 4*time.Second, "measured time of each run")
	fs.IntVar(&o.history, "messages", 1_000_000, "messages in the channel that is paged")
	fs.IntVar(&o.members, "members", 100_000, "members of the large channel")
	fs.IntVar(&o.sockets, "sockets", 5000, "watchers of the largest channel")
	var settings []string
	fs.Func("env", "`NAME=VALUE` in chatd's environment, as CHATD_PPROF_ADDR=127.0.0.1:6060; may be repeated", func(s string) error {
		settings = append(settings, s)
		return nil
	})
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return err
	}
	if *bare != "" {
		return serveBare(ctx, *bare)
	}
	todo, err := chosen(fs.Args())
	if err != nil {
		return err
	}
	// The load takes half of the machine at most, and the Go scheduler, which has
	// little to do for each message, looks less for work.
	runtime.GOMAXPROCS(max(runtime.NumCPU()/2, 1))
	s, err := startStack(ctx, *binary, settings)
	if err != nil {
		return err
	}
	b := &bench{stack: s, report: &report{}, options: o}
	err = b.rounds(ctx, todo, *rounds)
	b.head(context.WithoutCancel(ctx), os.Stdout, *rounds)
	b.print(os.Stdout) // after an error, too: what was measured was measured
	return errors.Join(err, s.stop())
}

// rounds runs the workloads in turn, so that whatever else the machine does falls
// on all of them.
func (b *bench) rounds(ctx context.Context, todo []workload, rounds int) error {
	for round := range rounds {
		for _, w := range todo {
			progress("round %d of %d: %s", round+1, rounds, w.name)
			b.section(w.title, w.beside)
			if err := w.run(ctx, b); err != nil {
				return fmt.Errorf("%s: %w", w.name, err)
			}
		}
	}
	return nil
}

// progress tells whoever waits what goes on.
func progress(format string, args ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
}

func chosen(names []string) ([]workload, error) {
	if len(names) == 0 {
		return workloads, nil
	}
	var all []string
	for _, w := range workloads {
		all = append(all, w.name)
	}
	var out []workload
	for _, n := range names {
		i := slices.Index(all, n)
		if i < 0 {
			return nil, fmt.Errorf("no workload %q; there are %s", n, strings.Join(all, ", "))
		}
		out = append(out, workloads[i])
	}
	return out, nil
}
