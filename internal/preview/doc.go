// Package preview makes attachments of pages that are linked to: what a message with
// a link gets, and what GET /og answers.
//
// It owns what a page's metadata mean (meta.go, attachment.go), how long a page may
// take, and what is remembered of it. Which link of which message is shown is for
// package messages to decide, and what may be called for package outbound.
//
// A page is loaded once for all who ask at the same time, in a goroutine of its own
// that goes on when they stop waiting, so that whoever asks again finds it. What was
// found is kept in memory for an hour, that nothing was found for a minute. A Service
// is safe for concurrent use; Close ends what it has begun.
package preview
