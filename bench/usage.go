package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of /proc's CPU times.
const tick = 10 * time.Millisecond

// cpu returns the CPU time that a process and its children have used so far. On
// systems without /proc it is 0, and ratios of it are not shown.
func cpu(pid int) time.Duration {
	total := cpuOf(pid)
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return total
	}
	for _, f := range files {
		child, err := strconv.Atoi(filepath.Base(filepath.Dir(f)))
		if err == nil && parentOf(child) == pid {
			total += cpuOf(child)
		}
	}
	return total
}

// stat returns the fields of /proc/pid/stat behind the command's name.
func stat(pid int) []string {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil
	}
	_, rest, _ := strings.Cut(string(b), ") ")
	return strings.Fields(rest)
}

// The places of fields in stat.
const (
	statParent              = 1
	statUser, statSystem    = 11, 12
	statUserDead, statSysDd = 13, 14 // of children that have ended
)

func parentOf(pid int) int {
	f := stat(pid)
	if len(f) <= statParent {
		return 0
	}
	n, _ := strconv.Atoi(f[statParent]) // a kernel's number
	return n
}

func cpuOf(pid int) time.Duration {
	f := stat(pid)
	if len(f) <= statSysDd {
		return 0
	}
	var ticks int64
	for _, i := range []int{statUser, statSystem, statUserDead, statSysDd} {
		n, _ := strconv.ParseInt(f[i], 10, 64) // a kernel's number
		ticks += n
	}
	return time.Duration(ticks) * tick
}

// resident returns a process' resident memory in bytes, without that of files (its
// program); 0 on systems without /proc.
func resident(pid int) int64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0
	}
	f := strings.Fields(string(b)) // size, resident, of files, …
	if len(f) < 3 {
		return 0
	}
	all, _ := strconv.ParseInt(f[1], 10, 64) // a kernel's number
	files, _ := strconv.ParseInt(f[2], 10, 64)
	return (all - files) * int64(os.Getpagesize())
}
