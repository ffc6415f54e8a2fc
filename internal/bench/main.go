// Bench measures dkimd side by side with other signers, on the same mail: each
// signs over its milter socket what a load generator sends as Postfix would.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// work is what each signer has to do in a round.
type work struct {
	messages    int
	size        int // of a body, in bytes
	connections int
	perConn     int // messages on one connection
}

// figures are what a round has measured of a signer.
type figures struct {
	Signer     string  `json:"signer"`
	PerSecond  float64 `json:"messages_per_second"`
	CPU        float64 `json:"cpu_ms_per_message"`
	Median     float64 `json:"p50_ms"`
	P99        float64 `json:"p99_ms"`
	PeakMemory float64 `json:"peak_memory_mb"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run() error {
	var w work
	flag.IntVar(&w.messages, "messages", 2000, "how many messages a signer gets in a round")
	flag.IntVar(&w.size, "size", 4096, "bytes of a body")
	flag.IntVar(&w.connections, "connections", 64, "connections at a time")
	flag.IntVar(&w.perConn, "per-connection", 10, "messages on one connection")
	rounds := flag.Int("rounds", 5, "rounds, of which medians are taken")
	asJSON := flag.Bool("json", false, "print JSON")
	bin := flag.String("bin", "bin", "where dkimd is")
	flag.Parse()

	dir, err := os.MkdirTemp("", "dkimd-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	dkimd, err := filepath.Abs(filepath.Join(*bin, "dkimd"))
	if err != nil {
		return err
	}
	key, err := makeKey(filepath.Join(dir, "store"))
	if err != nil {
		return err
	}
	measured := map[string][]figures{}
	var names []string
	for round := range *rounds {
		for _, s := range contenders(dkimd) {
			if !s.installed() {
				if round == 0 {
					fmt.Fprintf(os.Stderr, "%s is not installed: it is left out\n", s.name)
				}
				continue
			}
			f, err := measure(s, filepath.Join(dir, fmt.Sprint(s.name, round)), key, w)
			if err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
			if round == 0 {
				names = append(names, s.name)
			}
			measured[s.name] = append(measured[s.name], f)
		}
	}
	var medians []figures
	for _, name := range names {
		medians = append(medians, medianOf(name, measured[name]))
	}
	if *asJSON {
		return json.NewEncoder(os.Stdout).Encode(medians)
	}
	print(medians, w, *rounds)
	return nil
}

// measure starts a signer, lets it do the work, and stops it.
func measure(s contender, dir string, key key, w work) (figures, error) {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return figures{}, err
	}
	p, err := start(s, dir, key)
	if err != nil {
		return figures{}, err
	}
	defer p.stop()
	if _, err := generate(p.socket, key, work{messages: 50, size: w.size, connections: 1, perConn: 50}); err != nil { // to warm up
		return figures{}, err
	}
	before, err := p.cpu()
	if err != nil {
		return figures{}, err
	}
	started := time.Now()
	latencies, err := generate(p.socket, key, w)
	if err != nil {
		return figures{}, err
	}
	took := time.Since(started)
	after, err := p.cpu()
	if err != nil {
		return figures{}, err
	}
	memory, err := p.peakMemory()
	if err != nil {
		return figures{}, err
	}
	slices.Sort(latencies)
	n := len(latencies)
	return figures{
		Signer:     s.name,
		PerSecond:  float64(n) / took.Seconds(),
		CPU:        milliseconds(after-before) / float64(n),
		Median:     milliseconds(latencies[n/2]),
		P99:        milliseconds(latencies[n*99/100]),
		PeakMemory: float64(memory) / (1 << 20),
	}, nil
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// medianOf takes the median of each figure.
func medianOf(name string, rounds []figures) figures {
	median := func(of func(figures) float64) float64 {
		var values []float64
		for _, f := range rounds {
			values = append(values, of(f))
		}
		slices.Sort(values)
		return values[len(values)/2]
	}
	return figures{
		Signer:     name,
		PerSecond:  median(func(f figures) float64 { return f.PerSecond }),
		CPU:        median(func(f figures) float64 { return f.CPU }),
		Median:     median(func(f figures) float64 { return f.Median }),
		P99:        median(func(f figures) float64 { return f.P99 }),
		PeakMemory: median(func(f figures) float64 { return f.PeakMemory }),
	}
}

// print prints a table. The first signer is what the others are compared with.
func print(list []figures, w work, rounds int) {
	fmt.Printf("%d messages of %d bytes, %d connections with %d each, RSA-2048, medians of %d rounds\n\n", w.messages, w.size, w.connections, w.perConn, rounds)
	fmt.Printf("%-14s  %10s  %6s  %14s  %6s  %8s  %8s  %9s\n", "signer", "messages/s", "ratio", "CPU ms/message", "ratio", "p50 ms", "p99 ms", "memory MB")
	for _, f := range list {
		fmt.Printf("%-14s  %10.0f  %6.2f  %14.2f  %6.2f  %8.1f  %8.1f  %9.0f\n",
			f.Signer, f.PerSecond, f.PerSecond/list[0].PerSecond, f.CPU, f.CPU/list[0].CPU, f.Median, f.P99, f.PeakMemory)
	}
}
