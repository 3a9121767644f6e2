package devstack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
)

// BinVariable is the environment variable that names the folder of PostgreSQL's
// programs when they are not where they are looked for.
const BinVariable = "CHATD_PG_BIN"

// oldestMajor is the oldest PostgreSQL that the schema and the queries work on.
const oldestMajor = 14

// ErrNoPostgres means that no usable PostgreSQL server is installed.
var ErrNoPostgres = fmt.Errorf("no PostgreSQL %d or newer found: install it (Debian: apt-get install postgresql; macOS: brew install postgresql@17), "+
	"or name the folder of its programs in %s", oldestMajor, BinVariable)

// wellKnown is where packages put PostgreSQL's programs outside PATH.
var wellKnown = []string{
	"/usr/lib/postgresql/*/bin",         // Debian, Ubuntu
	"/usr/pgsql-*/bin",                  // Red Hat, from PostgreSQL's own packages
	"/usr/libexec/postgresql*",          // Alpine
	"/opt/homebrew/opt/postgresql*/bin", // macOS, Apple silicon
	"/usr/local/opt/postgresql*/bin",    // macOS, Intel
	"/Applications/Postgres.app/Contents/Versions/*/bin",
}

// programs is an installed PostgreSQL.
type programs struct {
	dir   string
	major int
}

func (p programs) postgres() string { return filepath.Join(p.dir, "postgres") }
func (p programs) initdb() string   { return filepath.Join(p.dir, "initdb") }

// findPostgres returns the installed PostgreSQL of version major, or the newest
// one when major is 0.
func findPostgres(ctx context.Context, major int) (programs, error) {
	all, err := installed(ctx)
	if err != nil {
		return programs{}, err
	}
	if major != 0 {
		all = slices.DeleteFunc(all, func(p programs) bool { return p.major != major })
	}
	if len(all) == 0 {
		return programs{}, ErrNoPostgres
	}
	return slices.MaxFunc(all, func(a, b programs) int { return cmp.Compare(a.major, b.major) }), nil
}

// installed returns every PostgreSQL that can be found: only that of BinVariable
// if it is set, else those of PATH and the well-known folders.
func installed(ctx context.Context) ([]programs, error) {
	if dir := os.Getenv(BinVariable); dir != "" {
		p, err := probe(ctx, dir)
		if err != nil {
			return nil, fmt.Errorf("%s=%s: %w", BinVariable, dir, err)
		}
		return []programs{p}, nil
	}
	var dirs []string
	if path, err := exec.LookPath("postgres"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			dirs = append(dirs, filepath.Dir(path))
		}
	}
	for _, pattern := range wellKnown {
		found, _ := filepath.Glob(pattern) // only a bad pattern is an error
		dirs = append(dirs, found...)
	}
	var all []programs
	for _, dir := range dirs {
		if p, err := probe(ctx, dir); err == nil {
			all = append(all, p)
		}
	}
	return all, ctx.Err() // asking them was cut short
}

var versionNumber = regexp.MustCompile(`\d+`)

// probe asks the programs in dir for their version.
func probe(ctx context.Context, dir string) (programs, error) {
	p := programs{dir: dir}
	if _, err := os.Stat(p.initdb()); err != nil {
		return p, err
	}
	out, err := exec.CommandContext(ctx, p.postgres(), "--version").Output() //nolint:gosec // G204: the program that we found
	if err != nil {
		return p, fmt.Errorf("%s --version: %w", p.postgres(), err)
	}
	p.major, err = strconv.Atoi(string(versionNumber.Find(out)))
	if err != nil {
		return p, fmt.Errorf("%s --version: no version in %q", p.postgres(), out)
	}
	if p.major < oldestMajor {
		return p, errors.New("PostgreSQL " + strconv.Itoa(p.major) + " is too old")
	}
	return p, nil
}
