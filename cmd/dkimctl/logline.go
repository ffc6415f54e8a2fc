package main

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// parseLogLine reads a line of dkimd's log, text or JSON, whatever a logger has
// put before it. A line of another kind gives nothing.
func parseLogLine(line string) map[string]string {
	if at := strings.Index(line, `{"time":`); at >= 0 {
		var values map[string]any
		if json.Unmarshal([]byte(line[at:]), &values) != nil {
			return nil
		}
		fields := map[string]string{}
		for key, value := range values {
			fields[key] = fmt.Sprint(value)
		}
		return fields
	}
	at := strings.Index(line, "time=")
	if at < 0 {
		return nil
	}
	fields := map[string]string{}
	for rest := line[at:]; rest != ""; {
		key, after, ok := strings.Cut(rest, "=")
		if !ok {
			break
		}
		value := after
		if quoted, err := strconv.QuotedPrefix(after); err == nil {
			value, _ = strconv.Unquote(quoted)
			rest = after[len(quoted):]
		} else {
			value, rest, _ = strings.Cut(after, " ")
		}
		fields[strings.TrimSpace(key)] = value
	}
	return fields
}
