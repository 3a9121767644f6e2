// Package operations notes which operations of the API a server has answered with
// success, for the table of what works. It asks the server's metrics, so what
// counts is what was served, whoever the client was.
package operations

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// FileVariable names the file that test servers add their operations to when they
// end. Unset: they do not.
const FileVariable = "CHATD_TEST_OPERATIONS"

// succeeded matches a counter of requests that were not refused.
var succeeded = regexp.MustCompile(`(?m)^chatd_requests_total\{code="0",op="(\w+)",status="[0-3]\d*"\} [1-9]`)

// Record adds the operations that the server at base has answered to a file, which
// it makes if need be.
func Record(ctx context.Context, base, file string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/metrics", http.NoBody)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	metrics, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("metrics: %s", resp.Status)
	}
	return add(file, served(string(metrics)))
}

// served returns the operations that metrics show as answered, sorted.
func served(metrics string) []string {
	ops := map[string]bool{}
	for _, m := range succeeded.FindAllStringSubmatch(metrics, -1) {
		ops[m[1]] = true
	}
	return slices.Sorted(maps.Keys(ops))
}

func add(file string, ops []string) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
		return err
	}
	f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600) //nolint:gosec // G304: the caller names the file
	if err != nil {
		return err
	}
	if _, err := f.WriteString(strings.Join(ops, "\n") + "\n"); err != nil {
		_ = f.Close() // the first error counts
		return err
	}
	return f.Close()
}

// Read returns the operations in a file that Record wrote.
func Read(file string) (map[string]bool, error) {
	b, err := os.ReadFile(file) //nolint:gosec // G304: the caller names the file
	if err != nil {
		return nil, err
	}
	ops := map[string]bool{}
	for op := range strings.FieldsSeq(string(b)) {
		ops[op] = true
	}
	return ops, nil
}
