//go:build !linux

package realtime

import (
	"syscall"
	"time"
)

// giveUpAfter leaves dead peers to the system's own timeouts.
func giveUpAfter(syscall.RawConn, time.Duration) {}
