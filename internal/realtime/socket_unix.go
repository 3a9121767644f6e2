//go:build unix

package realtime

import (
	"errors"
	"syscall"
)

// writeNow writes what a non-blocking socket takes: 0 bytes if it is full.
func writeNow(fd uintptr, b []byte) (int, error) {
	for {
		n, err := syscall.Write(int(fd), b)
		switch {
		case err == nil:
			return n, nil
		case errors.Is(err, syscall.EINTR):
			continue
		case errors.Is(err, syscall.EAGAIN):
			return 0, nil
		}
		return 0, err
	}
}
