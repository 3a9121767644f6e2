// Command chatd is a self-hosted server for the Stream Chat API. This package is
// its commands: what they take, print and exit with. What they run is in the
// internal packages, put together by package server.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"chatd/internal/config"
	_ "chatd/internal/storage/clouds" // S3 and others
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends us at once
	err := run(ctx, os.Args[1:], &terminal{environ: os.Environ(), out: os.Stdout, err: os.Stderr})
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "chatd:", err)
		os.Exit(1)
	}
}

// commands are the command line. Every command has a Run method.
type commands struct {
	Dev   devCommand   `cmd:"" help:"Run everything in one process, with a database of its own and a demo app."`
	Serve serveCommand `cmd:"" help:"Run a node for production, configured by CHATD_* variables (see config)."`

	Migrate struct {
		Up     migrateUpCommand     `cmd:"" help:"Bring the database to the newest schema."`
		Status migrateStatusCommand `cmd:"" help:"Show which migrations the database has."`
	} `cmd:"" help:"The database's schema; serve and dev bring it up to date themselves."`

	App struct {
		Create appCreateCommand `cmd:"" help:"Make an app with an API key and secret."`
		List   appListCommand   `cmd:"" help:"Show the apps and their keys."`
	} `cmd:"" help:"Apps and their keys."`

	Token   tokenCommand   `cmd:"" help:"Print a token for a user."`
	Config  configCommand  `cmd:"" help:"Show every setting, its value and its meaning."`
	Version versionCommand `cmd:"" help:"Print the version."`
	Health  healthCommand  `cmd:"" hidden:"" help:"Succeed if the node on this machine is ready; for containers."`
}

// terminal is what a command has of the process around it.
type terminal struct {
	environ  []string
	out, err io.Writer
}

// run executes one command line.
func run(ctx context.Context, args []string, t *terminal) error {
	parser, err := kong.New(&commands{},
		kong.Name("chatd"),
		kong.Description("A self-hosted server for the Stream Chat API."),
		kong.Writers(t.out, t.err),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(t),
	)
	if err != nil {
		return err
	}
	command, err := parser.Parse(args)
	if err != nil {
		return err
	}
	return command.Run()
}

// printf writes to the terminal; a closed one is no reason to stop.
func (t *terminal) printf(format string, args ...any) { _, _ = fmt.Fprintf(t.out, format, args...) }

// config reads the settings; defaults are variables that count when the
// environment has none of that name.
func (t *terminal) config(defaults ...string) (*config.Config, error) {
	return config.Load(append(defaults, t.environ...))
}

// databaseConfig reads the settings for a command that needs the database.
func (t *terminal) databaseConfig() (*config.Config, error) {
	c, err := t.config()
	if err == nil && c.DatabaseURL == "" {
		err = errors.New("CHATD_DATABASE_URL is not set: it names the PostgreSQL to use, as postgres://user:password@host/database")
	}
	return c, err
}

// logger returns the log that the settings ask for, on the error output.
func (t *terminal) logger(c *config.Config) *slog.Logger {
	o := &slog.HandlerOptions{Level: c.LogLevel}
	if c.LogFormat == "text" {
		return slog.New(slog.NewTextHandler(t.err, o))
	}
	return slog.New(slog.NewJSONHandler(t.err, o))
}
