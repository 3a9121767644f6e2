// Package devstack runs the servers that chatd needs as private child processes:
// a PostgreSQL cluster in a data folder, reached over a unix socket that only its
// owner can open, and for tests a Redis on a loopback port. It finds the
// installed programs and downloads nothing.
//
// What is in the database is not its matter, and neither is Redis for
// production: there an operator gives the addresses.
//
// One process owns a data folder at a time (a file lock). A child has one owner
// too: a goroutine that waits for it, and Stop, which returns when it is gone. If
// the owner is killed, Linux tells the child to shut down; elsewhere, and when
// the child is slow, the next start of the same folder stops what was left and
// takes over. Exported methods are safe for concurrent use.
package devstack
