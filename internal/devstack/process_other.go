//go:build !linux

package devstack

import "syscall"

// setDeathSignal does nothing: only Linux has such a signal. The next start finds
// a child that was left behind and stops it.
func setDeathSignal(*syscall.SysProcAttr, syscall.Signal) {}
