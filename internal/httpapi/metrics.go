package httpapi

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics are what /metrics shows. Each server has a registry of its own, so
// several can live in one process.
type Metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
}

// NewMetrics returns the metrics of one server. gauges are read when asked for.
func NewMetrics(gauges map[string]func() float64) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "chatd_requests_total", Help: "Requests by operation, HTTP status and error code (0 for none).",
		}, []string{"op", "status", "code"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "chatd_request_seconds", Help: "Duration of requests by operation.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10},
		}, []string{"op"}),
	}
	m.registry.MustRegister(m.requests, m.seconds, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for name, read := range gauges {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "chatd_" + name, Help: gaugeHelp[name]}, read))
	}
	return m
}

// gaugeHelp explains the gauges by name.
var gaugeHelp = map[string]string{
	"connections":            "Websocket and long-poll connections on this node.",
	"connected_users":        "Users with a connection on this node.",
	"watched_channels":       "Channels that a connection on this node watches.",
	"events":                 "Events delivered to this node's hub since it started.",
	"deliveries":             "Frames handed to connections since the node started.",
	"slow_connections":       "Connections closed because they did not keep up.",
	"bus_reconnects":         "Times the bus between nodes was lost and came back.",
	"database_connections":   "Open connections to PostgreSQL.",
	"database_acquired":      "Connections to PostgreSQL in use.",
	"database_acquire_waits": "Times a request waited for a connection to PostgreSQL.",
}

// Handler serves the metrics.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// observe counts a finished request. Websockets last as long as their users and
// are counted without a duration.
func (m *Metrics) observe(e *entry, took time.Duration) {
	op := e.op
	if op == "" {
		op = "none"
	}
	m.requests.WithLabelValues(op, strconv.Itoa(e.status), strconv.Itoa(e.code)).Inc()
	if op != opConnect {
		m.seconds.WithLabelValues(op).Observe(took.Seconds())
	}
}
