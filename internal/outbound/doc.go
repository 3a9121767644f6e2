// Package outbound is the one HTTP client for everything that chatd calls: pages
// that users link to, and hooks and services that administrators name.
//
// It owns what may be called, and how much time and memory an answer may take. An
// address is checked when it is dialled, after names have been resolved, so neither
// a redirect nor a name that changes its address leads inside: loopback, private,
// link-local, multicast and reserved networks, the metadata services of clouds, and
// addresses of version 6 that have one of these inside are refused, unless the
// operator allowed their network. No proxy is taken from the environment, no cookie
// is kept, nothing of another request goes along.
//
// Get is for pages: users choose the URL, so only the web's own ports are called,
// redirects are followed a few times, and a page that is too long is cut off. Post
// and Ask are for hooks and services: any port, no redirects, and an answer that is
// too long is an error.
//
// A Client is safe for concurrent use and needs no end.
package outbound
