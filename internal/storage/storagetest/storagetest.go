// Package storagetest is what every kind of storage must do, for the tests of each.
package storagetest

import (
	"bytes"
	"io"
	"testing"
	"time"

	"chatd/internal/chat"
	"chatd/internal/storage"
)

// Run opens the storage at a URL twice, as two nodes do, and tests it.
func Run(t *testing.T, at string) {
	t.Helper()
	var nodes [2]*storage.Storage
	for i := range nodes {
		s, err := storage.Open(t.Context(), at)
		if err != nil {
			t.Fatalf("%s: %v", at, err)
		}
		defer func() { _ = s.Close() }()
		nodes[i] = s
	}
	Files(t, nodes[0])
	life := func(chat.AppID) time.Duration { return time.Hour }
	a, b := nodes[0].Links("", life, time.Now), nodes[1].Links("", life, time.Now)
	if _, ok := b.Parse(a.URL("http://h", a.New(1, "ann"), "a", "")); !ok {
		t.Error("one node does not know the links of the other")
	}
}

// Files tests what a storage does with files.
func Files(t *testing.T, s *storage.Storage) {
	t.Helper()
	ctx := t.Context()
	const key = "1/owner/id"
	small := []byte("0123456789")
	want := storage.Object{Name: `Ünï "code" 日本.txt`, Type: "text/plain", UserID: "Ann@x-1", CID: "messaging:room"}
	if err := s.Put(ctx, key, &want, bytes.NewReader(small)); err != nil {
		t.Fatal(err)
	}
	o, err := s.Stat(ctx, key)
	if err != nil {
		t.Fatal(err)
	}
	if o.ModTime.IsZero() || time.Since(o.ModTime) > time.Hour {
		t.Errorf("written at %v", o.ModTime)
	}
	o.ModTime, want.Size = time.Time{}, int64(len(small))
	if *o != want {
		t.Errorf("%+v, want %+v", *o, want)
	}
	seeks(t, s.Reader(ctx, key, o.Size))

	large := bytes.Repeat([]byte("chunk of twelve"), 1<<20) // more than a part
	if err := s.Put(ctx, "1/owner/large", &storage.Object{Name: "l", Type: "application/octet-stream"}, bytes.NewReader(large)); err != nil {
		t.Fatal(err)
	}
	r := s.Reader(ctx, "1/owner/large", int64(len(large)))
	if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, large) {
		t.Errorf("%d of %d bytes, %v", len(got), len(large), err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	for _, k := range []string{key, "1/owner/large"} {
		if err := s.Delete(ctx, k); err != nil {
			t.Error(err)
		}
		if _, err := s.Stat(ctx, k); chat.KindOf(err) != chat.NotFound {
			t.Errorf("after the delete: %v", err)
		}
	}
	if _, err := s.Reader(ctx, key, 1).Read(make([]byte, 1)); chat.KindOf(err) != chat.NotFound {
		t.Errorf("reading what is not there: %v", err)
	}
}

// seeks reads the ten digits in pieces.
func seeks(t *testing.T, r io.ReadSeekCloser) {
	t.Helper()
	for _, x := range []struct {
		offset int64
		whence int
		n      int
		want   string
	}{{2, io.SeekStart, 3, "234"}, {1, io.SeekCurrent, 2, "67"}, {-1, io.SeekEnd, 5, "9"}, {0, io.SeekStart, 20, "0123456789"}, {5, io.SeekEnd, 1, ""}} {
		if _, err := r.Seek(x.offset, x.whence); err != nil {
			t.Fatal(err)
		}
		b := make([]byte, x.n)
		n, err := io.ReadFull(r, b)
		if string(b[:n]) != x.want || n == x.n && err != nil {
			t.Errorf("seek %d, %d: %q, %v", x.offset, x.whence, b[:n], err)
		}
	}
	if _, err := r.Seek(-1, io.SeekStart); err == nil {
		t.Error("there is something before the start")
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}
