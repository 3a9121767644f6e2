package storage_test

import (
	"bytes"
	"context"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"chatd/internal/chat"
	"chatd/internal/storage"
	"chatd/internal/storage/storagetest"
)

func TestFolder(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, filepath.Join(t.TempDir(), "new", "files"))
	storagetest.Run(t, (&url.URL{Scheme: "file", Path: filepath.ToSlash(t.TempDir())}).String())
}

func TestMemory(t *testing.T) {
	t.Parallel()
	s, err := storage.Open(t.Context(), "mem://")
	if err != nil {
		t.Fatal(err)
	}
	storagetest.Files(t, s)
}

func TestOpenFails(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	spoilt := t.TempDir()
	if err := os.WriteFile(filepath.Join(spoilt, "link-key"), []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	for at, want := range map[string]string{
		"": "no place for files is set", file: "not a directory", "nowhere://x": "nowhere", spoilt: "link-key has 5 bytes", "file:///%zz": "invalid URL escape",
	} {
		if s, err := storage.Open(t.Context(), at); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, %v", at, s, err)
		}
	}
}

// TestNothingIsLeft checks that an upload that fails leaves no file.
func TestNothingIsLeft(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := storage.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	broken := io.MultiReader(bytes.NewReader(make([]byte, 1<<20)), failing{})
	if err := s.Put(t.Context(), "1/a/b", &storage.Object{Name: "x", Type: "text/plain"}, broken); err == nil {
		t.Error("a failed upload succeeds")
	}
	if _, err := s.Stat(t.Context(), "1/a/b"); chat.KindOf(err) != chat.NotFound {
		t.Errorf("after it: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Nanosecond)
	defer cancel()
	<-ctx.Done()
	if err := s.Put(ctx, "1/a/c", &storage.Object{Type: "text/plain"}, strings.NewReader("x")); err == nil {
		t.Error("an upload that nobody waits for succeeds")
	}
	var files []string
	_ = filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files = append(files, filepath.Base(path))
		}
		return nil
	})
	for _, f := range files {
		if !strings.HasPrefix(f, "link-key") {
			t.Errorf("left: %s", f)
		}
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
