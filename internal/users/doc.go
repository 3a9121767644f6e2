// Package users is the area of users: creating and changing them over the API, at
// connect and as objects in other requests; listing them; guests and anonymous
// users; who is online; and what a user sees of himself (Own).
//
// Every change of a user goes through save: the users are locked, changed by edits,
// checked, written together and told of, in one transaction; what changes nothing
// writes nothing. What comes from requests is a chat.UserRequest, merged into what is
// stored or, for the server side's upserts, put in its place.
//
// It leaves bans, mutes, blocks, deactivation and deletion to package moderation,
// devices to package push (Devices), connections to package realtime (Hub), and SQL to
// package store. A Service holds no
// state and may be used concurrently.
package users
