package main

import (
	"os"
	"strings"
	"testing"

	"chatd/internal/config"
)

// TestReadmeSettings holds the manual's table to what the program says.
func TestReadmeSettings(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "<!-- settings: chatd config --markdown -->\n", "<!-- /settings -->"
	_, rest, ok := strings.Cut(string(b), begin)
	table, _, closed := strings.Cut(rest, end)
	if !ok || !closed || table != markdown(c.Settings()) {
		t.Errorf("the README's table is not what `chatd config --markdown` prints:\n%s", markdown(c.Settings()))
	}
}
