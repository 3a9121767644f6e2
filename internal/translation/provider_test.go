package translation_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"chatd/internal/outbound"
	"chatd/internal/translation"
)

func TestDictionary(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ text, from, to, want, source string }{
		{"test message", "", "es", "mensaje de prueba", "en"},
		{"Test message", "en", "es", "Mensaje de prueba", "en"},
		{"hi", "", "hu", "szia", "en"},
		{"Hello, world! How are you?", "en", "de", "Hallo, Welt! Wie geht es dir?", "en"},
		{"hello test message", "en", "fr", "bonjour message de test", "en"},
		{"mensaje de prueba", "", "en", "test message", "es"},
		{"buenos días", "", "de", "guten Morgen", "es"},
		{"xyzzy hello", "en", "es", "xyzzy hola", "en"},
		{"hello", "en", "es-MX", "hola", "en"},
		{"hello", "en", "ja", "hello", "en"},
		{"hello", "ja", "en", "hello", "ja"},
		{"HELLO\n\nhello…", "en", "es", "Hola\n\nhola…", "en"},
		{"hellos", "en", "es", "hellos", "en"},
		{"???", "", "es", "???", "en"},
		{"", "", "es", "", "en"},
	} {
		got, source, err := translation.Dictionary{}.Translate(t.Context(), tt.text, tt.from, tt.to)
		if err != nil || got != tt.want || source != tt.source {
			t.Errorf("%q from %q to %q: %q from %q, %v; want %q from %q", tt.text, tt.from, tt.to, got, source, err, tt.want, tt.source)
		}
	}
}

func FuzzDictionary(f *testing.F) {
	f.Add("Hello, world!", "es")
	f.Add("\xff test  message é", "hu")
	f.Fuzz(func(t *testing.T, text, to string) {
		if _, _, err := (translation.Dictionary{}).Translate(t.Context(), text, "", to); err != nil {
			t.Error(err)
		}
	})
}

// libre is a LibreTranslate: it translates into the text, in capitals, and the codes.
func libre(t *testing.T) *translation.Libre {
	t.Helper()
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var req struct {
			Q, Source, Target, Format string
			Key                       string `json:"api_key"`
		}
		if err := json.NewDecoder(r.Body).Decode(&req); err != nil || r.URL.Path != "/translate" || r.Method != http.MethodPost || req.Format != "text" || req.Key != "k" {
			t.Errorf("%s %s: %+v, %v", r.Method, r.URL, req, err)
		}
		w.Header().Set("Content-Type", "application/json")
		switch req.Q {
		case "overload":
			w.WriteHeader(http.StatusTooManyRequests)
			_, _ = fmt.Fprint(w, `{"error":"Slowdown"}`)
			return
		case "garbage":
			_, _ = fmt.Fprint(w, `<html>`)
			return
		case "long":
			_, _ = fmt.Fprintf(w, `{"translatedText":%q}`, strings.Repeat("x", 1<<20))
			return
		case "hang":
			<-r.Context().Done()
			return
		}
		if req.Target == "so" {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = fmt.Fprint(w, `{"error":"so is not supported"}`)
			return
		}
		detected := ""
		if req.Source == "auto" {
			detected = `,"detectedLanguage":{"confidence":90.0,"language":"` + map[bool]string{true: "zh-Hant", false: "en"}[req.Q == "chinese"] + `"}`
			if req.Q == "latin" {
				detected = `,"detectedLanguage":{"confidence":90.0,"language":"la"}`
			}
		}
		_, _ = fmt.Fprintf(w, `{"translatedText":%q%s}`, strings.ToUpper(req.Q)+" "+req.Source+">"+req.Target, detected)
	}))
	t.Cleanup(web.Close)
	here := []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
	return &translation.Libre{URL: web.URL + "/", Key: "k", Poster: outbound.New(outbound.Options{Hooks: here})}
}

func TestLibre(t *testing.T) {
	t.Parallel()
	l := libre(t)
	for _, tt := range []struct{ text, from, to, want, source string }{
		{"hi", "", "es", "HI auto>es", "en"},
		{"hi", "en", "es", "HI en>es", "en"},
		{"hi", "en", "zh-TW", "HI en>zt", "en"},
		{"hi", "no", "fr-CA", "HI nb>fr", "no"},
		{"hi", "es", "es-MX", "hi", "es"},
		{"chinese", "", "en", "CHINESE auto>en", "zh-TW"},
		{`"é"`, "en", "es", `"É" en>es`, "en"},
	} {
		got, source, err := l.Translate(t.Context(), tt.text, tt.from, tt.to)
		if err != nil || got != tt.want || source != tt.source {
			t.Errorf("%q from %q to %q: %q from %q, %v", tt.text, tt.from, tt.to, got, source, err)
		}
	}
	for _, tt := range []struct{ text, to, want string }{
		{"overload", "es", "429"},
		{"garbage", "es", "200"},
		{"long", "es", "too big"},
		{"hang", "es", "deadline"},
		{"hi", "so", "language not supported"},
		{"latin", "es", "language not supported"},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		if got, _, err := l.Translate(ctx, tt.text, "", tt.to); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q to %q: %q, %v", tt.text, tt.to, got, err)
		}
		cancel()
	}
}
