// Package gifs finds the pictures that /giphy answers with.
//
// Painter makes them itself, without leaving the machine: every text has pictures of
// its own, always the same, which chatd serves (Painter.Picture). Giphy asks a service
// that speaks the API of that name.
//
// All types are safe for concurrent use.
package gifs
