// Package httpapi is chatd's HTTP: the routing table (routes.go), which binds each
// operation of the API to one method of an area; binding of requests, the table
// of errors, and what every request passes through. It is the only package that
// knows HTTP; areas see typed requests and return typed responses or errors.
//
// A request's way: request id, recovery and one log line (observe.go), CORS, path
// clean-up, then per route: token -> actor (authenticate.go), rate limit, body
// and parameters -> request struct (bind.go), the method, response or error.
// Handlers run concurrently; the API holds no state of its own.
package httpapi
