// Package storage keeps files: the bytes in a folder or at a cloud service, and the
// links under which they are given out. It knows nothing of HTTP or of what may be
// uploaded; that is package uploads.
//
// A link is the place of a file on this server and a signature that expires:
//
//	https://chat.example.com/files/1/<owner>/<id>/photo.jpg?Expires=…&Signature=…
//
// The id is random and ends in a tag that only this server can make, so a text is
// known to be a link of ours without looking anything up. What is stored in
// messages, users and channels has no signature: Unsign takes it off what clients
// send, Sign puts it on what they get. Both work on encoded JSON as a whole, in one
// place for each direction, and cost a search for a few bytes where there is no
// link.
//
// A Storage and its Links are safe for concurrent use.
package storage
