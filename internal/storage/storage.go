package storage

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"gocloud.dev/blob"
	"gocloud.dev/blob/fileblob"
	"gocloud.dev/gcerrors"

	"chatd/internal/chat"
)

// Storage is a bucket of files.
type Storage struct {
	bucket *blob.Bucket
	key    []byte // signs the links
}

// openTimeout is how long the storage may take to answer at the start.
const openTimeout = 30 * time.Second

// Open opens the storage at a URL: s3://bucket?region=…, gs://bucket,
// azblob://container (with package clouds), file:///folder, or just a folder, which
// is made if need be. The storage must answer: what is set wrong shows at the start.
func Open(ctx context.Context, at string) (*Storage, error) {
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	b, err := openBucket(ctx, at)
	if err != nil {
		return nil, fmt.Errorf("storage: %w", err)
	}
	s := &Storage{bucket: b}
	if s.key, err = s.secret(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("storage: %w", err), b.Close())
	}
	return s, nil
}

func openBucket(ctx context.Context, at string) (*blob.Bucket, error) {
	scheme, _, ok := strings.Cut(at, "://")
	switch {
	case at == "":
		return nil, errors.New("no place for files is set")
	case ok && scheme != fileblob.Scheme:
		return blob.OpenBucket(ctx, at)
	case ok:
		u, err := url.Parse(at)
		if err != nil {
			return nil, err
		}
		at = filepath.FromSlash(u.Path)
	}
	dir, err := filepath.Abs(at)
	if err != nil {
		return nil, err
	}
	const ownerOnly = 0o700
	if err := os.MkdirAll(dir, ownerOnly); err != nil {
		return nil, err
	}
	return fileblob.OpenBucket(dir, &fileblob.Options{NoTempDir: true, DirFileMode: ownerOnly})
}

// Close closes the storage.
func (s *Storage) Close() error { return s.bucket.Close() }

// The key of the links lies with the files: all nodes that share the files share
// it, and a copy of the files is complete.
const (
	secretName = "link-key"
	secretSize = 32 // bytes
)

// secret returns the key of the links. The first node that comes makes it.
func (s *Storage) secret(ctx context.Context) ([]byte, error) {
	key, err := s.bucket.ReadAll(ctx, secretName)
	if gcerrors.Code(err) == gcerrors.NotFound {
		fresh := make([]byte, secretSize)
		_, _ = rand.Read(fresh) // never fails
		wrote := s.bucket.WriteAll(ctx, secretName, fresh, &blob.WriterOptions{IfNotExist: true, ContentType: "application/octet-stream"})
		if key, err = s.bucket.ReadAll(ctx, secretName); err != nil { // of whoever was first
			return nil, errors.Join(err, wrote)
		}
	}
	if err != nil {
		return nil, err
	}
	if len(key) != secretSize {
		return nil, fmt.Errorf("%s has %d bytes, not %d", secretName, len(key), secretSize)
	}
	return key, nil
}

// Object is what is kept with a file's bytes.
type Object struct {
	Name    string // as its uploader called it
	Type    string // MIME type
	UserID  string // who uploaded it; "" when nobody was named
	CID     chat.CID
	Size    int64
	ModTime time.Time
}

// The names of an object's metadata.
const (
	metaName    = "name"
	metaUser    = "user"
	metaChannel = "channel"
)

// An upload goes to the storage in parts of this size, two at a time: what it takes
// of memory.
const (
	partSize = 5 << 20 // bytes; the least that S3 takes
	partsAt  = 2
)

// Put writes a file; on error there is none.
func (s *Storage) Put(ctx context.Context, key string, o *Object, r io.Reader) error {
	meta := map[string]string{metaName: url.PathEscape(o.Name)} // some services take ASCII only
	if o.UserID != "" {
		meta[metaUser] = o.UserID
	}
	if o.CID != "" {
		meta[metaChannel] = string(o.CID)
	}
	ctx, abort := context.WithCancel(ctx)
	defer abort()
	w, err := s.bucket.NewWriter(ctx, key, &blob.WriterOptions{
		ContentType: o.Type, Metadata: meta, BufferSize: partSize, MaxConcurrency: partsAt,
	})
	if err != nil {
		return translate(err)
	}
	if _, err := io.Copy(w, r); err != nil {
		abort()       // or closing would keep what there is
		_ = w.Close() // which says only that
		return translate(err)
	}
	return translate(w.Close())
}

// Stat returns what is kept with a file; NotFound when there is none.
func (s *Storage) Stat(ctx context.Context, key string) (*Object, error) {
	a, err := s.bucket.Attributes(ctx, key)
	if err != nil {
		return nil, translate(err)
	}
	name, err := url.PathUnescape(a.Metadata[metaName])
	if err != nil {
		name = ""
	}
	return &Object{
		Name: name, Type: a.ContentType, UserID: a.Metadata[metaUser], CID: chat.CID(a.Metadata[metaChannel]), Size: a.Size, ModTime: a.ModTime,
	}, nil
}

// Delete removes a file; NotFound when there is none.
func (s *Storage) Delete(ctx context.Context, key string) error {
	return translate(s.bucket.Delete(ctx, key))
}

// Reader returns a file of a known size. Nothing is asked of the storage before the
// first Read; seeking costs nothing.
func (s *Storage) Reader(ctx context.Context, key string, size int64) io.ReadSeekCloser {
	return &reader{ctx: ctx, bucket: s.bucket, key: key, size: size}
}

type reader struct {
	ctx    context.Context //nolint:containedctx // it lives as long as its request
	bucket *blob.Bucket
	key    string
	size   int64
	at     int64
	open   *blob.Reader // reads on from at; nil after a seek
}

// Read reads from where the last Seek or Read ended.
func (r *reader) Read(p []byte) (int, error) {
	if r.at >= r.size {
		return 0, io.EOF
	}
	if r.open == nil {
		var err error
		if r.open, err = r.bucket.NewRangeReader(r.ctx, r.key, r.at, -1, nil); err != nil {
			return 0, translate(err)
		}
	}
	n, err := r.open.Read(p)
	r.at += int64(n)
	return n, err
}

// Seek sets where the next Read begins.
func (r *reader) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += r.at
	case io.SeekEnd:
		offset += r.size
	}
	if offset < 0 {
		return 0, errors.New("storage: seek before the start")
	}
	if offset == r.at {
		return offset, nil
	}
	r.at = offset
	return offset, r.Close()
}

// Close ends what is being read.
func (r *reader) Close() error {
	open := r.open
	r.open = nil
	if open == nil {
		return nil
	}
	return open.Close()
}

// translate turns what a storage says into kinds that callers can act on.
func translate(err error) error {
	switch {
	case err == nil, errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case gcerrors.Code(err) == gcerrors.NotFound:
		return &chat.Error{Kind: chat.NotFound, Message: "the file doesn't exist", Err: err}
	}
	return &chat.Error{Kind: chat.Unavailable, Message: "the file storage is not available", Err: err}
}
