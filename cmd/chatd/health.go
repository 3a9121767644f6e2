package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"
)

// healthCommand is what containers without a shell ask whether the node in them is
// ready.
type healthCommand struct{}

const healthTimeout = 3 * time.Second

func (healthCommand) Run(ctx context.Context, t *terminal) error {
	c, err := t.config()
	if err != nil {
		return err
	}
	host, port, err := net.SplitHostPort(c.Addr)
	if err != nil {
		return err
	}
	if ip := net.ParseIP(host); host == "" || ip.IsUnspecified() {
		host = "localhost"
	}
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	url := "http://" + net.JoinHostPort(host, port) + "/readyz"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	if err := resp.Body.Close(); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return errors.New("not ready: " + resp.Status)
	}
	t.printf("ready\n")
	return nil
}
