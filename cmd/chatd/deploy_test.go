package main

import (
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"chatd/internal/config"
)

// deployFiles returns what operators start chatd with, by name.
func deployFiles(t *testing.T) map[string]string {
	t.Helper()
	names, err := filepath.Glob("../../deploy/*")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	files := map[string]string{}
	for _, name := range append(names, "../../docker-compose.yml") {
		if fi, err := os.Stat(name); err != nil || fi.IsDir() {
			continue
		}
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.Base(name)] = string(b)
	}
	return files
}

var (
	settingName   = regexp.MustCompile(`\bCHATD_[A-Z_]+`)
	chatdCommand  = regexp.MustCompile(`\["CMD", "/chatd", "(\w+)"\]|CMD \["(?:/chatd", ")?(\w+)"\]|exec chatd /chatd (.+)`)
	publishedPort = regexp.MustCompile(`(?:EXPOSE |:)(8\d{3})\b`)
	gracePeriod   = regexp.MustCompile(`stop_grace_period: (\w+)`)
)

// TestDeployFilesFitTheProgram checks what the files say of chatd: settings, the
// commands, the port, and how long it may take to end.
func TestDeployFilesFitTheProgram(t *testing.T) {
	t.Parallel()
	c, err := config.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	var known []string
	for _, s := range c.Settings() {
		known = append(known, s.Name)
	}
	_, port, err := net.SplitHostPort(c.Addr)
	if err != nil {
		t.Fatal(err)
	}
	parser, err := kong.New(&commands{})
	if err != nil {
		t.Fatal(err)
	}
	files := deployFiles(t)
	found := 0
	for name, text := range files {
		for _, setting := range settingName.FindAllString(text, -1) {
			if !slices.Contains(known, setting) {
				t.Errorf("%s: %s is no setting", name, setting)
			}
		}
		for _, m := range chatdCommand.FindAllStringSubmatch(text, -1) {
			found++
			line := strings.Fields(m[1] + m[2] + m[3])
			if _, err := parser.Parse(line); err != nil {
				t.Errorf("%s: chatd %v: %v", name, line, err)
			}
		}
		for _, m := range publishedPort.FindAllStringSubmatch(text, -1) {
			if m[1] != port {
				t.Errorf("%s: port %s, chatd listens on %s", name, m[1], port)
			}
		}
	}
	if found < 3 {
		t.Errorf("%d commands found: the pattern does not fit the files", found)
	}
	m := gracePeriod.FindStringSubmatch(files["docker-compose.yml"])
	if m == nil {
		t.Fatal("docker-compose.yml: no stop_grace_period")
	}
	if d, err := time.ParseDuration(m[1]); err != nil || d <= c.ShutdownTimeout {
		t.Errorf("docker-compose.yml: a node may end in %v, it is killed after %s", c.ShutdownTimeout, m[1])
	}
}
