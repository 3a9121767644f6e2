// Package polls has the operations on polls: creating and changing them and their
// options, voting, and asking for polls and votes.
//
// A message carries a poll by its poll_id; attaching one is part of sending and
// editing messages, and showing it of reading them (store: hydration). What happens
// to a poll is told to those who watch the channels of the messages that carry it.
// Nobody is told who votes in an anonymous poll but the voter himself.
//
// The row of a poll is the lock under which it, its votes and its counts change, so
// limits hold and counts are exact whoever votes at the same time. What a user may
// do is decided before the transaction, what the poll allows inside it.
//
// A Service holds no state and may be used concurrently.
package polls
