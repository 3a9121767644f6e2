package store_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/chat"
	"chatd/internal/wire"
)

// unsent are the stored fields of a message that every send of this test sets, or that
// come only with what is done to the message afterwards.
var unsent = map[string]bool{
	"id": true, "cid": true, "user_id": true, "type": true, "created_at": true,
	"reaction_groups": true, "reply_count": true, "deleted_reply_count": true, "thread_participants": true,
	"updated_at": true, "deleted_at": true, "message_text_updated_at": true, "i18n": true,
}

// TestSendWritesEachField sends messages that have one field more than the plainest: a
// field that the statement for plain messages forgets would be lost.
func TestSendWritesEachField(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	cid := chat.CID("messaging:a")
	r.channel(cid, "ann", "bob")
	fields := reflect.TypeFor[chat.Message]()
	for i := range fields.NumField() {
		f := fields.Field(i)
		if db := f.Tag.Get("db"); db == "-" || unsent[db] {
			continue
		}
		m := r.send(cid, "ann", func(m *chat.Message) { reflect.ValueOf(m).Elem().Field(i).Set(sample(t, f, r.at)) })
		stored, err := r.StoredMessages(t.Context(), m.ID)
		if err != nil || stored[m.ID] == nil {
			t.Fatalf("%s: %v, %v", f.Name, stored, err)
		}
		got, want := reflect.ValueOf(*stored[m.ID]).Field(i).Interface(), reflect.ValueOf(*m).Field(i).Interface()
		if show(t, got) != show(t, want) {
			t.Errorf("%s: stored as %s, sent as %s", f.Name, show(t, got), show(t, want))
		}
	}
}

// sample is a value of a field that is not its zero value.
func sample(t *testing.T, f reflect.StructField, at time.Time) reflect.Value {
	t.Helper()
	switch f.Type {
	case reflect.TypeFor[string]():
		return reflect.ValueOf("x")
	case reflect.TypeFor[bool]():
		return reflect.ValueOf(true)
	case reflect.TypeFor[[]string]():
		return reflect.ValueOf([]string{"bob"})
	case reflect.TypeFor[*chat.SharedLocation]():
		return reflect.ValueOf(&chat.SharedLocation{Latitude: 1, Longitude: 2, EndAt: &at, UpdatedAt: at})
	case reflect.TypeFor[*time.Time]():
		return reflect.ValueOf(&at)
	case reflect.TypeFor[jsontext.Value]():
		if f.Name == "Attachments" {
			return reflect.ValueOf(jsontext.Value(`[{"type":"image"}]`))
		}
		return reflect.ValueOf(jsontext.Value(`{"color":"red"}`))
	}
	t.Fatalf("%s: no sample of %s: add one, or name the field among unsent", f.Name, f.Type)
	return reflect.Value{}
}

func show(t *testing.T, v any) string {
	t.Helper()
	if raw, ok := v.(jsontext.Value); ok {
		if err := raw.Canonicalize(); err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	return string(wire.MustMarshal(v))
}
