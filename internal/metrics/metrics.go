// Package metrics counts what the daemon does and serves the figures, and
// whether the daemon is well, over HTTP.
package metrics

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics are the daemon's figures. No label grows with the number of domains.
type Metrics struct {
	registry    *prometheus.Registry
	messages    *prometheus.CounterVec
	signatures  *prometheus.CounterVec
	signing     prometheus.Histogram
	mismatches  prometheus.Counter
	risks       *prometheus.CounterVec
	connections prometheus.Gauge
	refused     *prometheus.CounterVec
	ended       *prometheus.CounterVec
	reloaded    prometheus.Gauge
	reloadedAt  prometheus.Gauge
	badKeyAt    atomic.Int64 // Unix time of the last message that a damaged key left unsigned
}

// BadKey is the reason that shows in /readyz, since somebody has to look after
// it.
const BadKey = "bad_key"

// alertFor is how long it shows.
const alertFor = 5 * time.Minute

// New returns figures that stand at zero. Reasons are all that a message can be
// unsigned for, risks all that it can have: each has its counter from the start,
// so that a rate over it is right from its first event on.
func New(version string, reasons, risks []string) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		messages: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "dkimd_messages_total",
			Help: "Messages by outcome: signed, unsigned, or tempfail; and, if not signed, the reason.",
		}, []string{"outcome", "reason"}),
		signatures: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "dkimd_signatures_total",
			Help: "Signatures made, by algorithm.",
		}, []string{"algorithm"}),
		signing: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "dkimd_signing_seconds",
			Help:    "Time from the end of a message to its signatures.",
			Buckets: []float64{.0005, .001, .002, .005, .01, .025, .05, .1, .25, 1, 5},
		}),
		mismatches: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "dkimd_login_mismatches_total",
			Help: "Messages signed although the login may not send as the From domain (login_match is report).",
		}),
		risks: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "dkimd_messages_at_risk_total",
			Help: "Messages signed that may be rewritten on their way, which breaks the signature.",
		}, []string{"risk"}),
		connections: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "dkimd_connections",
			Help: "Connections of MTAs that are open.",
		}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "dkimd_connections_refused_total",
			Help: "Connections refused, by the bound that was reached.",
		}, []string{"bound"}),
		ended: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "dkimd_connections_ended_total",
			Help: "Connections ended before their time, by the bound that was reached.",
		}, []string{"bound"}),
		reloaded: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "dkimd_config_last_reload_successful",
			Help: "Whether the last attempt to load the configuration succeeded.",
		}),
		reloadedAt: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "dkimd_config_last_reload_success_timestamp_seconds",
			Help: "When the configuration was last loaded.",
		}),
	}
	build := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "dkimd_build_info",
		Help: "Which build this is; always 1.",
	}, []string{"version"})
	build.WithLabelValues(version).Set(1)
	m.registry.MustRegister(m.messages, m.signatures, m.signing, m.mismatches, m.risks, m.connections,
		m.refused, m.ended, m.reloaded, m.reloadedAt, build,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))

	m.messages.WithLabelValues("signed", "")
	for _, reason := range reasons {
		m.messages.WithLabelValues("unsigned", reason)
		m.messages.WithLabelValues("tempfail", reason)
	}
	for _, risk := range risks {
		m.risks.WithLabelValues(risk)
	}
	for _, bound := range []string{"max_connections", "max_connections_per_peer", "peers"} {
		m.refused.WithLabelValues(bound)
	}
	for _, bound := range []string{"idle_timeout", "frame_timeout", "frame_size"} {
		m.ended.WithLabelValues(bound)
	}
	for _, algorithm := range []string{"rsa", "ed25519"} {
		m.signatures.WithLabelValues(algorithm)
	}
	return m
}

// Signed counts a signed message. Algorithms has one entry a signature; risks
// say why they may break on the way.
func (m *Metrics) Signed(algorithms, risks []string, took time.Duration, mismatch bool) {
	m.messages.WithLabelValues("signed", "").Inc()
	for _, algorithm := range algorithms {
		m.signatures.WithLabelValues(algorithm).Inc()
	}
	for _, risk := range risks {
		m.risks.WithLabelValues(risk).Inc()
	}
	m.signing.Observe(took.Seconds())
	if mismatch {
		m.mismatches.Inc()
	}
}

// Unsigned counts a message that is not signed, or that the MTA is asked to try
// again.
func (m *Metrics) Unsigned(reason string, tempFail bool) {
	outcome := "unsigned"
	if tempFail {
		outcome = "tempfail"
	}
	m.messages.WithLabelValues(outcome, reason).Inc()
	if reason == BadKey {
		m.badKeyAt.Store(time.Now().Unix())
	}
}

// Connected counts a connection in, and the function that it returns counts it
// out.
func (m *Metrics) Connected() (ended func()) {
	m.connections.Inc()
	return m.connections.Dec
}

// Refused counts a connection that a bound keeps out.
func (m *Metrics) Refused(bound string) { m.refused.WithLabelValues(bound).Inc() }

// Ended counts a connection that a bound ends before its time.
func (m *Metrics) Ended(bound string) { m.ended.WithLabelValues(bound).Inc() }

// CountLookups serves how many look-ups of a domain's keys were answered from memory
// and how many from the store.
func (m *Metrics) CountLookups(lookups func() (fromMemory, fromStore uint64)) {
	serve := func(from string, count func() uint64) {
		m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name:        "dkimd_key_lookups_total",
			Help:        "Look-ups of a domain's keys, by where the answer came from.",
			ConstLabels: prometheus.Labels{"from": from},
		}, func() float64 { return float64(count()) }))
	}
	serve("memory", func() uint64 { n, _ := lookups(); return n })
	serve("store", func() uint64 { _, n := lookups(); return n })
}

// Reloaded notes an attempt to load the configuration.
func (m *Metrics) Reloaded(ok bool) {
	if !ok {
		m.reloaded.Set(0)
		return
	}
	m.reloaded.Set(1)
	m.reloadedAt.SetToCurrentTime()
}

// Handler serves /metrics, /healthz (the process answers) and /readyz: ready
// returns what is in the way of signing, or nil.
func (m *Metrics) Handler(ready func() error) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if err := ready(); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
		if at := time.Unix(m.badKeyAt.Load(), 0); time.Since(at) < alertFor {
			// One domain's key is no reason to stop the mail of all others.
			fmt.Fprintf(w, "warning: a damaged key left mail unsigned at %s: see the log\n", at.UTC().Format(time.RFC3339))
		}
	})
	return mux
}
