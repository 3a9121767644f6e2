package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"
)

// report gathers figures over the rounds.
type report struct {
	mu    sync.Mutex
	order []string
	rows  map[string][]float64
	units map[string]string
}

// add notes a figure of one round. Rows keep the order in which they first came.
func (r *report) add(row, unit string, v float64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.rows == nil {
		r.rows, r.units = map[string][]float64{}, map[string]string{}
	}
	if _, ok := r.rows[row]; !ok {
		r.order = append(r.order, row)
		r.units[row] = unit
	}
	r.rows[row] = append(r.rows[row], v)
}

// ratio notes v/base, unless the base is not known.
func (r *report) ratio(row string, v, base float64) {
	if base > 0 {
		r.add(row, "x", v/base)
	}
}

// print writes a Markdown table: the median of the rounds, and their range.
func (r *report) print(w io.Writer) {
	_, _ = fmt.Fprint(w, "| what | median | range | unit |\n|---|---|---|---|\n")
	for _, row := range r.order {
		v := slices.Sorted(slices.Values(r.rows[row]))
		_, _ = fmt.Fprintf(w, "| %s | %s | %s - %s | %s |\n", row, short(v[len(v)/2]), short(v[0]), short(v[len(v)-1]), r.units[row])
	}
}

func short(v float64) string {
	s := fmt.Sprintf("%.2f", v)
	switch {
	case v >= 100:
		s = fmt.Sprintf("%.0f", v)
	case v >= 10:
		s = fmt.Sprintf("%.1f", v)
	}
	return strings.TrimSuffix(s, ".00")
}

// latencies are the times of single operations.
type latencies struct {
	mu sync.Mutex
	d  []time.Duration
}

func (l *latencies) add(d []time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.d = append(l.d, d...)
}

// at returns the p-th part of the sorted times, in milliseconds.
func (l *latencies) at(p float64) float64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.d) == 0 {
		return 0
	}
	slices.Sort(l.d)
	return float64(l.d[min(int(p*float64(len(l.d))), len(l.d)-1)].Microseconds()) / 1000
}
