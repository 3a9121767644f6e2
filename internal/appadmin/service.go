package appadmin

import (
	"context"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/auth"
	"chatd/internal/chat"
	"chatd/internal/store"
)

// Service has a method for each operation on the app and its channel types.
type Service struct {
	Store *store.Store
}

// app returns the store of the actor's app.
func (s *Service) app(ctx context.Context) (*auth.Actor, *store.App) {
	actor := auth.FromContext(ctx)
	return actor, s.Store.App(actor.App.ID)
}

// given returns a request's fields without those that are null, which some SDKs send
// for what was not set. Null means something for the fields in nullable only.
func given(body jsontext.Value, nullable ...string) jsontext.Value {
	var null []string
	for name, v := range chat.Keys(body) {
		if v.Kind() == 'n' && !slices.Contains(nullable, name) {
			null = append(null, name)
		}
	}
	return chat.Without(body, null...)
}

// has tells whether a request names a field.
func has(body jsontext.Value, field string) bool {
	for name := range chat.Keys(body) {
		if name == field {
			return true
		}
	}
	return false
}
