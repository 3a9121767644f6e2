// Package threads is the API's area of threads: listing those that a user takes part
// in, showing one, and giving it a title and custom data.
//
// It leaves replies to package messages, how far threads are read to package reads,
// and who takes part in them to package store, where a reply changes that.
//
// A Service holds no state and may be used concurrently.
package threads
