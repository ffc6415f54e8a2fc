package loginmap

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// answerTimeout bounds a look-up, connecting included. Postfix waits for a milter
// for 30 seconds.
const answerTimeout = 10 * time.Second

// maxAnswer is the most that an answer has, in bytes, as Postfix has it.
const maxAnswer = 100_000

// socket is a map behind a server that speaks the socketmap protocol
// (socketmap_table(5)).
type socket struct {
	network, address string
	name             string // of the map
}

func openSocket(spec string) (*socket, error) {
	kind, rest, _ := strings.Cut(spec, ":")
	at := strings.LastIndexByte(rest, ':')
	if at <= 0 || at == len(rest)-1 {
		return nil, fmt.Errorf("socketmap:%s is not of the form socketmap:unix:PATH:NAME or socketmap:inet:HOST:PORT:NAME", spec)
	}
	s := &socket{network: "unix", address: rest[:at], name: rest[at+1:]}
	switch kind {
	case "unix":
	case "inet":
		s.network = "tcp"
		if _, _, err := net.SplitHostPort(s.address); err != nil {
			return nil, fmt.Errorf("socketmap:%s: %w", spec, err)
		}
	default:
		return nil, fmt.Errorf("socketmap:%s: a socketmap is reached by unix or inet, not %q", spec, kind)
	}
	return s, nil
}

// Logins implements [signer.LoginMap].
func (s *socket) Logins(key string) ([]string, error) {
	answer, err := s.ask(s.name + " " + key)
	if err != nil {
		return nil, fmt.Errorf("the login map at %s gives no answer: %w", s.address, err)
	}
	status, data, _ := strings.Cut(answer, " ")
	switch status {
	case "OK":
		return split(data), nil
	case "NOTFOUND":
		return nil, nil
	}
	return nil, fmt.Errorf("the login map at %s answers %q", s.address, answer)
}

// ask sends a request and returns the answer, each of them a netstring.
func (s *socket) ask(request string) (string, error) {
	deadline := time.Now().Add(answerTimeout)
	conn, err := net.DialTimeout(s.network, s.address, answerTimeout)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	conn.SetDeadline(deadline)
	if _, err := fmt.Fprintf(conn, "%d:%s,", len(request), request); err != nil {
		return "", err
	}
	return readNetstring(bufio.NewReader(conn))
}

func readNetstring(r *bufio.Reader) (string, error) {
	digits := ""
	for {
		c, err := r.ReadByte()
		if err != nil {
			return "", err
		}
		if c == ':' {
			break
		}
		if digits += string(c); len(digits) > len(strconv.Itoa(maxAnswer)) {
			return "", errors.New("the answer is not a netstring")
		}
	}
	size, err := strconv.ParseUint(digits, 10, 32)
	if err != nil || size > maxAnswer {
		return "", fmt.Errorf("the answer is not a netstring of at most %d bytes", maxAnswer)
	}
	text := make([]byte, size+1)
	if _, err := io.ReadFull(r, text); err != nil {
		return "", err
	}
	if text[size] != ',' {
		return "", errors.New("the answer is not a netstring: its end is not a comma")
	}
	return string(text[:size]), nil
}
