// Package access answers who a request acts for and what he may do in a channel:
// the part of every area's decisions that is the same everywhere. It reads the
// store's caches and the prepared grants, holds no state, and may be used
// concurrently.
package access
