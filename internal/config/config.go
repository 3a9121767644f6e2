package config

import (
	"crypto/rand"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"
)

// Config holds the settings of a chatd. A setting is a field with these tags:
//
//	env      the name of its variable
//	default  its value when the variable is unset or empty
//	oneof    the values it may have
//	secret   what of it is not shown: "url" the password in it, "text" all of it
//	help     its meaning
type Config struct {
	Addr string `env:"CHATD_ADDR" default:":8080" help:"Address that serve listens on, host:port."`

	DatabaseURL       string `env:"CHATD_DATABASE_URL" secret:"url" help:"PostgreSQL, as postgres://user:password@host/database. Required by serve; a transaction pooler (pgbouncer) needs default_query_exec_mode=cache_describe in it."`
	DatabaseDirectURL string `env:"CHATD_DATABASE_DIRECT_URL" secret:"url" help:"PostgreSQL past the pooler, for migrations. Default: CHATD_DATABASE_URL."`
	DatabaseMaxConns  int    `env:"CHATD_DATABASE_MAX_CONNS" default:"20" help:"Connections to PostgreSQL that this node holds at most, 2 to 1000."`
	RedisURL          string `env:"CHATD_REDIS_URL" secret:"url" help:"Redis, as redis://:password@host:6379/0, which joins several nodes. Empty: this is the only node."`

	StorageURL string `env:"CHATD_STORAGE_URL" help:"Where files are kept: a folder, or s3://bucket?region=…, gs://bucket or azblob://container, with the credentials where these services' own tools look for them. All nodes must share it. Default: the folder chatd-files; of dev, a folder in its data."`
	PublicURL  string `env:"CHATD_PUBLIC_URL" help:"Where clients reach this server, as https://chat.example.com: where links to files lead. Default: where the client that uploaded the file reached it."`

	GiphyKey string `env:"CHATD_GIPHY_KEY" secret:"text" help:"Key for Giphy, where the command /giphy then finds its pictures. Empty: chatd makes pictures itself, and nobody else learns of the words."`
	GiphyURL string `env:"CHATD_GIPHY_URL" default:"https://api.giphy.com" help:"Where Giphy is, or a service with the same API."`

	LinkPreviews string         `env:"CHATD_LINK_PREVIEWS" default:"off" oneof:"off,on" help:"Whether chatd loads the pages that messages link to, to show what they are. Of dev: on."`
	LinkNetworks []netip.Prefix `env:"CHATD_LINK_NETWORKS" help:"Networks that are not public and whose pages any user may have shown by linking to them, as 10.1.0.0/16. Of dev: this machine."`
	TranslateURL string         `env:"CHATD_TRANSLATE_URL" secret:"url" help:"Server with LibreTranslate's API that translates messages, as https://translate.example.com, wherever it is; or dictionary, a few built-in phrases for tests and demonstrations. Empty: no translations. Of dev: dictionary."`
	TranslateKey string         `env:"CHATD_TRANSLATE_KEY" secret:"text" help:"That server's API key, if it asks for one."`
	HookNetworks []netip.Prefix `env:"CHATD_HOOK_NETWORKS" help:"Networks that are not public and may be called when an administrator names a hook there, as 10.0.0.0/8,::1/128. Of dev: this machine and private networks."`

	NodeID         string         `env:"CHATD_NODE_ID" help:"Name of this node in logs and among the nodes. Default: the host's name and a random end."`
	MaxConnections int            `env:"CHATD_MAX_CONNECTIONS" default:"100" help:"Connections that one user may hold on this node, 1 to 100000."`
	RateLimits     string         `env:"CHATD_RATE_LIMITS" default:"off" oneof:"off,on" help:"Whether requests over the API's rate limits are refused. They are counted and reported in any case."`
	TrustedProxies []netip.Prefix `env:"CHATD_TRUSTED_PROXIES" help:"Networks of proxies whose X-Forwarded-For is believed, as 10.0.0.0/8,fd00::/8."`
	MoreInfoURL    string         `env:"CHATD_MORE_INFO_URL" help:"Page that error answers refer to as more_info."`

	LogLevel        slog.Level    `env:"CHATD_LOG_LEVEL" default:"INFO" help:"Least level that is logged: DEBUG, INFO, WARN or ERROR."`
	LogFormat       string        `env:"CHATD_LOG_FORMAT" default:"json" oneof:"json,text" help:"Form of log lines."`
	PprofAddr       string        `env:"CHATD_PPROF_ADDR" help:"Address for Go's profiler, host:port. Empty: off. Not for the public."`
	ShutdownTimeout time.Duration `env:"CHATD_SHUTDOWN_TIMEOUT" default:"20s" help:"How long requests and connections may take to end at shutdown, 0s to 10m."`

	PostgresBin string `env:"CHATD_PG_BIN" help:"Folder of PostgreSQL's programs for dev, if they are not found."`
}

// Load reads the settings from an environment in the form of os.Environ. The error
// joins all problems; the Config is then still complete, with defaults in their
// place, so that it can be shown.
func Load(environ []string) (*Config, error) {
	c := &Config{}
	problems := c.read(environ)
	if c.DatabaseDirectURL == "" {
		c.DatabaseDirectURL = c.DatabaseURL
	}
	if c.NodeID == "" {
		host, _ := os.Hostname() // without one the random end must do
		c.NodeID = host + "-" + strings.ToLower(rand.Text()[:6])
	}
	problems = append(problems, c.check()...)
	return c, join(problems)
}

// ProblemsError is everything that is wrong with the settings, one text each.
type ProblemsError []string

func (p ProblemsError) Error() string { return "configuration:\n  " + strings.Join(p, "\n  ") }

func join(problems []string) error {
	if len(problems) == 0 {
		return nil
	}
	slices.Sort(problems)
	return ProblemsError(slices.Compact(problems))
}

const (
	minConns, maxConns           = 2, 1000
	maxUserConns                 = 100_000
	maxShutdown                  = 10 * time.Minute
	maxNodeID                    = 128
	printableFrom, printableTill = '!', '~'
)

// check returns what is wrong with the values.
func (c *Config) check() []string {
	var problems []string
	must := func(ok bool, format string, args ...any) {
		if !ok {
			problems = append(problems, fmt.Sprintf(format, args...))
		}
	}
	must(isAddr(c.Addr), "CHATD_ADDR: %q is not host:port", c.Addr)
	must(c.PprofAddr == "" || isAddr(c.PprofAddr), "CHATD_PPROF_ADDR: %q is not host:port", c.PprofAddr)
	must(hasScheme(c.DatabaseURL, "postgres", "postgresql"), "CHATD_DATABASE_URL: not a URL of the form postgres://…")
	must(c.DatabaseDirectURL == c.DatabaseURL || hasScheme(c.DatabaseDirectURL, "postgres", "postgresql"), "CHATD_DATABASE_DIRECT_URL: not a URL of the form postgres://…")
	must(hasScheme(c.RedisURL, "redis", "rediss", "unix"), "CHATD_REDIS_URL: not a URL of the form redis://… or rediss://…")
	must(c.TranslateURL == "dictionary" || hasScheme(c.TranslateURL, "http", "https"), "CHATD_TRANSLATE_URL: neither a URL of the form https://… nor dictionary")
	must(hasScheme(c.GiphyURL, "http", "https"), "CHATD_GIPHY_URL: not a URL of the form https://…")
	must(hasScheme(c.MoreInfoURL, "http", "https"), "CHATD_MORE_INFO_URL: not a URL of the form https://…")
	must(hasScheme(c.PublicURL, "http", "https") && !strings.ContainsAny(c.PublicURL, "?#\"\\ "), "CHATD_PUBLIC_URL: not a URL of the form https://host/path")
	must(c.DatabaseMaxConns >= minConns && c.DatabaseMaxConns <= maxConns, "CHATD_DATABASE_MAX_CONNS: %d is not between %d and %d", c.DatabaseMaxConns, minConns, maxConns)
	must(c.MaxConnections >= 1 && c.MaxConnections <= maxUserConns, "CHATD_MAX_CONNECTIONS: %d is not between 1 and %d", c.MaxConnections, maxUserConns)
	must(c.ShutdownTimeout >= 0 && c.ShutdownTimeout <= maxShutdown, "CHATD_SHUTDOWN_TIMEOUT: %v is not between 0s and %v", c.ShutdownTimeout, maxShutdown)
	must(len(c.NodeID) <= maxNodeID && !strings.ContainsFunc(c.NodeID, func(r rune) bool { return r < printableFrom || r > printableTill }),
		"CHATD_NODE_ID: %q has more than %d characters or others than letters, digits and punctuation", c.NodeID, maxNodeID)
	return problems
}

func isAddr(s string) bool {
	_, port, err := net.SplitHostPort(s)
	return err == nil && port != ""
}

// hasScheme tells whether s is empty or a URL with one of the schemes.
func hasScheme(s string, schemes ...string) bool {
	if s == "" {
		return true
	}
	u, err := url.Parse(s)
	return err == nil && slices.Contains(schemes, u.Scheme)
}
