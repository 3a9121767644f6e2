package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"

	"chatd/internal/auth"
	"chatd/internal/devstack"
	"chatd/internal/server"
	"chatd/internal/wire"
)

// devApp is the demo app of chatd dev. Its credentials are kept in a file beside
// its database, so that they stay the same.
type devApp struct {
	credentials

	Filled bool `json:"filled"` // the demo data is complete

	file string
	url  string // of the running server
}

const devAppFile = "app.json"

// findDevApp reads the credentials that chatd dev keeps in a data folder;
// fs.ErrNotExist when there are none.
func findDevApp(dir string) (*devApp, error) {
	folders, err := devstack.Folders(dir)
	if err != nil {
		return nil, err
	}
	for _, f := range folders {
		app, err := readDevApp(filepath.Join(f, devAppFile))
		if !errors.Is(err, fs.ErrNotExist) {
			return app, err
		}
	}
	return nil, fs.ErrNotExist
}

func readDevApp(file string) (*devApp, error) {
	app := &devApp{file: file}
	b, err := os.ReadFile(file) //nolint:gosec // G304: in the folder that the user named
	if err != nil {
		return app, err
	}
	if err := wire.Unmarshal(b, app); err != nil {
		return app, fmt.Errorf("%s: %w", file, err)
	}
	return app, nil
}

// save writes the file in one step, so that it is never half written.
func (a *devApp) save() error {
	b, err := wire.Marshal(a)
	if err != nil {
		return err
	}
	if err := os.WriteFile(a.file+".new", append(b, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(a.file+".new", a.file)
}

// openDevApp returns the app with the credentials asked for, else those of the
// file, else new ones, and makes it in the database if it is not there.
func openDevApp(ctx context.Context, dir, dsn string, asked credentials) (*devApp, error) {
	app, err := readDevApp(filepath.Join(dir, devAppFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	switch {
	case asked != (credentials{}) && asked != app.credentials:
		app.credentials, app.Filled = asked, false
	case app.credentials == (credentials{}):
		app.credentials = newCredentials()
	}
	apps, err := server.ListApps(ctx, dsn)
	if err != nil {
		return nil, err
	}
	for _, known := range apps {
		for _, k := range known.Keys {
			if k.Key != app.Key {
				continue
			}
			if k.Secret != app.Secret {
				return nil, fmt.Errorf("the key %s exists in %s with another secret", app.Key, dir)
			}
			return app, app.save()
		}
	}
	if _, err := server.CreateApp(ctx, dsn, "chatd dev", app.Key, app.Secret); err != nil {
		return nil, err
	}
	app.Filled = false
	return app, app.save()
}

// The demo data. Ids are fixed, so that making it again after an interruption
// changes nothing.
const demoUser = "alice"

var demoRequests = []struct{ path, body string }{
	{"/users", `{"users": {
		"alice": {"id": "alice", "name": "Alice"},
		"bob": {"id": "bob", "name": "Bob"},
		"carol": {"id": "carol", "name": "Carol"}}}`},
	{"/channels/messaging/general/query", `{"data": {"name": "General", "created_by_id": "alice", "members": ["alice", "bob", "carol"]}}`},
	{"/channels/messaging/general/message", `{"message": {"id": "demo-1", "user_id": "bob", "text": "Welcome! This channel runs on your own machine."}}`},
	{"/channels/messaging/general/message", `{"message": {"id": "demo-2", "user_id": "carol", "text": "Everything you send here stays here."}}`},
	{"/channels/messaging/general/message", `{"message": {"id": "demo-3", "user_id": "bob", "text": "Say hello with any of the SDKs."}}`},
}

// fill makes the demo data, over the API like any backend, unless that was done.
func (a *devApp) fill(ctx context.Context) error {
	if a.Filled {
		return nil
	}
	token, err := auth.Sign(a.Secret, auth.Claims{Server: true})
	if err != nil {
		return err
	}
	for _, r := range demoRequests {
		if err := a.post(ctx, token, r.path, r.body); err != nil {
			return err
		}
	}
	a.Filled = true
	return a.save()
}

// maxAnswer is how much of an answer is read for the error, in bytes.
const maxAnswer = 4 << 10

func (a *devApp) post(ctx context.Context, token, path, body string) error {
	u := a.url + path + "?" + url.Values{"api_key": {a.Key}}.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u, bytes.NewReader([]byte(body)))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", token)
	req.Header.Set("Stream-Auth-Type", "jwt")
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }() // it was read
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	// A message that exists was made before an interruption.
	if resp.StatusCode >= http.StatusBadRequest && !bytes.Contains(answer, []byte("already exists")) {
		return fmt.Errorf("POST %s: %s: %s", path, resp.Status, answer)
	}
	return err
}
