package operations_test

import (
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"testing"

	"chatd/internal/testkit/operations"
)

const metrics = `# TYPE chatd_requests_total counter
chatd_requests_total{code="0",op="SendMessage",status="201"} 5
chatd_requests_total{code="17",op="SendMessage",status="403"} 2
chatd_requests_total{code="16",op="GetMessage",status="404"} 1
chatd_requests_total{code="0",op="Connect",status="101"} 12
chatd_requests_total{code="43",op="Connect",status="101"} 1
chatd_request_seconds_count{op="DeleteMessage"} 3
`

func TestRecord(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/metrics" {
			http.NotFound(w, r)
			return
		}
		_, _ = io.WriteString(w, metrics)
	}))
	t.Cleanup(s.Close)
	file := filepath.Join(t.TempDir(), "new", "ops")
	for range 2 { // as from two nodes
		if err := operations.Record(t.Context(), s.URL, file); err != nil {
			t.Fatal(err)
		}
	}
	ops, err := operations.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	if got := slices.Sorted(maps.Keys(ops)); !slices.Equal(got, []string{"Connect", "SendMessage"}) {
		t.Errorf("operations = %v", got)
	}
	if err := operations.Record(t.Context(), s.URL+"/elsewhere", file); err == nil {
		t.Error("no error from a server without metrics")
	}
}
