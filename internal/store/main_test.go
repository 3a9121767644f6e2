package store_test

import (
	"testing"

	"chatd/internal/testkit/testdb"
)

func TestMain(m *testing.M) { testdb.Main(m) }
