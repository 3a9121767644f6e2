package storage

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"hash"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"chatd/internal/chat"
)

// Root is where the links of all files begin on this server.
const Root = "/files/"

// Links makes and reads links to files.
type Links struct {
	// Base is where clients reach this server, "https://host[/path]", put in front of
	// all links. "": a link leads where it led when the file was uploaded.
	Base string
	// Lifetime is how long links of an app are good for.
	Lifetime func(chat.AppID) time.Duration
	Now      func() time.Time

	key  []byte
	macs sync.Pool
}

// Links returns the links to the storage's files.
func (s *Storage) Links(base string, lifetime func(chat.AppID) time.Duration, now func() time.Time) *Links {
	l := &Links{Base: strings.TrimSuffix(base, "/"), Lifetime: lifetime, Now: now, key: s.key}
	l.macs.New = func() any { return &mac{Hash: hmac.New(sha256.New, l.key)} }
	return l
}

// Ref names a file.
type Ref struct {
	App   chat.AppID
	Owner string // stands for the uploader, so that his files lie together
	ID    string
}

// Key is where the file lies in the storage.
func (r Ref) Key() string { return strconv.FormatInt(int64(r.App), 10) + "/" + r.Owner + "/" + r.ID }

// The parts of a link, in bytes and as text.
const (
	tagSize    = 8
	randomSize = 16
	tagLen     = 13
	randomLen  = 26
	ownerLen   = tagLen
	idLen      = randomLen + tagLen
)

// letters are lower case only: some folders do not tell cases apart.
var letters = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// New returns the name of a new file.
func (l *Links) New(app chat.AppID, userID string) Ref {
	random := make([]byte, randomSize)
	_, _ = rand.Read(random) // never fails
	n := strconv.FormatInt(int64(app), 10)
	owner := l.mac("owner", n, userID)
	r := Ref{App: app, ID: letters.EncodeToString(random), Owner: letters.EncodeToString(owner[:tagSize])}
	tag := l.tag(n, r.Owner, r.ID)
	r.ID += string(tag[:])
	return r
}

// tag ends the id of a file.
func (l *Links) tag(app, owner, random string) (tag [tagLen]byte) {
	sum := l.mac("file", app, owner, random)
	letters.Encode(tag[:], sum[:tagSize])
	return tag
}

// ref returns the file that the parts of a path name, if they are this server's.
func (l *Links) ref(app, owner, id string) (Ref, bool) {
	n, err := strconv.ParseInt(app, 10, 64)
	if err != nil || len(owner) != ownerLen || len(id) != idLen {
		return Ref{}, false
	}
	if tag := l.tag(app, owner, id[:randomLen]); !hmac.Equal(tag[:], []byte(id[randomLen:])) {
		return Ref{}, false
	}
	return Ref{App: chat.AppID(n), Owner: owner, ID: id}, true
}

// mac authenticates parts for one use: a list of parts has one meaning, as none of
// them but a Key contains a slash.
func (l *Links) mac(use string, parts ...string) (sum [sha256.Size]byte) {
	m := l.macs.Get().(*mac) //nolint:forcetypeassert // the pool's New makes it
	defer l.macs.Put(m)
	m.text = append(m.text[:0], use...)
	for _, p := range parts {
		m.text = append(append(m.text, '/'), p...)
	}
	m.Reset()
	_, _ = m.Write(m.text) // a hash takes all
	m.Sum(sum[:0])
	return sum
}

// mac is what makes one, to be used again.
type mac struct {
	hash.Hash

	text []byte
}

// maxName bounds what of a file's name stands in its link, in bytes.
const maxName = 100

// URL returns the link to a file, not signed yet, for who reached this server at
// origin. The name is there to be read only; query, which may be "", too.
func (l *Links) URL(origin string, r Ref, name, query string) string {
	if l.Base != "" {
		origin = l.Base
	}
	u := origin + Root + r.Key() + "/" + plain(name)
	if query != "" {
		u += "?" + query
	}
	return u
}

// plain makes a file's name fit for a link: letters, digits, dashes and dots.
func plain(name string) string {
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	b := []byte(name)
	for i, c := range b {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '.' {
			b[i] = '_'
		}
	}
	if len(b) > maxName {
		b = b[len(b)-maxName:] // the extension is at the end
	}
	if name = strings.TrimLeft(string(b), "."); name == "" {
		return "file"
	}
	return name
}

// Parse returns the file that a link leads to, whatever its host and signature;
// false when it is no link of this server's.
func (l *Links) Parse(link string) (Ref, bool) {
	u, err := url.Parse(link)
	if err != nil {
		return Ref{}, false
	}
	i := strings.Index(u.Path, Root)
	if i < 0 {
		return Ref{}, false
	}
	parts := strings.Split(u.Path[i+len(Root):], "/")
	const needed = 4
	if len(parts) != needed {
		return Ref{}, false
	}
	return l.ref(parts[0], parts[1], parts[2])
}

// The parameters of a signed link.
const (
	paramExpires   = "Expires"
	paramSignature = "Signature"
	signatureSize  = 16 // bytes
)

// stable is how many times in its lifetime a link to the same file gets a new
// signature: seldom enough that browsers and caches know it again.
const stable = 8

// expires returns until when links that are made now are good, in Unix seconds.
func (l *Links) expires(app chat.AppID) string {
	life := l.Lifetime(app)
	return strconv.FormatInt(l.Now().Truncate(life/stable).Add(life).Unix(), 10)
}

func (l *Links) signature(r Ref, expires string) string {
	sum := l.mac("link", r.Key(), expires)
	return base64.RawURLEncoding.EncodeToString(sum[:signatureSize])
}

// Check returns the file that a link leads to, from the parts of its path and the
// parameters of its signature, and when it expires.
func (l *Links) Check(app, owner, id, expires, signature string) (Ref, time.Time, error) {
	r, ok := l.ref(app, owner, id)
	if !ok {
		return r, time.Time{}, chat.Errorf(chat.NotFound, "the file doesn't exist")
	}
	until, err := strconv.ParseInt(expires, 10, 64)
	if err != nil || !hmac.Equal([]byte(l.signature(r, expires)), []byte(signature)) {
		return r, time.Time{}, chat.Errorf(chat.NotAllowed, "the signature of the link is missing or wrong")
	}
	at := time.Unix(until, 0)
	if l.Now().After(at) {
		return r, at, chat.Errorf(chat.NotAllowed, "the link has expired; links are made anew whenever a message is read")
	}
	return r, at, nil
}
