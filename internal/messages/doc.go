// Package messages is the API's area of messages: sending, reading, editing,
// pinning and deleting them, their threads, and their reactions.
//
// It owns what makes a message acceptable (content.go), its HTML (html.go), who
// may do what to it, and the events that tell of it. It leaves rows, unread
// numbers and the joining of sends into transactions to package store, the place
// of an actor in a channel to package access, and delivery to package realtime.
//
// # A message's way
//
// Send takes what the decision needs from the store's caches (channel, type,
// membership, users), checks permissions and content, renders the HTML and hands
// message and events to store.Send, which answers when they are durable and
// published. Only what few messages have costs a query: a parent, a quote, slow
// mode, members who hid the channel.
//
// Everything else changes a message under the lock of its row, in one transaction
// with the events that tell of it.
//
// A Service holds no state but which slow-mode sends are on their way, and is safe
// for concurrent use.
package messages
