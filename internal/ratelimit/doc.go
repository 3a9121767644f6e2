// Package ratelimit counts requests in minutes of the clock and says when there
// were too many: per app, endpoint and platform, and per user, endpoint and
// platform.
//
// It owns the default limits by operation, the counting (Memory for one node, Redis
// for several) and the decision (Policy). It leaves to the HTTP layer the headers
// and the error, and who the caller is.
//
// A window starts and ends with the minute, for all keys at once, as the API's
// X-RateLimit-Reset says. Times are the machine's, not an app's own clock. All types
// are safe for concurrent use; none starts a goroutine.
package ratelimit
