package nameserver

import (
	"fmt"
	"path/filepath"
	"testing"
)

// knotOptions keep Knot to its directory and to loopback. The template is for all
// zones, whose files have their names.
const knotOptions = `server:
    listen: 127.0.0.1@%[2]s
    rundir: %[1]s
log:
  - target: stdout
    any: info
database:
    storage: %[1]s
template:
  - id: default
    storage: %[1]s
    file: "%%s"
`

// StartKnot runs a Knot DNS with these sections of knot.conf and these zone files
// until the test ends, and returns its port on 127.0.0.1.
func StartKnot(t testing.TB, sections string, zones map[string]string) (port string) {
	t.Helper()
	dir := t.TempDir()
	port = freePort(t)
	writeFiles(t, dir, zones)
	writeFiles(t, dir, map[string]string{"knot.conf": fmt.Sprintf(knotOptions, dir, port) + sections})
	start(t, port, " server started", "knotd", "-c", filepath.Join(dir, "knot.conf"))
	return port
}
