package preview

import (
	"bytes"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	"golang.org/x/net/html/charset"
)

// meta is what the head of a page says, by the name or property of its elements in
// small letters: the first value of each that has one. "title" is its title, "base"
// where its links start from, and "link:" with a relation a link.
type meta map[string]string

// inHead are the elements that a head may have. Any other begins the body, also
// where the page does not say so.
var inHead = map[atom.Atom]bool{
	atom.Html: true, atom.Head: true, atom.Title: true, atom.Meta: true, atom.Link: true, atom.Base: true,
	atom.Script: true, atom.Style: true, atom.Noscript: true, atom.Template: true,
}

// readMeta reads the head of a page, in whatever encoding it has: what its header
// says, or its first bytes. What is in the body comes from others, as comments do.
func readMeta(page []byte, contentType string) meta {
	text, err := charset.NewReader(bytes.NewReader(page), contentType)
	if err != nil {
		text = bytes.NewReader(page) // an encoding that nobody knows
	}
	m := meta{}
	for z := html.NewTokenizer(text); m.next(z); {
	}
	return m
}

// next takes in one token; false at the end of the head.
func (m meta) next(z *html.Tokenizer) bool {
	switch z.Next() {
	case html.ErrorToken:
		return false
	case html.StartTagToken, html.SelfClosingTagToken:
		name, more := z.TagName()
		tag := atom.Lookup(name)
		if !inHead[tag] {
			return false
		}
		switch tag {
		case atom.Title:
			if z.Next() == html.TextToken {
				m.add("title", string(z.Text()))
			}
		case atom.Meta, atom.Link, atom.Base:
			m.element(tag, attributes(z, more))
		default:
		}
	default:
	}
	return true
}

// attributes are those of an element that matter here.
func attributes(z *html.Tokenizer, more bool) map[string]string {
	attrs := make(map[string]string)
	for more {
		var key, value []byte
		key, value, more = z.TagAttr()
		switch name := string(key); name {
		case "property", "name", "content", "rel", "href", "itemprop":
			if _, ok := attrs[name]; !ok {
				attrs[name] = string(value)
			}
		default:
		}
	}
	return attrs
}

func (m meta) element(tag atom.Atom, attrs map[string]string) {
	switch tag {
	case atom.Base:
		m.add("base", attrs["href"])
	case atom.Link:
		m.add("link:"+strings.ToLower(attrs["rel"]), attrs["href"])
	default:
		for _, key := range []string{"property", "name", "itemprop"} {
			if attrs[key] != "" {
				m.add(strings.ToLower(attrs[key]), attrs["content"])
			}
		}
	}
}

func (m meta) add(name, value string) {
	if value = strings.TrimSpace(value); value != "" && m[name] == "" {
		m[name] = value
	}
}

// first is the first of the names that has a value.
func (m meta) first(names ...string) string {
	for _, name := range names {
		if m[name] != "" {
			return m[name]
		}
	}
	return ""
}
