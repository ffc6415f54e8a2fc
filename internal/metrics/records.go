package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Record is what is known of the record of a key.
type Record struct {
	State   string // of the key
	Verdict string // of the check; empty: it was not looked at
}

// WriteRecords writes how many records there are of each kind, and the time, into a
// file for the textfile collector of Prometheus' node exporter. The file is there
// whole or not at all.
func WriteRecords(path string, records map[Record]int, now time.Time) error {
	registry := prometheus.NewRegistry()
	count := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "dkimd_records",
		Help: "Keys by state, and what the last check found of their records; no verdict: it did not look.",
	}, []string{"state", "verdict"})
	checked := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "dkimd_records_checked_timestamp_seconds",
		Help: "When the last check ended.",
	})
	registry.MustRegister(count, checked)
	for record, n := range records {
		count.WithLabelValues(record.State, record.Verdict).Set(float64(n))
	}
	checked.Set(float64(now.Unix()))
	return prometheus.WriteToTextfile(path, registry)
}
