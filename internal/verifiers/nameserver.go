package verifiers

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"strings"
	"testing"

	"dkimd/internal/nameserver"
	"dkimd/keys/record"
)

// rootConf makes BIND the server of the root, so that it has every domain.
const rootConf = `zone "." { type primary; file "root.zone"; allow-update { 127.0.0.1; }; };
`

const rootZone = `$TTL 0
@  SOA ns. root.ns. 1 3600 600 86400 0
@  NS  ns.
ns A   127.0.0.1
`

// nameServer is a BIND on loopback.
type nameServer struct {
	port    string
	records map[string]string // what it serves
}

func startNameServer(t testing.TB) *nameServer {
	t.Helper()
	return &nameServer{port: nameserver.StartBIND(t, rootConf, map[string]string{"root.zone": rootZone})}
}

// serve makes the name server have just these records.
func (s *nameServer) serve(t testing.TB, records map[string]string) {
	t.Helper()
	var update strings.Builder
	for host, value := range s.records {
		if records[host] != value {
			fmt.Fprintf(&update, "update delete %s. TXT\n", host)
		}
	}
	for host, value := range records {
		if s.records[host] != value {
			fmt.Fprintf(&update, "update add %s. 0 TXT \"%s\"\n", host, strings.Join(record.Split(value), `" "`))
		}
	}
	if update.Len() == 0 {
		return
	}
	cmd := exec.Command("nsupdate")
	cmd.Stdin = strings.NewReader("server 127.0.0.1 " + s.port + "\nzone .\n" + update.String() + "send\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("nsupdate: %v\n%s", err, out)
	}
	s.records = maps.Clone(records)
}

// writeFile writes a file and returns its path.
func writeFile(t testing.TB, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}
