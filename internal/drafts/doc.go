// Package drafts is the API's area of drafts: keeping what users have written and not
// sent yet, showing it and removing it. Only who wrote a draft sees it, and only his
// connections are told of it.
//
// What may be in a message, and the removal of a draft that is sent, are package
// messages'; that messages and channels come with their drafts is package store's.
//
// A Service holds no state and may be used concurrently.
package drafts
