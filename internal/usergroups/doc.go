// Package usergroups is the API's area of user groups: named groups of users, which
// messages can mention. The server side makes them; users read those of their teams.
//
// That a message may mention a group, and whom that concerns, is package messages'.
//
// A Service holds no state and may be used concurrently.
package usergroups
