// Package commands is what slash commands do with the messages that name them.
//
// Built-in commands have a function in a table (builtin). Every other command, and
// every built-in one without such a function, is the app's own: it is handed to the
// app's custom_action_handler_url, and refused where the app has none.
//
// What a command answers is a change of its message, in one form whoever ran it. The
// package knows nothing of permissions, of how messages are kept or of what is valid
// in one: that is package messages'. A Runner is safe for concurrent use.
package commands
