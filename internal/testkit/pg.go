package testkit

import (
	"testing"

	"chatd/internal/testkit/testdb"
)

// Database returns the URL of this test binary's database: see testdb.Database.
func Database(tb testing.TB) string {
	tb.Helper()
	return testdb.Database(tb)
}

// Isolated returns the URL of a database for this test alone: see testdb.Isolated.
func Isolated(tb testing.TB) string {
	tb.Helper()
	return testdb.Isolated(tb)
}

// Redis returns the URL of a Redis: see testdb.Redis.
func Redis(tb testing.TB) string {
	tb.Helper()
	return testdb.Redis(tb)
}

// Main runs the tests of a package and ends what they shared: see testdb.Main.
func Main(m *testing.M) { testdb.Main(m) }
