package main

import (
	"context"
	"slices"
	"time"

	"dkimd/internal/mta"
)

// figures are what is measured of a signer.
type figures struct {
	Work       string  `json:"work"`
	Signer     string  `json:"signer"`
	PerSecond  float64 `json:"messages_per_second,omitempty"`
	CPU        float64 `json:"cpu_ms_per_message,omitempty"`
	PerRSA     float64 `json:"cpu_per_rsa_signature,omitempty"` // CPU over that of OpenSSL's, or Go's where Go signs
	Median     float64 `json:"p50_ms,omitempty"`
	P99        float64 `json:"p99_ms,omitempty"`
	PeakMemory float64 `json:"peak_memory_mb,omitempty"`
	First      float64 `json:"first_signature_ms,omitempty"` // after the start
	PerIdle    float64 `json:"kb_per_idle_connection,omitempty"`
}

// begin starts a signer and lets it sign until it is warm.
func begin(ctx context.Context, e entry, dir string) (p *process, first time.Duration, err error) {
	p, err = start(ctx, e.contender, e.site, dir)
	if err != nil {
		return nil, 0, err
	}
	warm := load{messages: 1, size: e.load.size, connections: 1, perConn: 100}
	if _, err = generate(p.socket, e.site, warm); err == nil {
		first = time.Since(p.started)
		warm.messages = 50
		if e.load.known > 0 {
			// libcrypto sets a key up at its first signature, and once more at the first
			// of another thread, in the time of a signature each.
			warm.messages, warm.domain = 3*e.load.known, e.load.domain
		}
		_, err = generate(p.socket, e.site, warm)
	}
	if err != nil {
		p.stop()
		return nil, 0, err
	}
	return p, first, nil
}

// measureLoad lets a signer sign as fast as it can.
func measureLoad(ctx context.Context, e entry, dir string) (figures, error) {
	p, first, err := begin(ctx, e, dir)
	if err != nil {
		return figures{}, err
	}
	defer p.stop()
	f, err := measure(p, e.site, e.load)
	f.First = milliseconds(first)
	return f, err
}

// measureHalf finds out how fast a signer is, and gives it half of that.
func measureHalf(ctx context.Context, e entry, dir string) (figures, error) {
	p, _, err := begin(ctx, e, dir)
	if err != nil {
		return figures{}, err
	}
	defer p.stop()
	f, err := measure(p, e.site, e.load)
	if err != nil {
		return figures{}, err
	}
	e.load.rate = f.PerSecond / 2
	return measure(p, e.site, e.load)
}

func measure(p *process, s site, l load) (figures, error) {
	before, err := p.cpu()
	if err != nil {
		return figures{}, err
	}
	started := time.Now()
	latencies, err := generate(p.socket, s, l)
	if err != nil {
		return figures{}, err
	}
	took := time.Since(started)
	after, err := p.cpu()
	if err != nil {
		return figures{}, err
	}
	memory, err := p.memory("VmHWM")
	if err != nil {
		return figures{}, err
	}
	slices.Sort(latencies)
	n := len(latencies)
	return figures{
		PerSecond:  float64(n) / took.Seconds(),
		CPU:        milliseconds(after-before) / float64(n),
		Median:     milliseconds(latencies[n/2]),
		P99:        milliseconds(latencies[n*99/100]),
		PeakMemory: float64(memory) / megabyte,
	}, nil
}

// idle is how many connections are open in measureIdle.
const idle = 2000

// measureIdle opens connections that stay silent.
func measureIdle(ctx context.Context, e entry, dir string) (figures, error) {
	p, _, err := begin(ctx, e, dir)
	if err != nil {
		return figures{}, err
	}
	defer p.stop()
	before, err := p.memory("VmRSS")
	if err != nil {
		return figures{}, err
	}
	for range idle {
		c, err := mta.Dial("unix", p.socket, mta.Postfix6)
		if err != nil {
			return figures{}, err
		}
		defer c.Close()
		if _, err := c.Connect(mta.Client{Name: "localhost", Addr: "127.0.0.1"}); err != nil {
			return figures{}, err
		}
	}
	after, err := p.memory("VmRSS")
	return figures{PerIdle: float64(after-before) / kilobyte / idle}, err
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
