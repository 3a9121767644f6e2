// Package testkit is what the tests of chatd as a whole stand on: chatd itself in
// the test's process, on a database of the test binary's own, with clients that
// expect answers and events. It is never in the binary.
//
// Databases come from package testdb, which knows nothing of the server; tests of
// the packages below the server use that one. All functions are safe for parallel
// tests, each of which makes an app of its own.
package testkit
