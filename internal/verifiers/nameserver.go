package verifiers

import (
	"bufio"
	"fmt"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"dkimd/keys/record"
)

// namedConf makes BIND the server of the root, so that it has every domain.
const namedConf = `options {
	directory "%s";
	listen-on port %s { 127.0.0.1; };
	listen-on-v6 { none; };
	pid-file none;
	session-keyfile none;
	recursion no;
	dnssec-validation no;
};
controls { };
zone "." { type primary; file "root.zone"; allow-update { 127.0.0.1; }; };
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
	dir := t.TempDir()
	port := freePort(t)
	writeFile(t, filepath.Join(dir, "root.zone"), rootZone)
	conf := writeFile(t, filepath.Join(dir, "named.conf"), fmt.Sprintf(namedConf, dir, port))

	cmd := exec.CommandContext(t.Context(), "named", "-g", "-c", conf)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Wait() })

	var log strings.Builder
	lines := bufio.NewScanner(stderr)
	for lines.Scan() {
		log.WriteString(lines.Text() + "\n")
		if strings.HasSuffix(lines.Text(), " running") {
			go func() {
				for lines.Scan() { // or BIND would wait for its log to be read
				}
			}()
			return &nameServer{port: port}
		}
	}
	t.Fatalf("BIND does not start:\n%s", &log)
	return nil
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

// freePort returns a port that nobody listens on.
func freePort(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
}

// writeFile writes a file and returns its path.
func writeFile(t testing.TB, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}
