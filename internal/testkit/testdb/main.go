package testdb

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
)

// Main runs the tests of a package and then ends what they shared:
//
//	func TestMain(m *testing.M) { testdb.Main(m) }
func Main(m *testing.M) {
	code := m.Run()
	if err := closeShared(); err != nil {
		fmt.Fprintln(os.Stderr, "testkit:", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// ends are what Main calls at the end.
var ends struct {
	mu    sync.Mutex
	funcs []func() error
}

// AtEnd has Main call end after the tests, the last given first.
func AtEnd(end func() error) {
	ends.mu.Lock()
	defer ends.mu.Unlock()
	ends.funcs = append(ends.funcs, end)
}

func closeShared() error {
	ends.mu.Lock()
	defer ends.mu.Unlock()
	var errs []error
	for _, end := range slices.Backward(ends.funcs) {
		errs = append(errs, end())
	}
	return errors.Join(errs...)
}
