package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"chatd/internal/auth"
	"chatd/internal/chat"
)

type tokenCommand struct {
	User    string        `arg:"" help:"Id of the user."`
	Key     string        `help:"Key of the user's app; not needed while there is only one."`
	Secret  string        `help:"Secret to sign with, instead of the one of the key."`
	TTL     time.Duration `name:"ttl" help:"How long the token is valid, as 1h; default: for ever."`
	DataDir string        `default:".chatd" help:"Data folder of the chatd dev whose app is meant when CHATD_DATABASE_URL is not set."`
}

// Run prints a token signed with a secret: that of the command line, else that of
// the key in the database, else that of chatd dev.
func (c *tokenCommand) Run(ctx context.Context, t *terminal) error {
	if err := chat.ValidUserID(c.User); err != nil {
		return err
	}
	if c.TTL < 0 {
		return errors.New("--ttl: a token that has expired is of no use")
	}
	secret, err := c.secret(ctx, t)
	if err != nil {
		return err
	}
	token, err := signUser(secret, c.User, c.TTL)
	if err != nil {
		return err
	}
	t.printf("%s\n", token)
	return nil
}

func (c *tokenCommand) secret(ctx context.Context, t *terminal) (string, error) {
	if c.Secret != "" {
		return c.Secret, nil
	}
	settings, err := t.config()
	if err != nil {
		return "", err
	}
	if settings.DatabaseURL != "" {
		found, err := findCredentials(ctx, settings.DatabaseDirectURL, c.Key)
		return found.Secret, err
	}
	dev, err := findDevApp(c.DataDir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("whose app? CHATD_DATABASE_URL is not set, there is no --secret, and no chatd dev has run with --data-dir %s", c.DataDir)
	case err != nil:
		return "", err
	case c.Key != "" && c.Key != dev.Key:
		return "", fmt.Errorf("the app of chatd dev in %s has the key %s", c.DataDir, dev.Key)
	}
	return dev.Secret, nil
}

// signUser makes a token for a user, valid for ttl or, when that is 0, for ever.
func signUser(secret, user string, ttl time.Duration) (string, error) {
	now := time.Now()
	claims := auth.Claims{UserID: user, IssuedAt: &now}
	if ttl > 0 {
		claims.ExpiresAt = new(now.Add(ttl))
	}
	return auth.Sign(secret, claims)
}
