package devstack

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestLeftoverIsTakenOver stands in for systems without a death signal: a server
// runs in the folder and nobody owns it.
func TestLeftoverIsTakenOver(t *testing.T) {
	t.Parallel()
	parent, err := os.MkdirTemp("", "devstack") //nolint:usetesting // t.TempDir is closed to PostgreSQL's user when we are root
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(parent) })
	if err := os.Chmod(parent, 0o711); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(parent, "data")
	c, err := openCluster(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.init(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	left, err := c.startOnce(t.Context(), true)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.lock.release(); err != nil {
		t.Fatal(err)
	}

	p, err := StartPostgres(t.Context(), PostgresOptions{Dir: dir, Fast: true})
	if err != nil {
		t.Fatal(err)
	}
	select {
	case <-left.Done():
	case <-time.After(30 * time.Second):
		t.Error("the leftover runs on")
	}
	if err := p.Stop(); err != nil {
		t.Error(err)
	}
}
