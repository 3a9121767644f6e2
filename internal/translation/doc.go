// Package translation is the API's area of translations: of messages, on request and
// by themselves, and of other text.
//
// It owns what is translated into which languages, the limits, and how a translator
// is asked: a server that speaks LibreTranslate's API (libre.go), or a dictionary of
// a few phrases (dictionary.go), which makes tests and demonstrations show something
// without one. It leaves the writing of messages, and who is told, to packages store
// and messages.
//
// A message waits for its translations a bounded time. Those that take longer, or
// fail, are tried again by a job and follow in an update of the message. A Service is
// safe for concurrent use.
package translation
