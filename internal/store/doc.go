// Package store keeps chatd's entities in PostgreSQL. It is the only package
// that knows SQL: one file per entity, filters compiled by package filter.
//
// Every call goes through App(id), so a statement without its tenant cannot be
// written. Writes that tell the world something run in InTx, which collects
// events and changes (Tx.Emit) and publishes them after the commit, before the
// caller goes on; a rollback publishes nothing. Messages are written by Send,
// which commits the sends that arrive at the same time together (send.go).
//
// Reads that nearly every request makes (keys, apps, types, users, channels,
// members) are answered from bounded in-process caches (cache.go) that are
// dropped by Stale changes on every node. What a cache returns is shared: copy
// it before changing it.
//
// A Store is safe for concurrent use; Close waits for its writers.
package store
