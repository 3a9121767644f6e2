package storage

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/chat"
)

// Sign signs the links to the app's files in encoded JSON that goes to a client:
// the strings that are such a link and nothing else. JSON without any is returned
// as it is; other JSON is not changed but copied.
func (l *Links) Sign(app chat.AppID, doc []byte) []byte {
	var room [32]byte
	root := append(strconv.AppendInt(append(room[:0], Root...), int64(app), 10), '/')
	at := bytes.Index(doc, root)
	if at < 0 {
		return doc
	}
	expires := l.expires(app)
	var out []byte
	done := 0
	for {
		start, end := stringAround(doc, done, at)
		if link, ok := l.signed(string(doc[start:end]), at-start, expires); ok {
			if out == nil {
				const room = 512 // for a few signatures
				out = make([]byte, 0, len(doc)+room)
			}
			out = append(append(out, doc[done:start]...), link...)
			done = end
		}
		next := bytes.Index(doc[end:], root)
		if next < 0 {
			break
		}
		at = end + next
	}
	if done == 0 {
		return doc
	}
	return append(out, doc[done:]...)
}

// stringAround returns where the JSON string around at begins and ends, without its
// quotation marks. Where that is the name of a field, or a string with anything
// escaped in it, which a link of ours never has, the beginning is the end.
func stringAround(doc []byte, from, at int) (start, end int) {
	start = from + bytes.LastIndexByte(doc[from:at], '"') + 1
	end = bytes.IndexByte(doc[at:], '"')
	if end < 0 {
		return len(doc), len(doc)
	}
	end += at
	isName := end+1 < len(doc) && doc[end+1] == ':'
	if isName || start >= 2 && doc[start-2] == '\\' || bytes.IndexByte(doc[start:end], '\\') >= 0 {
		return end, end
	}
	return start, end
}

// signed returns a link with a fresh signature; false when it is none of ours. root
// is where Root is in it.
func (l *Links) signed(link string, root int, expires string) (string, bool) {
	r, path, query, ok := l.split(link, root)
	if !ok {
		return "", false
	}
	if l.Base != "" {
		path = l.Base + path[root:]
	}
	if query = unsigned(query); query != "" {
		query += "&"
	}
	return path + "?" + query + paramExpires + "=" + expires + "&" + paramSignature + "=" + l.signature(r, expires), true
}

// split takes a link of ours apart.
func (l *Links) split(link string, root int) (r Ref, path, query string, ok bool) {
	if root <= 0 || !strings.HasPrefix(link, "https://") && !strings.HasPrefix(link, "http://") {
		return r, "", "", false
	}
	path, query, _ = strings.Cut(link, "?")
	if root > len(path) || strings.ContainsAny(link, "# <>") {
		return r, "", "", false
	}
	parts := strings.SplitN(path[root+len(Root):], "/", 4)
	if len(parts) != 4 || strings.Contains(parts[3], "/") {
		return r, "", "", false
	}
	r, ok = l.ref(parts[0], parts[1], parts[2])
	return r, path, query, ok
}

// unsigned returns a query without the parameters of a signature.
func unsigned(query string) string {
	if !strings.Contains(query, paramSignature) && !strings.Contains(query, paramExpires) {
		return query
	}
	var keep []string
	for p := range strings.SplitSeq(query, "&") {
		if !strings.HasPrefix(p, paramExpires+"=") && !strings.HasPrefix(p, paramSignature+"=") {
			keep = append(keep, p)
		}
	}
	return strings.Join(keep, "&")
}

// Unsign takes the signatures off the links to files in JSON that a client sent.
// Clients escape as they like, so strings are looked at decoded. JSON without such a
// link, and what is no JSON, is returned as it is.
func (l *Links) Unsign(doc []byte) []byte {
	if !bytes.Contains(doc, []byte(paramSignature+"=")) {
		return doc
	}
	var out bytes.Buffer
	loose := []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}
	d, e := jsontext.NewDecoder(bytes.NewReader(doc), loose...), jsontext.NewEncoder(&out, loose...)
	found := false
	for {
		t, err := d.ReadToken()
		if err != nil { // the end, or something that the decoder is to complain about
			break
		}
		if t.Kind() == '"' {
			if link, ok := l.withoutSignature(t.String()); ok {
				t, found = jsontext.String(link), true
			}
		}
		if err := e.WriteToken(t); err != nil {
			return doc
		}
	}
	if !found || d.StackDepth() > 0 || int(d.InputOffset()) != len(bytes.TrimRight(doc, " \t\r\n")) {
		return doc
	}
	return out.Bytes()
}

func (l *Links) withoutSignature(s string) (string, bool) {
	if !strings.Contains(s, paramSignature+"=") {
		return "", false
	}
	_, path, query, ok := l.split(s, strings.Index(s, Root))
	if !ok {
		return "", false
	}
	if query = unsigned(query); query != "" {
		path += "?" + query
	}
	return path, true
}
