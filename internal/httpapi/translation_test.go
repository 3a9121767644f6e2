package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"chatd/internal/server"
	"chatd/internal/testkit"
)

const languages = "[af sq am ar az bn bs bg zh zh-TW hr cs da fa-AF nl en et fi fr fr-CA ka de el ht ha he hi hu id it ja ko lv lt ms no fa ps pl pt ro ru sr sk sl so es es-MX sw sv tl ta th tr uk ur vi]"

func TestTranslateMessage(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	path := s.Channel("messaging", "room", "ann", "bob")
	s.Users("dan")
	s.Server().Post("/users", `{"users":{"eva":{"id":"eva","language":"es"}}}`).OK()
	bob := s.As("bob").Connect()
	bob.Watch(path)
	s.As("ann").Post(path+"/message", `{"message":{"id":"m1","text":"test message"}}`).OK().Want("message.i18n", "null")
	s.Server().Post(path+"/message", `{"message":{"id":"m2","text":"no","user_id":"eva"}}`).OK()
	s.As("ann").Post(path+"/message", `{"message":{"id":"gone","text":"hello"}}`).OK()
	s.As("ann").Delete("/messages/gone").OK()
	s.As("ann").Post(path+"/message", `{"message":{"id":"none","attachments":[{"type":"x"}]}}`).OK()
	s.Server().Put("/channeltypes/messaging", `{"max_message_length":20000}`).OK()
	s.As("ann").Post(path+"/message", `{"message":{"id":"long","text":"`+strings.Repeat("a ", 2501)+`"}}`).OK()
	to := func(id string) string { return "/messages/" + id + "/translate" }
	exchangeAll(t, s, []exchange{
		{
			name: "into one language", who: "bob", method: "POST", path: to("m1"), body: `{"language":"es"}`,
			want: map[string]string{"message.i18n": `{"en_text":"test message","es_text":"mensaje de prueba","language":"en"}`, "message.text": `"test message"`, "message.user.id": `"ann"`},
		},
		{
			name: "into another", method: "POST", path: to("m1"), body: `{"language":"fr"}`,
			want: map[string]string{"message.i18n": `{"en_text":"test message","es_text":"mensaje de prueba","fr_text":"message de test","language":"en"}`},
		},
		{name: "again", who: "ann", method: "POST", path: to("m1"), body: `{"language":"es"}`, want: map[string]string{"message.i18n.es_text": `"mensaje de prueba"`}},
		{name: "from the author's language", who: "ann", method: "POST", path: to("m2"), body: `{"language":"de"}`, want: map[string]string{"message.i18n": `{"de_text":"nein","es_text":"no","language":"es"}`}},
		{name: "is kept", who: "bob", method: "GET", path: "/messages/m1", want: map[string]string{"message.i18n.fr_text": `"message de test"`}},
		{name: "no language", who: "ann", method: "POST", path: to("m1"), body: `{}`, status: 400, code: 4, message: "TranslateMessage failed with error: \"language is a required field"},
		{name: "unknown language", who: "ann", method: "POST", path: to("m1"), body: `{"language":"xx"}`, status: 400, code: 4, message: "language must be one of " + languages},
		{name: "no message", who: "ann", method: "POST", path: to("nope"), body: `{"language":"es"}`, status: 404, code: 16, message: "message with id nope doesn't exist"},
		{name: "a deleted one", who: "ann", method: "POST", path: to("gone"), body: `{"language":"es"}`, status: 400, code: 4, message: "has been deleted"},
		{name: "no text", who: "ann", method: "POST", path: to("none"), body: `{"language":"es"}`, status: 400, code: 4, message: "message.text is a required field"},
		{name: "too long", who: "ann", method: "POST", path: to("long"), body: `{"language":"es"}`, status: 400, code: 4, message: "the limit is 5000 characters"},
		{name: "a stranger", who: "dan", method: "POST", path: to("m1"), body: `{"language":"hu"}`, status: 403, code: 17, message: "ReadChannel"},
	})
	bob.Expect("message.updated").Want("message.id", `"m1"`).Want("message.i18n.es_text", `"mensaje de prueba"`).Want("message_id", `"m1"`).Want("user.id", `"bob"`)
	bob.Expect("message.updated").Want("message.i18n.fr_text", `"message de test"`)
	bob.Expect("message.updated").Want("message.id", `"m2"`)
	bob.Quiet("message.updated")

	// An edit translates anew into what there was.
	s.As("ann").Put("/messages/m1", `{"set":{"text":"hello"}}`).OK().Want("message.i18n", `{"en_text":"hello","es_text":"hola","fr_text":"bonjour","language":"en"}`)
	s.As("ann").Put("/messages/m1", `{"set":{"color":"red"}}`).OK().Want("message.i18n.es_text", `"hola"`)
	s.As("ann").Put("/messages/m1", `{"set":{"text":"","attachments":[{"type":"x"}]}}`).OK().Want("message.i18n", "null")
}

func TestTranslateText(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	const to = "/translate"
	exchangeAll(t, s, []exchange{
		{name: "a text", who: "ann", method: "POST", path: to, body: `{"text":"Hello","destination_language":"es","source_language":"en"}`, want: map[string]string{"translated_text": `"Hola"`, "language": `"es"`}},
		{name: "of some language", method: "POST", path: to, body: `{"text":"hola","destination_language":"en"}`, want: map[string]string{"translated_text": `"hello"`}},
		{name: "into its own", method: "POST", path: to, body: `{"text":"hello","destination_language":"en","source_language":"en"}`, want: map[string]string{"translated_text": `"hello"`}},
		{name: "no text", who: "ann", method: "POST", path: to, body: `{"text":" ","destination_language":"es"}`, status: 400, code: 4, message: "text is a required field"},
		{name: "too long", who: "ann", method: "POST", path: to, body: `{"text":"` + strings.Repeat("é", 5001) + `","destination_language":"es"}`, status: 400, code: 4, message: "the limit is 5000 characters"},
		{name: "into nothing", who: "ann", method: "POST", path: to, body: `{"text":"x"}`, status: 400, code: 4, message: "destination_language is a required field"},
		{name: "into nothing known", who: "ann", method: "POST", path: to, body: `{"text":"x","destination_language":"tlh"}`, status: 400, code: 4, message: "destination_language must be one of [af"},
		{name: "from nothing known", who: "ann", method: "POST", path: to, body: `{"text":"x","destination_language":"es","source_language":"tlh"}`, status: 400, code: 4, message: "source_language must be one of [af"},
	})
	s.Anonymous().Post(to, `{"text":"x","destination_language":"es"}`).Fails(403, 17, "")
}

func TestAutoTranslation(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t)
	s.Server().Post("/users", `{"users":{"ann":{"id":"ann","language":"en"},"bea":{"id":"bea","language":"es"},"cem":{"id":"cem","language":"es"},"dan":{"id":"dan","language":"fr"},"eva":{"id":"eva"}}}`).OK()
	path := s.Channel("messaging", "room", "ann", "bea", "cem", "dan", "eva")
	send := func(who, text string) *testkit.Response {
		t.Helper()
		return s.As(who).Post(path+"/message", `{"message":{"text":"`+text+`"}}`).OK()
	}
	send("ann", "hello").Want("message.i18n", "null")
	dan := s.As("dan").Connect()
	dan.Watch(path)

	s.Server().Post(path, `{"data":{"auto_translation_enabled":true}}`).OK().Want("channel.auto_translation_enabled", "true")
	want := `{"en_text":"hello","es_text":"hola","language":"en"}`
	id, _ := send("ann", "hello").Want("message.i18n", want).At("message.id").(string)
	dan.Expect("message.new").Want("message.i18n", want)
	s.As("dan").Get("/messages/"+id).OK().Want("message.i18n", want)
	send("bea", "gracias").Want("message.i18n", `{"en_text":"thank you","es_text":"gracias","language":"es"}`)
	send("eva", "bonjour").Want("message.i18n", `{"es_text":"hola","fr_text":"bonjour","language":"fr"}`)
	s.As("ann").Put("/messages/"+id, `{"set":{"text":"goodbye"}}`).OK().Want("message.i18n", `{"en_text":"goodbye","es_text":"adiós","language":"en"}`)
	dan.Expect("message.updated").Want("message.i18n.es_text", `"adiós"`)

	s.Server().Post(path, `{"data":{"auto_translation_enabled":true,"auto_translation_language":"fr,de,en"}}`).OK().Want("channel.auto_translation_language", `"fr,de,en"`)
	send("ann", "hello").Want("message.i18n", `{"de_text":"hallo","en_text":"hello","fr_text":"bonjour","language":"en"}`)
	s.Server().Patch(path, `{"set":{"auto_translation_enabled":false}}`).OK()
	send("ann", "hello").Want("message.i18n", "null")
	s.Server().Patch("/app", `{"auto_translation_enabled":true}`).OK()
	send("ann", "hello").Want("message.i18n.de_text", `"hallo"`)
	s.As("ann").Post(path+"/message", `{"message":{"attachments":[{"type":"x"}]}}`).OK().Want("message.i18n", "null")

	for _, bad := range []string{`"xx"`, `"en,xx"`, `","`, `"` + strings.Repeat("en,", 100) + `"`} {
		s.Server().Post(path, `{"data":{"auto_translation_language":`+bad+`}}`).Fails(400, 4, "auto_translation_language")
		s.Server().Patch(path, `{"set":{"auto_translation_language":`+bad+`}}`).Fails(400, 4, "auto_translation_language")
	}
}

func TestTranslationWithoutATranslator(t *testing.T) {
	t.Parallel()
	s := testkit.StartWith(t, func(o *server.Options) { o.DatabaseURL, o.TranslateURL = testkit.Isolated(t), "" })
	path := s.Channel("messaging", "room", "ann")
	s.Server().Patch("/app", `{"auto_translation_enabled":true}`).OK()
	s.As("ann").Post(path+"/message", `{"message":{"id":"m","text":"hello"}}`).OK().Want("message.i18n", "null")
	s.As("ann").Post("/messages/m/translate", `{"language":"es"}`).Fails(400, 4, "translation is not configured on this server")
	s.As("ann").Post("/translate", `{"text":"x","destination_language":"es"}`).Fails(400, 4, "translation is not configured on this server")
}

// TestTranslationsThatFollow has a translator that is down at first.
func TestTranslationsThatFollow(t *testing.T) {
	t.Parallel()
	var up atomic.Bool
	var mu sync.Mutex
	asked := map[string]int{}
	libre := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var req struct{ Q, Source, Target string }
		_ = json.NewDecoder(r.Body).Decode(&req)
		mu.Lock()
		asked[req.Q]++
		mu.Unlock()
		if !up.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		_, _ = fmt.Fprintf(w, `{"translatedText":%q}`, req.Target+":"+req.Q)
	}))
	t.Cleanup(libre.Close)
	s := testkit.StartWith(t, func(o *server.Options) { o.DatabaseURL, o.TranslateURL = testkit.Isolated(t), libre.URL })
	s.Server().Post("/users", `{"users":{"ann":{"id":"ann","language":"en"},"bea":{"id":"bea","language":"es"}}}`).OK()
	path := s.Channel("messaging", "room", "ann", "bea")
	s.Server().Post(path, `{"data":{"auto_translation_enabled":true}}`).OK()
	bea := s.As("bea").Connect()
	bea.Watch(path)
	s.As("ann").Post(path+"/message", `{"message":{"id":"m","text":"hi"}}`).OK().Want("message.i18n", "null")
	s.As("ann").Post("/messages/m/translate", `{"language":"es"}`).Fails(503, -1, "the translation service is not available")
	bea.Expect("message.new").Want("message.i18n", "null")
	up.Store(true)
	bea.Expect("message.updated").Want("message.id", `"m"`).Want("message.i18n", `{"en_text":"hi","es_text":"es:hi","language":"en"}`)
	s.As("ann").Post(path+"/message", `{"message":{"text":"ho"}}`).OK().Want("message.i18n.es_text", `"es:ho"`)
}
