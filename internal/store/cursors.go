package store

import (
	"context"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/chat"
	"chatd/internal/filter"
)

// totalOrder is the order of sorts, or of first where there are none, made total by
// unique fields, and its name for cursors.
func totalOrder(b *filter.Builder, keys filter.Keys, sorts []filter.Sort, first filter.Sort, unique ...string) (filter.Order, string, error) {
	if len(sorts) == 0 {
		sorts = []filter.Sort{first}
	}
	for _, field := range unique {
		if !slices.ContainsFunc(sorts, func(s filter.Sort) bool { return s.Field == field }) {
			sorts = append(sorts, filter.Sort{Field: field, Desc: sorts[0].Desc})
		}
	}
	var scope strings.Builder
	for _, s := range sorts {
		scope.WriteString(s.Field)
		if s.Desc {
			scope.WriteByte('-')
		}
		scope.WriteByte(' ')
	}
	order, err := keys.Order(b, sorts)
	return order, scope.String(), err
}

// cursors makes and reads the next and prev of one list.
type cursors struct {
	key   []byte
	scope string // what list, in what order
}

// cursorKey signs the app's cursors: they live as long as its first secret.
func (a *App) cursorKey(ctx context.Context) ([]byte, error) {
	keys, err := a.Keys(ctx)
	if err != nil {
		return nil, err
	}
	if len(keys) == 0 {
		return nil, chat.Errorf(chat.AccessKey, "api_key not valid")
	}
	return []byte(keys[0].Secret), nil
}

// from returns the condition and the order of the page that a cursor leads to: the
// first page without one. The page before a position is read backwards.
func (c cursors) from(b *filter.Builder, order filter.Order, next, prev string) (string, filter.Order, error) {
	cursor := next
	switch {
	case next != "" && prev != "":
		return "", order, chat.Errorf(chat.Invalid, "cannot use both next and prev")
	case next == "" && prev == "":
		return "TRUE", order, nil
	case prev != "":
		cursor, order = prev, order.Reverse()
	}
	position, err := filter.Open(c.key, c.scope, cursor)
	if err != nil {
		return "", order, err
	}
	cond, err := order.After(b, position)
	return cond, order, err
}

// ends returns the cursors behind a page from its first and last position. byNext
// and byPrev tell how it was reached, more that there is another in that direction.
func (c cursors) ends(first, last jsontext.Value, byNext, byPrev, more bool) (next, prev string) {
	if more || byPrev {
		next = filter.Seal(c.key, c.scope, last)
	}
	if byNext || byPrev && more {
		prev = filter.Seal(c.key, c.scope, first)
	}
	return next, prev
}
