// Command coverage writes the tables of what works: which operations of the API
// the test suites have used with success. It reads the list of operations and what
// the suites recorded, and writes docs/coverage.md and the summary in the README:
//
//	coverage OPERATIONS-LIST RECORDS-FOLDER README COVERAGE-PAGE
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"chatd/internal/testkit/operations"
)

// suites are the columns: the name of a suite's record, and what it is called.
var suites = []struct{ file, title string }{
	{"route", "route tests"},
	{"js", "JavaScript SDK"},
	{"node", "Node server SDK"},
	{"go", "Go SDK"},
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "coverage:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 4 {
		return errors.New("usage: coverage OPERATIONS-LIST RECORDS-FOLDER README COVERAGE-PAGE")
	}
	list, err := os.ReadFile(args[0]) //nolint:gosec // G703: named on the command line
	if err != nil {
		return err
	}
	var records []map[string]bool
	for _, s := range suites {
		r, err := operations.Read(filepath.Join(args[1], s.file))
		if err != nil {
			return err
		}
		records = append(records, r)
	}
	areas := parse(string(list), records)
	if err := replaceBlock(args[2], summary(areas)); err != nil {
		return err
	}
	return write(args[3], page(areas))
}

// area is a part of the list under one heading.
type area struct {
	name string
	rows []row
}

// row is a route and whether each suite has used its operation.
type row struct {
	method, path, op string
	used             []bool
}

// parse reads the list: METHOD path operation caller, under headings that are
// comments after a blank line. A heading's first sentence is its name.
func parse(list string, records []map[string]bool) []area {
	var areas []area
	heading, blank := "", true
	for line := range strings.Lines(list) {
		f := strings.Fields(line)
		switch {
		case len(f) == 0:
			blank = true
			continue
		case f[0] == "#" && blank:
			heading, _, _ = strings.Cut(strings.Join(f[1:], " "), ". ")
		case f[0] != "#" && len(f) > 2:
			if len(areas) == 0 || areas[len(areas)-1].name != heading {
				areas = append(areas, area{name: heading})
			}
			r := row{method: f[0], path: f[1], op: f[2]}
			for _, used := range records {
				r.used = append(r.used, used[r.op])
			}
			last := &areas[len(areas)-1]
			last.rows = append(last.rows, r)
		}
		blank = false
	}
	return areas
}

// summary is the table of the areas.
func summary(areas []area) string {
	var b strings.Builder
	b.WriteString(header("area", "routes"))
	total := area{name: "**all**"}
	for _, a := range areas {
		b.WriteString(a.counts())
		total.rows = append(total.rows, a.rows...)
	}
	b.WriteString(total.counts())
	return b.String()
}

// counts is the area's line of the summary.
func (a area) counts() string {
	cells := []string{a.name, strconv.Itoa(len(a.rows))}
	for i := range suites {
		n := 0
		for _, r := range a.rows {
			if r.used[i] {
				n++
			}
		}
		cells = append(cells, strconv.Itoa(n))
	}
	return "| " + strings.Join(cells, " | ") + " |\n"
}

// page is the document with a line for each route.
func page(areas []area) string {
	var b strings.Builder
	b.WriteString("# What works\n\nWritten by `make coverage` from what the tests did: ✓ means that the tests of that column called the operation and it\n" +
		"succeeded. How it refuses what it must refuse is the matter of the route tests, which know more than a tick can say.\n")
	for _, a := range areas {
		fmt.Fprintf(&b, "\n## %s\n\n%s", a.name, header("route", "operation"))
		for _, r := range a.rows {
			fmt.Fprintf(&b, "| `%s %s` | %s |", r.method, r.path, r.op)
			for _, used := range r.used {
				b.WriteString(map[bool]string{true: " ✓ |", false: "  |"}[used])
			}
			b.WriteString("\n")
		}
	}
	return b.String()
}

// header is the head of a table with these columns and the suites'.
func header(columns ...string) string {
	for _, s := range suites {
		columns = append(columns, s.title)
	}
	return "| " + strings.Join(columns, " | ") + " |\n" + strings.Repeat("|---", len(columns)) + "|\n"
}

const (
	blockBegin = "<!-- coverage: make coverage -->\n"
	blockEnd   = "<!-- /coverage -->"
)

// replaceBlock puts text between the marks in a file.
func replaceBlock(file, text string) error {
	b, err := os.ReadFile(file) //nolint:gosec // G304: named on the command line
	if err != nil {
		return err
	}
	before, rest, ok := strings.Cut(string(b), blockBegin)
	_, after, closed := strings.Cut(rest, blockEnd)
	if !ok || !closed {
		return fmt.Errorf("%s has no block %s…%s", file, strings.TrimSpace(blockBegin), blockEnd)
	}
	return write(file, before+blockBegin+text+blockEnd+after)
}

func write(file, text string) error {
	return os.WriteFile(file, []byte(text), 0o644) //nolint:gosec // G306: documentation
}
