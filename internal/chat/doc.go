// Package chat is the domain: entities, their identifiers, events, error kinds
// and the rules that need no I/O.
//
// Entities are plain structs that are at once the database row (db tags) and the
// form on the wire (json tags); what depends on who looks is in the response
// structs of the areas. Nothing here holds state or starts goroutines; values
// that come out of a cache are shared and must be copied before they are changed.
package chat
