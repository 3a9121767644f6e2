// Package jobs is the work that happens outside of requests: enqueued in the
// transaction that makes it necessary, done by any node, tried again until it
// succeeds. It stands on River, which keeps its jobs in PostgreSQL.
//
// It owns how jobs are queued, run, retried and rescued; what a job does is its
// area's, which registers a function for each kind (Handle) while the server is
// built. A job may run more than once: when a node dies, and when the function
// returned an error. So the functions must be idempotent.
//
// Enqueue may be called from any goroutine once all kinds are registered. Run is
// called once, and waits for what it started.
package jobs
