package httpapi

import (
	"fmt"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// callerNames are the classes of callers as testdata/operations.txt calls them.
var callerNames = map[caller]string{
	anyone: "anyone", server: "server", public: "public", anonymous: "anonymous", clientOnly: "client",
}

// operation is a line of testdata/operations.txt.
type operation struct{ method, path, op, caller string }

func (o operation) String() string {
	return fmt.Sprintf("%s %s %s %s", o.method, o.path, o.op, o.caller)
}

// key tells routes apart.
func (o operation) key() string { return o.method + " " + o.path }

// operations reads the list of what is served, by key.
func operations(t *testing.T) map[string]operation {
	t.Helper()
	file, err := os.ReadFile("testdata/operations.txt")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]operation{}
	for line := range strings.Lines(string(file)) {
		f := strings.Fields(line)
		if len(f) == 0 || f[0] == "#" {
			continue
		}
		if len(f) != 4 {
			t.Fatalf("not METHOD path operation caller: %s", line)
		}
		o := operation{f[0], f[1], f[2], f[3]}
		if other, ok := out[o.key()]; ok {
			t.Errorf("listed twice: %v, %v", other, o)
		}
		out[o.key()] = o
	}
	return out
}

// TestRoutes reads the routing table against the list: none missing, none extra,
// the same operation and the same class of callers.
func TestRoutes(t *testing.T) {
	t.Parallel()
	listed := operations(t)
	for _, r := range (&API{}).Routes() {
		got := operation{r.Method, r.Path, r.Op, callerNames[r.caller]}
		want, ok := listed[got.key()]
		switch {
		case !ok:
			t.Errorf("not listed, or routed twice: %v", got)
		case got != want:
			t.Errorf("routed as %v, listed as %v", got, want)
		}
		delete(listed, got.key())
	}
	for _, key := range slices.Sorted(maps.Keys(listed)) {
		t.Errorf("listed and not routed: %v", listed[key])
	}
}

var pathParam = regexp.MustCompile(`\{(\w+)\}`)

// TestRoutesBindTheirPaths checks that what a path names arrives in the request.
func TestRoutesBindTheirPaths(t *testing.T) {
	t.Parallel()
	for _, r := range (&API{}).Routes() {
		if r.Req == nil {
			continue // it speaks HTTP itself
		}
		if r.Req.Kind() != reflect.Struct || r.Resp.Kind() != reflect.Struct {
			t.Errorf("%s: %v -> %v are not both structs", r.Op, r.Req, r.Resp)
			continue
		}
		var bound []string
		for _, p := range paramsOf(r.Req, nil) {
			if p.path {
				bound = append(bound, p.name)
			}
		}
		for _, m := range pathParam.FindAllStringSubmatch(r.Path, -1) {
			if !slices.Contains(bound, m[1]) {
				t.Errorf("%s %s: %v has no field for %s", r.Method, r.Path, r.Req, m[0])
			}
		}
	}
}

// TestOperationsAreOne checks that routes of one operation are alike to callers:
// limits, errors and logs know only its name.
func TestOperationsAreOne(t *testing.T) {
	t.Parallel()
	seen := map[string]Route{}
	for _, r := range (&API{}).Routes() {
		first, ok := seen[r.Op]
		if !ok {
			seen[r.Op] = r
			continue
		}
		if r.caller != first.caller || r.Req != first.Req || r.Resp != first.Resp || r.actAs != first.actAs || r.required != first.required {
			t.Errorf("%s %s and %s %s are both %s and differ", r.Method, r.Path, first.Method, first.Path, r.Op)
		}
	}
}
