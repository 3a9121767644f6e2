package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReport(t *testing.T) {
	t.Parallel()
	r := &report{}
	r.section("Nothing measured", "nothing")
	for _, round := range []float64{1, 2, 4} {
		r.section("Sends", "inserts")
		r.pair("1 sender", "messages/s", 1000*round, 500)
		r.pair("lost", "", 0, 0)
		r.section("Lists", "SQL")
		r.add("size", "kB", 1.234*round)
	}
	var got strings.Builder
	r.print(&got)
	want := `
## Sends

| | unit | chatd | range | inserts | ratio | range |
|---|---|---|---|---|---|---|
| 1 sender | messages/s | 2000 | 1000 - 4000 | 500 | 4 | 2 - 8 |
| lost |  | 0 | 0 - 0 | 0 |  |  |

## Lists

| | unit | chatd | range | SQL | ratio | range |
|---|---|---|---|---|---|---|
| size | kB | 2.47 | 1.23 - 4.94 |  |  |  |
`
	if d := cmp.Diff(want, got.String()); d != "" {
		t.Error(d)
	}
}

func TestMedian(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		v    []float64
		want string
	}{
		{nil, ""},
		{[]float64{3}, "3"},
		{[]float64{3, 1}, "2"},
		{[]float64{9, 1, 2}, "2"},
		{[]float64{12.345}, "12.3"},
		{[]float64{100}, "100"},
		{[]float64{20}, "20"},
		{[]float64{1234.5}, "1234"},
	} {
		if got := median(tt.v); got != tt.want {
			t.Errorf("median of %v = %q, want %q", tt.v, got, tt.want)
		}
	}
}
