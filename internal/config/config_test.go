package config_test

import (
	"errors"
	"log/slog"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"chatd/internal/config"
)

func TestDefaults(t *testing.T) {
	t.Parallel()
	c, err := config.Load([]string{"PATH=/bin", "CHATD_TEST_DATABASE_URL=x", "CHATD_REDIS_URL="})
	if err != nil {
		t.Fatal(err)
	}
	if c.Addr != ":8080" || c.RateLimits != "off" || c.ShutdownTimeout != 20*time.Second || c.LogLevel != slog.LevelInfo || c.DatabaseMaxConns != 20 {
		t.Errorf("%+v", c)
	}
	other, err := config.Load(nil)
	if err != nil || c.NodeID == "" || c.NodeID == other.NodeID {
		t.Errorf("node ids %q and %q, %v", c.NodeID, other.NodeID, err)
	}
}

func TestValues(t *testing.T) {
	t.Parallel()
	c, err := config.Load([]string{
		"CHATD_ADDR=127.0.0.1:1", "CHATD_DATABASE_URL=postgres://a:b@h/d", "CHATD_REDIS_URL=rediss://h:6379/1", "CHATD_RATE_LIMITS=on",
		"CHATD_LOG_LEVEL=debug", "CHATD_LOG_FORMAT=text", "CHATD_TRUSTED_PROXIES=10.0.0.0/8, fd00::/8", "CHATD_SHUTDOWN_TIMEOUT=1m30s",
		"CHATD_NODE_ID=n1", "CHATD_MAX_CONNECTIONS= 7 ",
	})
	if err != nil {
		t.Fatal(err)
	}
	if c.DatabaseDirectURL != c.DatabaseURL {
		t.Errorf("direct URL %q", c.DatabaseDirectURL)
	}
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	if !slices.Equal(c.TrustedProxies, proxies) || c.LogLevel != slog.LevelDebug || c.ShutdownTimeout != 90*time.Second || c.MaxConnections != 7 || c.RateLimits != "on" || c.NodeID != "n1" {
		t.Errorf("%+v", c)
	}
}

func TestProblems(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ variable, want string }{
		{"CHATD_ADDR=8080", `CHATD_ADDR: "8080" is not host:port`},
		{"CHATD_PPROF_ADDR=:", "CHATD_PPROF_ADDR"},
		{"CHATD_DATABASE_URL=host=x", "CHATD_DATABASE_URL: not a URL"},
		{"CHATD_REDIS_URL=localhost:6379", "CHATD_REDIS_URL: not a URL"},
		{"CHATD_MORE_INFO_URL=ftp://x", "CHATD_MORE_INFO_URL"},
		{"CHATD_RATE_LIMITS=yes", `CHATD_RATE_LIMITS: "yes" is not one of off, on`},
		{"CHATD_LINK_PREVIEWS=yes", `CHATD_LINK_PREVIEWS: "yes" is not one of off, on`},
		{"CHATD_LINK_NETWORKS=localhost", `CHATD_LINK_NETWORKS: "localhost"`},
		{"CHATD_HOOK_NETWORKS=10.0.0.0", `CHATD_HOOK_NETWORKS: "10.0.0.0"`},
		{"CHATD_TRANSLATE_URL=ftp://x", "CHATD_TRANSLATE_URL: neither a URL"},
		{"CHATD_LOG_LEVEL=loud", `CHATD_LOG_LEVEL: "loud" is not one of DEBUG, INFO, WARN, ERROR`},
		{"CHATD_TRUSTED_PROXIES=10.0.0.0/8,ten", `CHATD_TRUSTED_PROXIES: "ten"`},
		{"CHATD_DATABASE_MAX_CONNS=0", "CHATD_DATABASE_MAX_CONNS: 0 is not between 2 and 1000"},
		{"CHATD_MAX_CONNECTIONS=many", `CHATD_MAX_CONNECTIONS: "many" is not a whole number`},
		{"CHATD_SHUTDOWN_TIMEOUT=20", `CHATD_SHUTDOWN_TIMEOUT: "20" is not a duration`},
		{"CHATD_NODE_ID=two words", "CHATD_NODE_ID"},
		{"CHATD_DATABASE_ULR=x", "CHATD_DATABASE_ULR: no such setting, did you mean CHATD_DATABASE_URL?"},
		{"CHATD_SOMETHING_ELSE=x", "CHATD_SOMETHING_ELSE: no such setting"},
	} {
		t.Run(tt.variable, func(t *testing.T) {
			t.Parallel()
			c, err := config.Load([]string{tt.variable})
			problems, ok := errors.AsType[config.ProblemsError](err)
			if !ok || len(problems) != 1 || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %q", err, tt.want)
			}
			if c == nil {
				t.Error("nothing to show")
			}
		})
	}
}

func TestAllProblemsAtOnce(t *testing.T) {
	t.Parallel()
	_, err := config.Load([]string{"CHATD_ADDR=x", "CHATD_LOG_FORMAT=xml", "CHATD_NO=1"})
	if problems, ok := errors.AsType[config.ProblemsError](err); !ok || len(problems) != 3 {
		t.Errorf("%v", err)
	}
}

// TestTags holds every field to having a name, a meaning and, if it is no text, a
// default.
func TestTags(t *testing.T) {
	t.Parallel()
	for f := range reflect.TypeFor[config.Config]().Fields() {
		if !strings.HasPrefix(f.Tag.Get("env"), "CHATD_") || !strings.HasSuffix(f.Tag.Get("help"), ".") {
			t.Errorf("%s: %s", f.Name, f.Tag)
		}
		if kind := f.Type.Kind(); f.Tag.Get("default") == "" && kind != reflect.String && kind != reflect.Slice {
			t.Errorf("%s has no default", f.Name)
		}
	}
}

func TestSettingsMaskSecrets(t *testing.T) {
	t.Parallel()
	c, err := config.Load([]string{"CHATD_DATABASE_URL=postgres://chatd:hunter2@db/chatd", "CHATD_REDIS_URL=redis://r/0?password=hunter2", "CHATD_TRUSTED_PROXIES=10.0.0.0/8,fd00::/8"})
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]string{}
	for _, s := range c.Settings() {
		values[s.Name] = s.Value
		if strings.Contains(s.Value, "hunter2") {
			t.Errorf("%s shows %s", s.Name, s.Value)
		}
	}
	for name, want := range map[string]string{
		"CHATD_DATABASE_URL": "postgres://chatd:xxxxx@db/chatd", "CHATD_TRUSTED_PROXIES": "10.0.0.0/8,fd00::/8", "CHATD_SHUTDOWN_TIMEOUT": "20s", "CHATD_LOG_LEVEL": "INFO",
	} {
		if values[name] != want {
			t.Errorf("%s = %q, want %q", name, values[name], want)
		}
	}
}
