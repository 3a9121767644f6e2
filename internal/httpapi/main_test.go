package httpapi_test

import (
	"testing"

	"chatd/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }
