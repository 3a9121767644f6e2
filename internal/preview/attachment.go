package preview

import (
	"bytes"
	"image"
	_ "image/gif"  // a format that links may lead to
	_ "image/jpeg" // another
	_ "image/png"  // another
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	_ "golang.org/x/image/bmp"  // another
	_ "golang.org/x/image/webp" // another

	"chatd/internal/chat"
	"chatd/internal/outbound"
)

// The bounds of what is taken over from a page. A preview must fit, with others,
// into what a message's attachments may have.
const (
	maxName  = 100 // characters
	maxTitle = 250
	maxText  = 600
	maxLink  = 1000 // bytes
)

// The types of attachments.
const (
	typeImage = "image"
	typeVideo = "video"
	typeAudio = "audio"
)

// read makes an attachment of the page that link led to, nil when that has nothing
// to show.
func read(link string, resp *outbound.Response) *chat.Attachment {
	if !resp.OK() || resp.Header.Get("Content-Encoding") != "" { // an encoding that nobody asked for
		return nil
	}
	contentType := resp.Header.Get("Content-Type")
	if contentType == "" {
		contentType = http.DetectContentType(resp.Body)
	}
	media, _, err := mime.ParseMediaType(contentType)
	if err != nil && media == "" {
		return nil
	}
	switch {
	case media == "text/html" || media == "application/xhtml+xml":
		return ofPage(link, resp.URL, readMeta(resp.Body, contentType))
	case strings.HasPrefix(media, "image/"):
		return ofImage(link, resp.Body)
	}
	return nil
}

// ofImage is the attachment of an image, if it is one.
func ofImage(link string, body []byte) *chat.Attachment {
	if c, _, err := image.DecodeConfig(bytes.NewReader(body)); err != nil || c.Width < 1 || c.Height < 1 {
		return nil
	}
	return &chat.Attachment{Type: typeImage, ImageURL: link, ThumbURL: link, ScrapeURL: link}
}

// ofPage is the attachment of a page at a URL.
func ofPage(link string, at *url.URL, m meta) *chat.Attachment {
	base := at
	if b := absolute(at, m["base"]); b != nil {
		base = b
	}
	a := &chat.Attachment{
		AuthorName: clean(m.first("og:site_name", "application-name"), maxName),
		Title:      clean(m.first("og:title", "twitter:title", "title"), maxTitle),
		Text:       clean(m.first("og:description", "twitter:description", "description"), maxText),
		ImageURL:   linkOf(base, m.first("og:image", "og:image:url", "og:image:secure_url", "twitter:image", "twitter:image:src", "image", "link:image_src")),
		TitleLink:  linkOf(base, m.first("og:url")),
		ScrapeURL:  link,
	}
	a.ThumbURL = a.ImageURL
	video := linkOf(base, m.first("og:video:secure_url", "og:video:url", "og:video"))
	audio := linkOf(base, m.first("og:audio:secure_url", "og:audio:url", "og:audio"))
	switch {
	case video != "":
		a.Type, a.AssetURL = typeVideo, video
	case audio != "":
		a.Type, a.AssetURL = typeAudio, audio
	case a.ImageURL != "":
		a.Type = typeImage
	}
	if a.Title == "" && a.Text == "" && a.Type == "" {
		return nil
	}
	if a.TitleLink == "" {
		a.TitleLink = link
	}
	if a.AuthorName != "" {
		a.AuthorLink = at.Scheme + "://" + at.Host + "/"
	}
	return a
}

// linkOf is a link on a page in full, "" when it is none that can be shown.
func linkOf(base *url.URL, ref string) string {
	u := absolute(base, ref)
	if u == nil {
		return ""
	}
	if s := u.String(); len(s) <= maxLink && utf8.ValidString(s) {
		return s
	}
	return ""
}

// absolute is a reference on a page at base, nil when that is nowhere on the web.
func absolute(base *url.URL, ref string) *url.URL {
	if ref == "" {
		return nil
	}
	u, err := base.Parse(ref)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
		return nil
	}
	return u
}

// clean is text on one line, of at most so many characters, that can be stored and
// shown.
func clean(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.IsSpace(r) {
			return ' '
		}
		if unicode.Is(unicode.Bidi_Control, r) || !unicode.IsPrint(r) && !unicode.Is(unicode.Cf, r) { // joiners make up emoji
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	s = strings.Join(strings.Fields(s), " ")
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	runes := []rune(s)
	return strings.TrimSpace(string(runes[:most-1])) + "…"
}
