// Package reads is the area of what users have read and received: marking
// channels read and unread, unread numbers, delivery receipts, the events that
// clients send to a channel (typing, AI indicators, custom ones) and /sync, which
// tells a client what it missed.
//
// It leaves to store how unread numbers are kept and counted, to messages what a
// message is, to channels who is a member, and to the hub who gets an event and
// what his totals are. Backend answers what the hub asks about memberships and
// unread numbers.
//
// A Service holds no state and may be used concurrently.
package reads
