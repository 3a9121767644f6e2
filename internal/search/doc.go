// Package search is the API's search for messages: in which channels the caller may
// look, and what he may ask.
//
// It leaves how messages are found to package store, which fields they have to package
// filter, and who may read a channel to package access.
//
// A Service holds no state and may be used concurrently.
package search
