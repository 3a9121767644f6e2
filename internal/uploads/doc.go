// Package uploads is the files of the API: uploading and deleting them, in channels
// and for themselves, and what their links answer, resized or not.
//
// It decides who may upload what (the channel's type and the app's settings), what a
// file really is (by its bytes, not by what its sender calls it), and how a browser
// may be given it, so that nothing uploaded ever runs as a page of this server. The
// bytes and the links are package storage's; HTTP is package httpapi's.
//
// There is no table of files: who uploaded a file, and where, lies with it. A file
// is not deleted with the messages that show it.
//
// A Service is safe for concurrent use.
package uploads
