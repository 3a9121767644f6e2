package translation

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"strings"

	"chatd/internal/chat"
	"chatd/internal/outbound"
	"chatd/internal/wire"
)

// Poster sends JSON.
type Poster interface {
	// Post sends a body and returns the answer, which has at most as many bytes as most.
	Post(ctx context.Context, to string, header http.Header, body []byte, most int) (*outbound.Response, error)
}

// Libre is a server that speaks LibreTranslate's API.
type Libre struct {
	URL    string // without /translate
	Key    string // "" for a server that asks for none
	Poster Poster
}

// maxAnswer bounds an answer, in bytes: no translation is that much longer than
// what may be translated.
const maxAnswer = 256 << 10

// libreCodes are languages by their codes there, where these differ. The variants of
// a language that it does not tell apart are translated as the language.
var libreCodes = map[string]string{"zh-TW": "zt", "no": "nb", "fr-CA": "fr", "es-MX": "es", "fa-AF": "fa"}

// ownCodes are the other way round.
var ownCodes = map[string]string{"zt": "zh-TW", "zh-Hant": "zh-TW", "zh-Hans": "zh", "nb": "no", "pb": "pt", "pt-BR": "pt"}

type libreRequest struct {
	Text   string `json:"q"`
	Source string `json:"source"`
	Target string `json:"target"`
	Format string `json:"format"`
	Key    string `json:"api_key,omitzero"`
}

type libreAnswer struct {
	Text     string `json:"translatedText"`
	Detected struct {
		Language string `json:"language"`
	} `json:"detectedLanguage"`
	Error string `json:"error"`
}

// Translate asks the server.
func (l *Libre) Translate(ctx context.Context, text, from, to string) (translated, source string, err error) {
	code := func(language string) string { return cmp.Or(libreCodes[language], language) }
	req := libreRequest{Text: text, Source: cmp.Or(code(from), "auto"), Target: code(to), Format: "text", Key: l.Key}
	if req.Source == req.Target { // two variants of one language
		return text, from, nil
	}
	resp, err := l.Poster.Post(ctx, strings.TrimSuffix(l.URL, "/")+"/translate", nil, wire.MustMarshal(&req), maxAnswer)
	if err != nil {
		return "", "", err
	}
	var a libreAnswer
	if err := wire.Unmarshal(resp.Body, &a); err != nil {
		return "", "", fmt.Errorf("translation: status %d: %w", resp.Status, err)
	}
	switch {
	case resp.Status == http.StatusBadRequest && strings.Contains(a.Error, "not supported"):
		return "", "", fmt.Errorf("%w: %s", errLanguage, a.Error)
	case !resp.OK(), a.Error != "":
		return "", "", fmt.Errorf("translation: status %d: %s", resp.Status, a.Error)
	}
	if from == "" {
		from = cmp.Or(ownCodes[a.Detected.Language], a.Detected.Language)
	}
	if !chat.KnownLanguage(from) {
		return "", "", fmt.Errorf("%w: the text is in %q", errLanguage, from)
	}
	return a.Text, from, nil
}
