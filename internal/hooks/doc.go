// Package hooks posts to the servers of apps: JSON that is signed with the app's
// secret, so that they know who it is from.
//
// Post makes one request and returns the answer. Enqueue has something posted after a
// transaction, again and again until it is taken or given up. Where hooks lead, an app
// says in its settings; where they may lead, the operator, through the client that
// makes the requests.
//
// A Caller is safe for concurrent use.
package hooks
