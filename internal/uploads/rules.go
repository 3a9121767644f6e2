package uploads

import (
	"errors"
	"io"
	"mime"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/gabriel-vasile/mimetype"

	"chatd/internal/chat"
)

// MaxSize bounds a file, in bytes.
const MaxSize = 100 << 20

// maxFileName bounds what is kept of a file's name, in bytes.
const maxFileName = 255

// ErrTooBig is the refusal of a file over MaxSize.
var ErrTooBig = &chat.Error{Kind: chat.Invalid, Message: "max upload size of 100MB exceeded"}

// rules are what a file must be.
type rules struct {
	chat.UploadConfig

	image bool // and nothing but an image
}

type rulesOf func(*chat.AppSettings) rules

func fileRules(s *chat.AppSettings) rules  { return rules{s.FileUploadConfig, false} }
func imageRules(s *chat.AppSettings) rules { return rules{s.ImageUploadConfig, true} }

// kind is what a file turned out to be.
type kind struct {
	mime          string
	width, height int // of an image, as it is to be seen; 0 if unknown
}

// accept checks a file and tells what it is. Its content is at the start afterwards.
func (r rules) accept(f *File) (kind, error) {
	if f.Size > MaxSize {
		return kind{}, ErrTooBig
	}
	if r.SizeLimit > 0 && f.Size > int64(r.SizeLimit) {
		return kind{}, tooBig(r.SizeLimit)
	}
	if err := r.extension(f.Name); err != nil {
		return kind{}, err
	}
	sniffed, err := mimetype.DetectReader(f.Content)
	if err != nil {
		return kind{}, err
	}
	k := kind{mime: typeOf(f, sniffed)}
	known := imageType(sniffed)
	if known != "" && r.image {
		k.mime = known
	}
	if r.image && known == "" && !claimsImage(k.mime, sniffed) {
		return k, badType(k.mime)
	}
	if err := r.mimeType(k.mime, mediaType(f.Type), sniffed); err != nil {
		return k, err
	}
	if r.image && known != "" {
		if err := k.look(f); err != nil {
			return k, err
		}
	}
	_, err = f.Content.Seek(0, io.SeekStart)
	return k, err
}

func tooBig(limit int) error {
	return chat.Errorf(chat.Invalid, "File size is above the size limit (%d bytes)", limit)
}

func badType(mimeType string) error {
	return chat.Errorf(chat.Invalid, "File type %s is not supported", mimeType)
}

// extension checks the ending of a file's name. Settings name it with the dot or
// without.
func (r rules) extension(name string) error {
	ext := strings.ToLower(path.Ext(name))
	same := func(e string) bool {
		return strings.TrimPrefix(strings.ToLower(e), ".") == strings.TrimPrefix(ext, ".")
	}
	if len(r.AllowedFileExtensions) > 0 && !slices.ContainsFunc(r.AllowedFileExtensions, same) ||
		slices.ContainsFunc(r.BlockedFileExtensions, same) {
		return chat.Errorf(chat.Invalid, "File extension %s is not supported", ext)
	}
	return nil
}

// mimeType checks what a file is and what it is declared to be. Types have more than
// one name, and a file of sound alone may be in a container that is known by its videos
// (audio/webm): then the list may have it as it is declared.
func (r rules) mimeType(found, declared string, sniffed *mimetype.MIME) error {
	is := func(t string) bool {
		return strings.EqualFold(t, found) || found == mediaType(sniffed.String()) && sniffed.Is(t)
	}
	same := func(t string) bool {
		_, one, _ := strings.Cut(found, "/")
		_, other, _ := strings.Cut(declared, "/")
		return one == other && strings.EqualFold(t, declared)
	}
	if l := r.AllowedMimeTypes; len(l) > 0 && !slices.ContainsFunc(l, is) && !slices.ContainsFunc(l, same) {
		return badType(found)
	}
	if slices.ContainsFunc(r.BlockedMimeTypes, is) {
		return badType(found)
	}
	if declared != "" && slices.ContainsFunc(r.BlockedMimeTypes, func(t string) bool { return strings.EqualFold(t, declared) }) {
		return badType(declared)
	}
	return nil
}

// generic are types that say nothing about a file.
var generic = []string{"", "application/octet-stream", "text/plain"}

// typeOf is what a file is: by its bytes, if they tell; many kinds of text look
// alike, of those it is what its sender says, or what its name does.
func typeOf(f *File, sniffed *mimetype.MIME) string {
	found := mediaType(sniffed.String())
	if !slices.Contains(generic, found) {
		return found
	}
	for _, said := range []string{f.Type, mime.TypeByExtension(strings.ToLower(path.Ext(f.Name)))} {
		if t := mediaType(said); !slices.Contains(generic, t) && !strings.HasPrefix(t, "multipart/") {
			return t
		}
	}
	return found
}

// mediaType is a MIME type without parameters; "" when it is none.
func mediaType(s string) string {
	t, _, err := mime.ParseMediaType(s)
	if err != nil || len(t) > maxFileName || !strings.Contains(t, "/") {
		return ""
	}
	return t
}

// imageTypes are what the API takes as images.
var imageTypes = []string{
	"image/bmp", "image/gif", "image/jpeg", "image/png", "image/webp", "image/heic", "image/heic-sequence", "image/heif",
	"image/heif-sequence", typeSVG,
}

// imageType is the API's name of the kind of image that a file is, or "": kinds of
// PNG are a PNG.
func imageType(m *mimetype.MIME) string {
	for ; m != nil; m = m.Parent() {
		if t := mediaType(m.String()); slices.Contains(imageTypes, t) {
			return t
		}
	}
	return ""
}

// claimsImage tells whether a file whose bytes are of no known kind is said to be an
// image. Tests of apps upload such; the API takes them, and no browser runs them.
func claimsImage(said string, sniffed *mimetype.MIME) bool {
	return slices.Contains(generic, mediaType(sniffed.String())) && said != typeSVG && slices.Contains(imageTypes, said)
}

// shortName is a file's name as it is kept: valid text, without folders.
func shortName(name string) string {
	name = strings.ToValidUTF8(name[strings.LastIndexAny(name, `/\`)+1:], "_")
	name = strings.Map(func(r rune) rune {
		if r < ' ' || r == '\x7f' {
			return '_'
		}
		return r
	}, name)
	for len(name) > maxFileName { // the extension is at the end
		_, n := utf8.DecodeRuneInString(name)
		name = name[n:]
	}
	if name == "" || name == "." || name == ".." {
		return "file"
	}
	return name
}

// errNotImage is the refusal of what claims to be an image and is none.
var errNotImage = &chat.Error{Kind: chat.Invalid, Message: "File is damaged or not an image"}

// broken tells errors of content from errors of reading it.
func broken(err error) error {
	if _, ok := errors.AsType[*chat.Error](err); ok {
		return err
	}
	return &chat.Error{Kind: chat.Invalid, Message: errNotImage.Message, Err: err}
}
