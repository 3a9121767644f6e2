package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const list = `# What is served.
#
# More about it.

# Connections
GET /connect Connect public

# Members. The path with the user in it is the older form.
PATCH /member      UpdateMember anyone
PATCH /member/{id} UpdateMember anyone
GET   /members     QueryMembers anyone
`

func TestTables(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put := func(name, text string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	put("route", "Connect\nUpdateMember\nQueryMembers\n")
	put("js", "Connect\nUpdateMember\nUpdateMember\n")
	put("node", "QueryMembers\n")
	put("go", "\n")
	ops, readme := put("list", list), put("README.md", "before\n"+blockBegin+"old\n"+blockEnd+"\nafter\n")
	doc := filepath.Join(dir, "coverage.md")
	if err := run([]string{ops, dir, readme, doc}); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	want := "before\n" + blockBegin + `| area | routes | route tests | JavaScript SDK | Node server SDK | Go SDK |
|---|---|---|---|---|---|
| Connections | 1 | 1 | 1 | 0 | 0 |
| Members | 3 | 3 | 2 | 1 | 0 |
| **all** | 4 | 4 | 3 | 1 | 0 |
` + blockEnd + "\nafter\n"
	if string(b) != want {
		t.Errorf("README:\n%s\nwant:\n%s", b, want)
	}
	if b, err = os.ReadFile(doc); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"\n## Members\n", "| `PATCH /member/{id}` | UpdateMember | ✓ | ✓ |  |  |\n", "| `GET /members` | QueryMembers | ✓ |  | ✓ |  |\n",
	} {
		if !strings.Contains(string(b), line) {
			t.Errorf("no %q in:\n%s", line, b)
		}
	}
	if err := run([]string{ops, dir, put("bare.md", "no marks"), doc}); err == nil {
		t.Error("a README without marks is written")
	}
}
