// Package appadmin is the area of what the operator of an app sets: the app's
// settings (GET and PATCH /app), its push providers with names, its channel types and
// the slash commands that these may allow; what a command does is package commands'.
//
// Settings and channel types are changed in the same way: the request's fields are
// decoded over what is stored, under a lock, so that only what was sent changes, and
// the result is checked as a whole before it is written.
//
// It checks the form of push, webhook and moderation settings and leaves what they do
// to the packages of those areas; roles and what grants mean are package permission's.
// A Service holds no state and may be used concurrently.
package appadmin
