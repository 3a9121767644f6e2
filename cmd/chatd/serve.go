package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"chatd/internal/config"
	"chatd/internal/server"
)

type serveCommand struct{}

func (serveCommand) Run(ctx context.Context, t *terminal) error {
	c, err := t.databaseConfig()
	if err != nil {
		return err
	}
	log := t.logger(c)
	if c.StorageURL == "" {
		c.StorageURL = "chatd-files"
		if c.RedisURL != "" {
			log.Warn("CHATD_STORAGE_URL is not set: files are kept in a folder here, where other nodes may not find them", "folder", c.StorageURL)
		}
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", c.Addr)
	if err != nil {
		return err
	}
	s, err := server.New(ctx, server.FromConfig(c, log))
	if err != nil {
		return errors.Join(err, l.Close())
	}
	log.Info("listening", "addr", l.Addr().String(), "node", c.NodeID, "version", buildVersion())
	err = serve(ctx, s, c, log, l)
	log.Info("stopped")
	return err
}

// The bounds of HTTP connections. Bodies and answers have none here: long polls and
// uploads take their time, and handlers bound what they read.
const (
	headerTimeout = 10 * time.Second
	idleTimeout   = 2 * time.Minute
	maxHeader     = 128 << 10 // bytes; above the limit that is answered in the form of the API
)

// headroom is what a node may leave uncollected beside what Go allows, which is as
// much again as is alive: little in a small node, which would collect several times
// a second.
const headroom = 32 << 20 // bytes

// serve runs s on the listeners until ctx ends, then stops: no new connections,
// requests and sockets end, background work is finished.
func serve(ctx context.Context, s *server.Server, c *config.Config, log *slog.Logger, listeners ...net.Listener) error {
	reserve := make([]byte, headroom) // counts as alive, but is never touched and takes no memory
	defer runtime.KeepAlive(reserve)
	procs := newProcessors()
	site := newHTTPServer(procs.count(s.Handler()), log)
	// The server's own work goes on until the last request is answered.
	work, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWork()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return s.Run(work) })
	g.Go(func() error { procs.run(ctx); return nil })
	for _, l := range listeners {
		g.Go(func() error { return served(site.Serve(l)) })
	}
	g.Go(func() error {
		<-ctx.Done()
		defer stopWork()
		return stop(s, site, c.ShutdownTimeout, log)
	})
	if c.PprofAddr != "" {
		g.Go(func() error { return servePprof(ctx, c.PprofAddr, log) })
	}
	return g.Wait()
}

func newHTTPServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: headerTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug), // what clients do wrong
	}
}

// stop closes connections and lets requests end within timeout, and cuts off the
// rest.
func stop(s *server.Server, site *http.Server, timeout time.Duration, log *slog.Logger) error {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	var drained sync.WaitGroup
	drained.Go(func() { s.Drain(ctx) })
	err := site.Shutdown(ctx)
	drained.Wait()
	if errors.Is(err, context.DeadlineExceeded) {
		log.Warn("requests that did not end in time were cut off", "timeout", timeout)
		return site.Close()
	}
	return err
}

// served drops the error that only says that a server was stopped.
func served(err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// servePprof serves Go's profiler until ctx ends.
func servePprof(ctx context.Context, addr string, log *slog.Logger) error {
	m := http.NewServeMux()
	m.HandleFunc("/debug/pprof/", pprof.Index)
	m.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	m.HandleFunc("/debug/pprof/profile", pprof.Profile)
	m.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	m.HandleFunc("/debug/pprof/trace", pprof.Trace)
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	s := newHTTPServer(m, log)
	stop := context.AfterFunc(ctx, func() { _ = s.Close() }) // a profile that is being taken is lost
	defer stop()
	return served(s.Serve(l))
}
