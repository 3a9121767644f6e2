package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"

	"golang.org/x/sync/errgroup"

	"chatd/internal/devstack"
	"chatd/internal/server"
)

type devCommand struct {
	Addr    string `default:"127.0.0.1:8080" help:"Address to listen on, host:port."`
	DataDir string `default:".chatd" help:"Folder for the database and the demo app's credentials."`
	Key     string `help:"The demo app's API key, 10 to 30 characters; with --secret."`
	Secret  string `help:"The demo app's API secret, 50 to 75 characters; with --key."`
}

// Run runs everything in this process, with PostgreSQL as its child, until ctx
// ends. The address is taken first, so that a second chatd dev fails before it has
// done anything.
func (d *devCommand) Run(ctx context.Context, t *terminal) (err error) {
	asked := credentials{d.Key, d.Secret}
	if asked != (credentials{}) {
		if err := asked.check(); err != nil {
			return err
		}
	}
	c, err := t.config("CHATD_LOG_FORMAT=text", "CHATD_LINK_PREVIEWS=on", "CHATD_TRANSLATE_URL="+server.Dictionary, "CHATD_LINK_NETWORKS="+here, "CHATD_HOOK_NETWORKS="+nearby)
	if err != nil {
		return err
	}
	log := t.logger(c)
	listeners, err := listen(ctx, d.Addr, localPorts...)
	if err != nil {
		return fmt.Errorf("%w (another address: --addr)", err)
	}
	defer func() {
		for _, l := range listeners {
			_ = l.Close() // most have been closed by then
		}
	}()
	dir, err := d.folder(ctx, t)
	if err != nil {
		return err
	}
	db, err := startDatabase(ctx, dir, log)
	if err != nil {
		return err
	}
	defer func() {
		if stopped := db.close(); !errors.Is(err, stopped) {
			err = errors.Join(err, stopped)
		}
	}()
	c.DatabaseURL, c.DatabaseDirectURL, c.RedisURL = db.dsn, db.dsn, ""
	c.StorageURL = cmp.Or(c.StorageURL, filepath.Join(dir, "files"))

	app, err := openDevApp(ctx, dir, db.dsn, asked)
	if err != nil {
		return err
	}
	s, err := server.New(ctx, server.FromConfig(c, log))
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return serve(ctx, s, c, log, listeners...) })
	g.Go(func() error { return db.failed(ctx) })
	g.Go(func() error {
		app.url = baseURL(listeners[0])
		err := app.fill(ctx)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // stopped meanwhile
		}
		if err != nil {
			log.Warn("the demo data could not be made", "error", err)
		}
		return app.greet(t, dir)
	})
	return g.Wait()
}

// Where a developer's own servers are: on this machine, and in private networks.
const (
	here   = "127.0.0.0/8,::1/128"
	nearby = here + ",10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7"
)

// folder finds a place for the data and says so when it is not the one asked for.
func (d *devCommand) folder(ctx context.Context, t *terminal) (string, error) {
	dir, err := devstack.Folder(ctx, d.DataDir)
	if err != nil {
		return "", err
	}
	if asked, err := filepath.Abs(d.DataDir); err == nil && asked != dir {
		t.printf("The data is in %s: PostgreSQL cannot use %s.\n", dir, asked)
	}
	return dir, nil
}

// localPorts are where the JavaScript SDK looks for a server in its local mode:
// requests, websockets, long polls.
var localPorts = []string{"3030", "8800", "8900"}

// listen listens on addr, and where that is free on the other loopback address, as
// localhost may mean either, and on more ports.
func listen(ctx context.Context, addr string, ports ...string) ([]net.Listener, error) {
	var lc net.ListenConfig
	first, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	host, port, err := net.SplitHostPort(first.Addr().String())
	if err != nil {
		return nil, errors.Join(err, first.Close())
	}
	hosts := []string{host}
	switch host {
	case "127.0.0.1":
		hosts = append(hosts, "::1")
	case "::1":
		hosts = append(hosts, "127.0.0.1")
	}
	all := []net.Listener{first}
	for _, p := range append([]string{port}, ports...) {
		for _, h := range hosts {
			if l, err := lc.Listen(ctx, "tcp", net.JoinHostPort(h, p)); err == nil {
				all = append(all, l)
			}
		}
	}
	return all, nil
}

// baseURL is how a program on this machine reaches a listener.
func baseURL(l net.Listener) string {
	addr, ok := l.Addr().(*net.TCPAddr)
	if ok && addr.IP.IsUnspecified() {
		return fmt.Sprintf("http://127.0.0.1:%d", addr.Port)
	}
	return "http://" + l.Addr().String()
}

// database is the private PostgreSQL, started again whenever it dies.
type database struct {
	dsn    string
	cancel context.CancelFunc
	done   chan struct{}
	err    error // why it is no more; read it after done
}

func startDatabase(ctx context.Context, dir string, log *slog.Logger) (*database, error) {
	o := devstack.PostgresOptions{Dir: dir}
	pg, err := devstack.StartPostgres(ctx, o)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	d := &database{dsn: pg.DSN("postgres"), cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(d.done)
		d.err = keep(ctx, pg, o, log)
	}()
	return d, nil
}

// keep starts PostgreSQL again when it dies, and stops it when ctx ends.
func keep(ctx context.Context, pg *devstack.Postgres, o devstack.PostgresOptions, log *slog.Logger) error {
	for {
		select {
		case <-ctx.Done():
			return pg.Stop()
		case <-pg.Done():
		}
		log.Warn("PostgreSQL died and is started again", "log", filepath.Join(o.Dir, "postgres.log"))
		if err := pg.Stop(); err != nil { // gives up the folder
			return err
		}
		next, err := devstack.StartPostgres(ctx, o)
		if ctx.Err() != nil && err != nil {
			return nil //nolint:nilerr // it was not to be started any more
		}
		if err != nil {
			return err
		}
		pg = next
		log.Info("PostgreSQL runs again")
	}
}

// failed waits for ctx or for the end of the database, which is an error.
func (d *database) failed(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case <-d.done:
		return d.err
	}
}

// close stops the database.
func (d *database) close() error {
	d.cancel()
	<-d.done
	return d.err
}
