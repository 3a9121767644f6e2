// Package locations is the API's area of live locations: what a user goes on sharing
// of where he is, in messages that he sent.
//
// Sending a location is package messages', and so is telling of the message that
// carries it; that it is live no more when its time is over or the message is deleted
// follows from its row (package store).
//
// A Service holds no state and may be used concurrently.
package locations
