package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/redis/go-redis/v9"

	"chatd/internal/access"
	"chatd/internal/appadmin"
	"chatd/internal/auth"
	"chatd/internal/channels"
	"chatd/internal/chat"
	"chatd/internal/commands"
	"chatd/internal/config"
	"chatd/internal/drafts"
	"chatd/internal/gifs"
	"chatd/internal/hooks"
	"chatd/internal/httpapi"
	"chatd/internal/jobs"
	"chatd/internal/locations"
	"chatd/internal/messages"
	"chatd/internal/outbound"
	"chatd/internal/polls"
	"chatd/internal/preview"
	"chatd/internal/push"
	"chatd/internal/ratelimit"
	"chatd/internal/reads"
	"chatd/internal/realtime"
	"chatd/internal/reminders"
	"chatd/internal/retention"
	"chatd/internal/search"
	"chatd/internal/storage"
	"chatd/internal/store"
	"chatd/internal/threads"
	"chatd/internal/translation"
	"chatd/internal/uploads"
	"chatd/internal/usergroups"
	"chatd/internal/users"
	"chatd/migrations"
)

// Options say what to build. Tests set the fields directly; the commands start
// from FromConfig.
type Options struct {
	DatabaseURL string
	DirectURL   string // for migrations, past a connection pooler; "" = DatabaseURL
	RedisURL    string // "" = this is the only node, unless Bus is set
	Bus         realtime.Bus
	Node        string         // this node's name; "" = a new one
	MaxConns    int            // connections to PostgreSQL; 0 = the default
	MaxPerUser  int            // connections a user may hold on this node; 0 = the default
	MoreInfo    string         // the page that errors refer to; "" = the default
	Proxies     []netip.Prefix // whose X-Forwarded-For is believed
	RateLimits  bool           // refuse what is over the limits; they are counted anyway
	StorageURL  string         // where files are kept: a folder, or a URL that storage.Open takes
	PublicURL   string         // where clients reach this server; "" = where each of them did
	GiphyKey    string         // for the service where /giphy finds its pictures; "" = they are made here
	GiphyURL    string         // where that service is
	HookNets    []netip.Prefix // networks that hooks may be in, beside public ones
	Previews    bool           // load pages that are linked to
	PageNets    []netip.Prefix // networks that such pages may be in, beside public ones
	// TranslateURL is a server with LibreTranslate's API, Dictionary, or "" for none.
	TranslateURL string
	TranslateKey string
	// RetentionEvery is how often is looked for what is past its time; 0 = the default.
	RetentionEvery time.Duration
	DrainTime      time.Duration
	Logger         *slog.Logger
	Now            func() time.Time
}

// FromConfig takes the options from the configuration.
func FromConfig(c *config.Config, log *slog.Logger) Options {
	return Options{
		DatabaseURL: c.DatabaseURL, DirectURL: c.DatabaseDirectURL, RedisURL: c.RedisURL, Node: c.NodeID,
		MaxConns: c.DatabaseMaxConns, MaxPerUser: c.MaxConnections, RateLimits: c.RateLimits == "on",
		MoreInfo: c.MoreInfoURL, Proxies: c.TrustedProxies,
		StorageURL: c.StorageURL, PublicURL: c.PublicURL, HookNets: c.HookNetworks, GiphyKey: c.GiphyKey, GiphyURL: c.GiphyURL,
		Previews: c.LinkPreviews == "on", PageNets: c.LinkNetworks, TranslateURL: c.TranslateURL, TranslateKey: c.TranslateKey, DrainTime: c.ShutdownTimeout, Logger: log,
	}
}

// Server is a wired chatd.
type Server struct {
	store *store.Store
	files *storage.Storage
	hub   *realtime.Hub
	api   *httpapi.API
	jobs  *jobs.Queue
	out   *outbound.Client

	previews *preview.Service
	redis    redis.UniversalClient
	drain    time.Duration
}

// verifiedTokens bounds the cache of tokens whose signature was checked.
const verifiedTokens = 20_000

// defaultDrain is how long connections may take to end at shutdown.
const defaultDrain = 10 * time.Second

// New migrates the database and builds everything on it.
func New(ctx context.Context, o Options) (*Server, error) {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	direct := o.DirectURL
	if direct == "" {
		direct = o.DatabaseURL
	}
	if err := migrations.Up(ctx, direct); err != nil {
		return nil, fmt.Errorf("migrations: %w", err)
	}
	st, err := store.Open(ctx, o.DatabaseURL, store.Options{MaxConns: o.MaxConns, Logger: o.Logger, Now: o.Now})
	if err != nil {
		return nil, err
	}
	s := &Server{store: st, drain: o.DrainTime, out: outbound.New(outbound.Options{Hooks: o.HookNets, Pages: o.PageNets})}
	if s.drain == 0 {
		s.drain = defaultDrain
	}
	if s.jobs, err = jobs.New(ctx, direct, o.Logger); err != nil {
		st.Close()
		return nil, err
	}
	if s.files, err = storage.Open(ctx, o.StorageURL); err != nil {
		st.Close()
		return nil, err
	}
	if err := s.build(o); err != nil {
		st.Close()
		return nil, errors.Join(err, s.files.Close())
	}
	return s, s.jobs.Open()
}

func (s *Server) build(o Options) error {
	bus, limiter := o.Bus, ratelimit.Limiter(ratelimit.NewMemory())
	if o.RedisURL != "" {
		ro, err := redis.ParseURL(o.RedisURL)
		if err != nil {
			return fmt.Errorf("redis url: %w", err)
		}
		ro.ContextTimeoutEnabled, ro.MaxRetries = true, -1 // the limiter and the bus each heal in their own way
		s.redis = redis.NewClient(ro)
		bus = realtime.NewRedisBus(s.redis, o.Logger)
		if limiter, err = ratelimit.NewRedis(s.redis); err != nil {
			return err
		}
	}
	links := s.links(o)
	var pages preview.Pages
	if o.Previews {
		pages = s.out
	}
	s.previews = preview.New(pages)
	b := &backend{}
	s.hub = realtime.New(realtime.Config{
		Node: o.Node, Backend: b, Bus: bus, Logger: o.Logger, Now: o.Now, MaxConnsPerUser: o.MaxPerUser,
		OnStale: s.store.Forget, OnGap: s.store.ForgetAll, Finish: links.Sign,
		MemberData: func(app chat.AppID) bool { return s.settings(app).MemberCustomOnMessages },
	})
	s.store.Attach(s.hub, s.hub)
	s.api = s.areas(o, b, links)
	s.api.Logger = o.Logger
	s.api.MoreInfo, s.api.Proxies = o.MoreInfo, o.Proxies
	mode := ratelimit.Off
	if o.RateLimits {
		mode = ratelimit.Enforce
	}
	s.api.Limits = &ratelimit.Policy{Limiter: limiter, Mode: mode}
	s.api.Metrics = httpapi.NewMetrics(s.gauges())
	return nil
}

// Dictionary stands for a URL in TranslateURL: a few phrases that need no server.
const Dictionary = "dictionary"

// translator is what translates, nil for nothing. Its server was named by the
// operator, so it may be in any network.
func translator(o Options) translation.Provider {
	switch o.TranslateURL {
	case "":
		return nil
	case Dictionary:
		return translation.Dictionary{}
	}
	anywhere := []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}
	return &translation.Libre{URL: o.TranslateURL, Key: o.TranslateKey, Poster: outbound.New(outbound.Options{Hooks: anywhere})}
}

// settings are an app's, from the cache; those of none where they cannot be read.
func (s *Server) settings(app chat.AppID) *chat.AppSettings {
	a, err := s.store.App(app).App(context.Background())
	if err != nil {
		return &chat.AppSettings{}
	}
	return &a.Settings
}

// links are the links to files; how long they are good for is a setting of each app.
func (s *Server) links(o Options) *storage.Links {
	lifetime := func(app chat.AppID) time.Duration {
		seconds := s.settings(app).CDNExpirationSeconds
		if seconds <= 0 {
			seconds = chat.DefaultCDNExpiration
		}
		return time.Duration(seconds) * time.Second
	}
	now := o.Now
	if now == nil {
		now = time.Now
	}
	return s.files.Links(o.PublicURL, lifetime, now)
}

// areas builds the areas of the API and joins them where one needs another.
func (s *Server) areas(o Options, b *backend, links *storage.Links) *httpapi.API {
	acc := &access.Access{Store: s.store}
	ps := &push.Service{Store: s.store}
	us := &users.Service{Store: s.store, Access: acc, Hub: s.hub, Devices: ps}
	acc.Users = us
	hk := &hooks.Caller{Client: s.out, Store: s.store, Jobs: s.jobs, Links: links}
	hk.HandleJobs()
	pictures := gifs.NewPainter(o.PublicURL)
	run := &commands.Runner{Gifs: pictures, Hooks: hk}
	if o.GiphyKey != "" {
		run.Gifs = &gifs.Giphy{Client: s.out, URL: o.GiphyURL, Key: o.GiphyKey}
	}
	ms := &messages.Service{Store: s.store, Access: acc, Hub: s.hub, Jobs: s.jobs, Previews: s.previews, Commands: run, Hooks: hk}
	ms.HandleJobs(s.jobs)
	tr := &translation.Service{Store: s.store, Access: acc, Messages: ms, Jobs: s.jobs, Provider: translator(o)}
	tr.HandleJobs(s.jobs)
	ms.Translator = tr
	cs := &channels.Service{Store: s.store, Access: acc, Hub: s.hub, Messages: ms, Jobs: s.jobs}
	cs.HandleJobs(s.jobs)
	rem := &reminders.Service{Store: s.store, Access: acc, Jobs: s.jobs}
	rem.HandleJobs(s.jobs)
	re := &retention.Service{Store: s.store, Channels: cs, Jobs: s.jobs, Every: o.RetentionEvery}
	re.HandleJobs(s.jobs)
	rs := &reads.Service{Store: s.store, Access: acc, Hub: s.hub}
	b.Backend, b.users, b.channels = reads.Backend{Store: s.store}, us, cs
	ts := &threads.Service{Store: s.store, Access: acc, Watch: cs}
	return &httpapi.API{
		Users: us, Channels: cs, Messages: ms, Reads: rs, Search: &search.Service{Store: s.store, Access: acc}, Threads: ts, AppAdmin: &appadmin.Service{Store: s.store},
		Previews: s.previews, Translation: tr, Retention: re, Push: ps,
		Polls:     &polls.Service{Store: s.store, Access: acc, Messages: ms},
		Drafts:    &drafts.Service{Store: s.store, Access: acc, Messages: ms},
		Reminders: rem, UserGroups: &usergroups.Service{Store: s.store},
		Locations: &locations.Service{Store: s.store, Access: acc, Messages: ms},
		Uploads:   &uploads.Service{Store: s.store, Access: acc, Storage: s.files, Links: links, Resizer: uploads.NewResizer()},
		Store:     s.store, Access: acc, Hub: s.hub, Links: links, Pictures: pictures, Tokens: auth.NewVerifier(verifiedTokens),
	}
}

// backend is what the hub asks, answered by the areas.
type backend struct {
	reads.Backend
	users    *users.Service
	channels *channels.Service
}

// Left tells the areas that a user stopped watching channels or went offline.
func (b *backend) Left(ctx context.Context, app chat.AppID, userID string, cids []chat.CID, offline, local bool) {
	b.channels.Unwatched(ctx, app, userID, cids, local)
	if offline {
		b.users.Offline(ctx, app, userID, local)
	}
}

// Active notes that users are still connected.
func (b *backend) Active(ctx context.Context, app chat.AppID, userIDs []string) {
	b.users.Touch(ctx, app, userIDs)
}

// Handler is the server's HTTP handler.
func (s *Server) Handler() http.Handler { return s.api.Handler() }

// Store is the server's store, for commands and tests.
func (s *Server) Store() *store.Store { return s.store }

// Settle waits until the events that were published on this node before are on their
// way to its connections, for tests.
func (s *Server) Settle(ctx context.Context) error { return s.hub.Settle(ctx) }

// Drain closes the connections so that SDKs reconnect elsewhere, and ends long
// polls, which would hold up the end of the HTTP server. It returns when they have
// ended, or with ctx. Run goes on.
func (s *Server) Drain(ctx context.Context) { s.hub.Drain(ctx) }

// Run works until ctx ends, then drains: connections are closed so that SDKs
// reconnect elsewhere, waiting writes are committed, everything is closed.
func (s *Server) Run(ctx context.Context) error {
	hubCtx, stopHub := context.WithCancel(context.WithoutCancel(ctx))
	jobsCtx, stopJobs := context.WithCancel(ctx)
	done, worked := make(chan error, 1), make(chan error, 1)
	go func() { done <- s.hub.Run(hubCtx) }()
	go func() { worked <- s.jobs.Run(jobsCtx) }()
	var err error
	select {
	case <-ctx.Done():
		drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.drain)
		s.hub.Drain(drain)
		cancel()
		err = <-worked // what jobs tell of still reaches the other nodes
		stopHub()
		err = errors.Join(err, <-done)
	case err = <-done:
		stopHub()
		stopJobs()
		err = errors.Join(err, <-worked)
	}
	stopJobs()
	s.previews.Close()
	s.store.Close()
	err = errors.Join(err, s.files.Close())
	if s.redis != nil {
		err = errors.Join(err, s.redis.Close())
	}
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

func (s *Server) gauges() map[string]func() float64 {
	hub := func(get func(realtime.Stats) int64) func() float64 {
		return func() float64 { return float64(get(s.hub.Stats())) }
	}
	return map[string]func() float64{
		"connections":      hub(func(x realtime.Stats) int64 { return x.Connections }),
		"connected_users":  hub(func(x realtime.Stats) int64 { return x.Users }),
		"watched_channels": hub(func(x realtime.Stats) int64 { return x.Channels }),
		"events":           hub(func(x realtime.Stats) int64 { return x.Events }),
		"deliveries":       hub(func(x realtime.Stats) int64 { return x.Deliveries }),
		"slow_connections": hub(func(x realtime.Stats) int64 { return x.Overflows }),
		"bus_reconnects":   hub(func(x realtime.Stats) int64 { return x.BusReconnects }),
	}
}
