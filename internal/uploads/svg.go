package uploads

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode"

	"chatd/internal/chat"
)

const (
	typeSVG  = "image/svg+xml"
	typeJPEG = "image/jpeg"
)

// maxSVG bounds drawings, in bytes: they are read as a whole.
const maxSVG = 5 << 20

var errActive = &chat.Error{Kind: chat.Invalid, Message: "File contains scripts, which are not supported in images"}

// active are elements that run something or bring in other documents.
var active = []string{"script", "foreignobject", "iframe", "embed", "object", "handler", "listener"}

// checkSVG refuses drawings that are more than a drawing. They are served as
// downloads in a sandbox besides; this is for those who show them elsewhere.
func checkSVG(f *File) error {
	if f.Size > maxSVG {
		return tooBig(maxSVG)
	}
	d := xml.NewDecoder(f.Content)
	root := false
	for {
		t, err := d.RawToken()
		if errors.Is(err, io.EOF) && root {
			return nil
		}
		if err != nil {
			return broken(err)
		}
		switch t := t.(type) {
		case xml.StartElement:
			if root = root || strings.EqualFold(t.Name.Local, "svg"); !root {
				return errNotImage
			}
			if !passive(t) {
				return errActive
			}
		case xml.Directive:
			if bytes.Contains(bytes.ToUpper(t), []byte("ENTITY")) {
				return errActive
			}
		case xml.ProcInst:
			if t.Target != "xml" {
				return errActive
			}
		}
	}
}

// passive tells whether an element only draws.
func passive(e xml.StartElement) bool {
	if slices.Contains(active, strings.ToLower(e.Name.Local)) {
		return false
	}
	for _, a := range e.Attr {
		if strings.HasPrefix(strings.ToLower(a.Name.Local), "on") {
			return false
		}
		value := strings.ToLower(strings.Map(func(r rune) rune { // browsers skip these in the names of schemes
			if unicode.IsSpace(r) || unicode.IsControl(r) {
				return -1
			}
			return r
		}, a.Value))
		if strings.Contains(value, "javascript:") || strings.Contains(value, "vbscript:") || strings.HasPrefix(value, "data:text") ||
			strings.HasPrefix(value, "data:"+typeSVG) {
			return false
		}
	}
	return true
}
