// Bench measures dkimd side by side with other signers, on the same mail: each
// signs over its milter socket what a load generator sends as Postfix would.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	rounds := flag.Int("rounds", 5, "rounds, of which medians are taken")
	only := flag.String("only", "4k,100k,10m,two,domains,half,idle,postfix", "what to measure")
	signers := flag.String("signers", "", "which signers; empty: all that are installed")
	domains := flag.Int("domains", 100_000, "domains in the store, where there are many")
	asJSON := flag.Bool("json", false, "print JSON")
	bin := flag.String("bin", "bin", "where dkimd is, and below that without-cgo/dkimd")
	flag.Parse()

	dir, err := os.MkdirTemp("", "dkimd-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, 0o755); err != nil { // Postfix looks into it
		return err
	}
	programs, err := filepath.Abs(*bin)
	if err != nil {
		return err
	}
	all := contenders(filepath.Join(programs, "dkimd"), filepath.Join(programs, "without-cgo", "dkimd"))
	takesPart := map[string]bool{}
	for _, c := range all {
		takesPart[c.name] = c.installed() && (*signers == "" || slices.Contains(strings.Split(*signers, ","), c.name))
		if !c.installed() {
			fmt.Fprintf(os.Stderr, "%s is not installed: it is left out\n", c.name)
		}
	}
	wanted := func(name string) bool { return slices.Contains(strings.Split(*only, ","), name) }
	list, err := works(all, dir, wanted, *domains)
	if err != nil {
		return err
	}

	var openssl, inGo []float64
	measured := map[string][]figures{} // by work and signer
	for round := range *rounds {
		signature, err := goRSA()
		if err != nil {
			return err
		}
		openssl, inGo = append(openssl, opensslRSA()), append(inGo, signature)
		for _, w := range list {
			for i, e := range w.entries {
				if !takesPart[e.name] {
					continue
				}
				f, err := w.measure(ctx, e, filepath.Join(dir, fmt.Sprintf("%s-%d-%d", w.name, i, round)))
				if err != nil {
					return fmt.Errorf("%s, %s: %w", w.name, e.title(), err)
				}
				f.Work, f.Signer = w.name, e.title()
				if signature := openssl[round]; e.goRSA {
					f.PerRSA = f.CPU / inGo[round]
				} else if signature > 0 {
					f.PerRSA = f.CPU / signature
				}
				measured[w.name+e.title()] = append(measured[w.name+e.title()], f)
			}
		}
	}

	var medians []figures
	if !*asJSON {
		fmt.Printf("Medians of %d rounds. One RSA-2048 signature: OpenSSL %.3f ms, Go's crypto/rsa %.3f ms.\n", *rounds, middle(openssl), middle(inGo))
	}
	for _, w := range list {
		var table []figures
		for _, e := range w.entries {
			if rounds := measured[w.name+e.title()]; len(rounds) > 0 {
				table = append(table, medianOf(rounds))
			}
		}
		if !*asJSON {
			print(os.Stdout, w.title, table)
		}
		medians = append(medians, table...)
	}
	if *asJSON {
		return json.NewEncoder(os.Stdout).Encode(map[string]any{
			"rsa_2048_ms": map[string]float64{"openssl": middle(openssl), "go": middle(inGo)},
			"figures":     medians,
		})
	}
	return nil
}
