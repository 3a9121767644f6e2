package main

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
)

// report gathers figures over the rounds.
type report struct {
	tables []*table
	now    *table // of the workload that runs
}

// table holds a workload's figures.
type table struct {
	title, beside string
	rows          []*row
}

// row is one figure, with a value for each round. base, if there is one, is what
// the value is set beside, measured in the same round.
type row struct {
	what, unit string
	v, base    []float64
}

// section directs what is added next to the table with the title.
func (r *report) section(title, beside string) {
	i := slices.IndexFunc(r.tables, func(t *table) bool { return t.title == title })
	if i < 0 {
		i = len(r.tables)
		r.tables = append(r.tables, &table{title: title, beside: beside})
	}
	r.now = r.tables[i]
}

// add notes a figure of one round.
func (r *report) add(what, unit string, v float64) {
	w := r.now.row(what, unit)
	w.v = append(w.v, v)
}

// pair notes a figure and what it is set beside, both of the same round.
func (r *report) pair(what, unit string, v, base float64) {
	w := r.now.row(what, unit)
	w.v, w.base = append(w.v, v), append(w.base, base)
}

// row finds a row. Rows keep the order in which they first came.
func (t *table) row(what, unit string) *row {
	i := slices.IndexFunc(t.rows, func(w *row) bool { return w.what == what && w.unit == unit })
	if i < 0 {
		i = len(t.rows)
		t.rows = append(t.rows, &row{what: what, unit: unit})
	}
	return t.rows[i]
}

// ratios returns value by base of each round, without rounds in which the base
// could not be measured.
func (w *row) ratios() []float64 {
	var out []float64
	for i, base := range w.base {
		if base > 0 {
			out = append(out, w.v[i]/base)
		}
	}
	return out
}

// head tells what the figures depend on.
func (b *bench) head(ctx context.Context, w io.Writer, rounds int) {
	var pg string
	if err := b.db.QueryRow(ctx, "SHOW server_version").Scan(&pg); err != nil {
		pg = "unknown"
	}
	_, _ = fmt.Fprintf(w, "%d CPUs, %s/%s, %s, PostgreSQL %s (fsync and synchronous_commit on); rounds: %d, of %v each.\n",
		runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version(), pg, rounds, b.duration)
}

// print writes a Markdown table for each workload: medians over the rounds, and
// ranges. Ratios are made in each round, so what else the machine did in it is in
// both figures.
func (r *report) print(w io.Writer) {
	for _, t := range r.tables {
		if len(t.rows) == 0 {
			continue
		}
		_, _ = fmt.Fprintf(w, "\n## %s\n\n| | unit | chatd | range | %s | ratio | range |\n|---|---|---|---|---|---|---|\n", t.title, t.beside)
		for _, row := range t.rows {
			_, _ = fmt.Fprintf(w, "| %s | %s | %s | %s | %s | %s | %s |\n", row.what, row.unit,
				median(row.v), span(row.v), median(row.base), median(row.ratios()), span(row.ratios()))
		}
	}
}

// median formats the middle one of v, or the mean of the two there.
func median(v []float64) string {
	if len(v) == 0 {
		return ""
	}
	s := slices.Sorted(slices.Values(v))
	return short((s[len(s)/2] + s[(len(s)-1)/2]) / 2)
}

func span(v []float64) string {
	if len(v) < 2 {
		return ""
	}
	return short(slices.Min(v)) + " - " + short(slices.Max(v))
}

func short(v float64) string {
	switch {
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return strings.TrimSuffix(fmt.Sprintf("%.1f", v), ".0")
	}
	return strings.TrimSuffix(fmt.Sprintf("%.2f", v), ".00")
}
