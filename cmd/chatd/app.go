package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"chatd/internal/server"
)

// credentials are an app's key and its secret.
type credentials struct {
	Key    string `json:"key"`
	Secret string `json:"secret"`
}

// The forms that the tools around the API check: a key has 10 to 30 characters, a
// secret 50 to 75.
var (
	keyForm    = regexp.MustCompile(`^[0-9A-Za-z_-]{10,30}$`)
	secretForm = regexp.MustCompile(`^[!-~]{50,75}$`)
)

const (
	keyLength    = 12
	secretLength = 64
)

// newCredentials generates a key and a secret, lower-case letters and digits.
func newCredentials() credentials {
	key := strings.ToLower(rand.Text())[:keyLength]
	secret := strings.ToLower(rand.Text() + rand.Text() + rand.Text())[:secretLength]
	return credentials{key, secret}
}

// check tells what is wrong with credentials that somebody chose.
func (c credentials) check() error {
	var errs []error
	if !keyForm.MatchString(c.Key) {
		errs = append(errs, errors.New("--key: a key has 10 to 30 letters, digits, _ or -"))
	}
	if !secretForm.MatchString(c.Secret) {
		errs = append(errs, errors.New("--secret: a secret has 50 to 75 characters without spaces"))
	}
	return errors.Join(errs...)
}

type appCreateCommand struct {
	Name   string `arg:"" help:"Name of the app."`
	Key    string `help:"API key; default: a new one."`
	Secret string `help:"API secret; default: a new one."`
}

func (a *appCreateCommand) Run(ctx context.Context, t *terminal) error {
	c, err := t.databaseConfig()
	if err != nil {
		return err
	}
	cred := newCredentials()
	if a.Key != "" {
		cred.Key = a.Key
	}
	if a.Secret != "" {
		cred.Secret = a.Secret
	}
	if err := cred.check(); err != nil {
		return err
	}
	if _, err := server.CreateApp(ctx, c.DatabaseDirectURL, a.Name, cred.Key, cred.Secret); err != nil {
		return err
	}
	t.printf("key     %s\nsecret  %s\n", cred.Key, cred.Secret)
	return nil
}

type appListCommand struct {
	Secrets bool `help:"Show the secrets too."`
}

func (a *appListCommand) Run(ctx context.Context, t *terminal) error {
	c, err := t.databaseConfig()
	if err != nil {
		return err
	}
	apps, err := server.ListApps(ctx, c.DatabaseDirectURL)
	if err != nil {
		return err
	}
	for _, app := range apps {
		t.printf("%d  %s\n", app.ID, app.Name)
		for _, k := range app.Keys {
			if a.Secrets {
				t.printf("   key %s  secret %s\n", k.Key, k.Secret)
			} else {
				t.printf("   key %s\n", k.Key)
			}
		}
	}
	return nil
}

// findCredentials returns those of key in the database at dsn, or of the only key
// there is when key is "".
func findCredentials(ctx context.Context, dsn, key string) (credentials, error) {
	apps, err := server.ListApps(ctx, dsn)
	if err != nil {
		return credentials{}, err
	}
	var found []credentials
	for _, app := range apps {
		for _, k := range app.Keys {
			if key == "" || k.Key == key {
				found = append(found, credentials{k.Key, k.Secret})
			}
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return credentials{}, errors.New("there are several keys: say which with --key (see chatd app list)")
	case key != "":
		return credentials{}, fmt.Errorf("there is no key %s (see chatd app list)", key)
	}
	return credentials{}, errors.New("there is no app yet: make one with chatd app create")
}
