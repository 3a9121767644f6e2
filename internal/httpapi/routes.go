package httpapi

import "net/http"

// Routes is the API's table of contents: a line for each operation. Permissions
// are not here: nearly all depend on the channel or the owner and stand in the
// methods.
func (a *API) Routes() []Route {
	return []Route{
		// Connections
		raw(http.MethodGet, "/connect", opConnect, (*API).connect, public),
		raw(http.MethodGet, "/longpoll", "LongPoll", (*API).longpoll, public),
		raw(http.MethodGet, "/hi", "Hi", (*API).hi, public),

		// App and channel types

		// Users

		// Channels

		// Members

		// Messages

		// Reactions

		// Read state, events, sync
	}
}
