package gifs

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/outbound"
	"chatd/internal/wire"
)

// Giphy is a Finder that asks a service with Giphy's API for a random picture.
type Giphy struct {
	Client *outbound.Client
	URL    string // "https://api.giphy.com"
	Key    string
}

// The bounds of a request.
const (
	giphyTimeout = 3 * time.Second
	giphyAnswer  = 1 << 20 // bytes
	giphyWords   = 50      // characters that are looked for
	giphyLink    = 2048    // bytes
)

// Find asks for a picture; every turn is another one by itself.
func (g *Giphy) Find(ctx context.Context, words string, _ int, _ string) (*Gif, error) {
	ctx, cancel := context.WithTimeout(ctx, giphyTimeout)
	defer cancel()
	q := url.Values{"api_key": {g.Key}, "tag": {firstChars(words, giphyWords)}, "rating": {"pg"}}
	resp, err := g.Client.Ask(ctx, strings.TrimSuffix(g.URL, "/")+"/v1/gifs/random?"+q.Encode(), giphyAnswer)
	if err != nil {
		return nil, err
	}
	if !resp.OK() {
		return nil, fmt.Errorf("the service answered %d", resp.Status)
	}
	return readGiphy(resp.Body)
}

func firstChars(s string, most int) string {
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most])
}

// readGiphy reads the service's answer; nil when it found nothing, which is an empty
// list in the place of a picture.
func readGiphy(body []byte) (*Gif, error) {
	var answer struct {
		Data jsontext.Value `json:"data"`
	}
	if err := wire.Unmarshal(body, &answer); err != nil {
		return nil, err
	}
	if answer.Data.Kind() != '{' {
		return nil, nil //nolint:nilnil // there is no picture
	}
	var found struct {
		URL    string `json:"url"`
		Images Images `json:"images"`
	}
	if err := wire.Unmarshal(answer.Data, &found); err != nil {
		return nil, err
	}
	gif := &Gif{Page: found.URL, Images: found.Images}
	for _, link := range []string{gif.Page, gif.Images.Original.URL} {
		if !isLink(link) {
			return nil, fmt.Errorf("the service answered a picture without a link")
		}
	}
	for _, s := range sizes {
		if i := s.of(&gif.Images); i.URL != "" && !isLink(i.URL) {
			return nil, fmt.Errorf("the service answered a picture with what is no link")
		}
	}
	return gif, nil
}

// isLink tells whether text is an address that clients may be sent to.
func isLink(text string) bool {
	u, err := url.Parse(text)
	return err == nil && len(text) <= giphyLink && (u.Scheme == "https" || u.Scheme == "http") && u.Host != ""
}
