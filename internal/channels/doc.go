// Package channels is the part of the API about channels and their members:
// getting or creating channels, querying, updating, truncating, deleting and hiding
// them, adding and removing members, roles, invites and what a member keeps for
// himself, and watching.
//
// It leaves messages to package messages (Poster), read state to package reads,
// bans and mutes to package moderation, and who is connected to the hub (Hub).
//
// A Service has no state but the times of the latest watching events of crowded
// channels, and all its methods may be called concurrently. Whatever changes a
// channel or its members does so in one transaction that begins by locking the
// channel, so numbers of members are exact and events leave in the order of the
// changes.
package channels
