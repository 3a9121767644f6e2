// Package auth tells who is calling: tokens of users and of servers, development
// tokens, revocation, and the Actor that a request acts for.
//
// It owns the form and the checks of tokens and the errors of failed ones. It leaves
// to its callers where a token is found in a request, which app and secret a key
// belongs to, and loading the user: nothing here reads a database or a clock.
//
// All functions and the Verifier are safe for concurrent use; an Actor is written
// by the middleware that makes it and only read after it is in a context.
package auth
