// Package retention is the API's area of retention: for how long messages are kept,
// and channels in which nothing happens.
//
// It owns the policies of an app and what removes in the background what is past its
// time: messages older than their channel's type or the app's policy allows, and
// inactive channels. What a removal means for counters, threads and unread numbers is
// the store's.
//
// Every hour a job looks at each app. It works through the app's channels for a
// bounded time, some hundred messages in a transaction, and leaves the rest to another
// job, which goes on where it stopped. A job that is run twice finds less to do.
package retention
