// Package server wires chatd: it is the one place that knows all parts. It is a
// package of its own, not part of cmd/chatd, so that tests run exactly what the
// binary runs.
//
// New connects and builds; Run owns every background goroutine and returns when
// all have ended; nothing else may be used after Run has returned.
package server
