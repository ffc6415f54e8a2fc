package web

import (
	"bufio"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/bcrypt"
)

// Bounds of guessing.
const (
	failuresAllowed = 10          // from one address
	failuresTime    = time.Minute // in which they count
	maxRemembered   = 10_000      // addresses
)

// Logins are the users and passwords of a file as htpasswd -B makes it.
type Logins struct {
	log    *slog.Logger
	hashes map[string][]byte // by user
	none   []byte            // the hash of nobody's password
	secret []byte

	comparing sync.Mutex // bcrypt takes a whole processor

	mu       sync.Mutex
	proven   map[[sha256.Size]byte]bool // of user and password, which bcrypt need not see again
	failures map[netip.Addr][]time.Time
}

// LoadLogins reads a file with a line user:hash for each user.
func LoadLogins(path string, log *slog.Logger) (*Logins, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	l := &Logins{
		log: log, hashes: map[string][]byte{}, secret: []byte(rand.Text()),
		proven: map[[sha256.Size]byte]bool{}, failures: map[netip.Addr][]time.Time{},
	}
	cost, n := bcrypt.MinCost, 0
	for lines := bufio.NewScanner(file); lines.Scan(); {
		n++
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		user, hash, _ := strings.Cut(line, ":")
		own, err := bcrypt.Cost([]byte(hash))
		if user == "" || err != nil {
			return nil, fmt.Errorf("%s:%d: it is not user:hash with a hash of bcrypt: htpasswd -B makes one", path, n)
		}
		l.hashes[user], cost = []byte(hash), max(cost, own)
	}
	if len(l.hashes) == 0 {
		return nil, fmt.Errorf("%s has no user: htpasswd -B makes one", path)
	}
	l.none, err = bcrypt.GenerateFromPassword([]byte(rand.Text()), cost)
	return l, err
}

// admit says whether a request has a user's name and password. If not, it has
// answered.
func (l *Logins) admit(w http.ResponseWriter, r *http.Request) bool {
	user, password, given := r.BasicAuth()
	mac := hmac.New(sha256.New, l.secret)
	fmt.Fprintf(mac, "%q %q", user, password)
	login := [sha256.Size]byte(mac.Sum(nil))
	if given && l.isProven(login) {
		return true
	}
	// One at a time: whoever guesses many at once has no more guesses, and no
	// more of our processors.
	l.comparing.Lock()
	defer l.comparing.Unlock()
	client := clientOf(r)
	switch {
	case l.tooMany(client):
		w.Header().Set("Retry-After", "60")
		http.Error(w, "too many failed logins: wait a minute", http.StatusTooManyRequests)
		return false
	case given && l.isRight(user, password):
		l.remember(login)
		return true
	case given:
		l.fail(client)
		l.log.Warn("login failed", "user", user, "client", r.RemoteAddr)
	}
	w.Header().Set("WWW-Authenticate", `Basic realm="dkimd", charset="UTF-8"`)
	http.Error(w, "log in", http.StatusUnauthorized)
	return false
}

// isRight compares with bcrypt, which takes as long for a user that does not exist.
func (l *Logins) isRight(user, password string) bool {
	hash, known := l.hashes[user]
	if !known {
		hash = l.none
	}
	return bcrypt.CompareHashAndPassword(hash, []byte(password)) == nil && known
}

func (l *Logins) isProven(login [sha256.Size]byte) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.proven[login]
}

func (l *Logins) remember(login [sha256.Size]byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.proven[login] = true // as many as there are users
}

// tooMany says whether an address has guessed too often.
func (l *Logins) tooMany(client netip.Addr) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	recent := l.failures[client]
	for len(recent) > 0 && time.Since(recent[0]) > failuresTime {
		recent = recent[1:]
	}
	if l.failures[client] = recent; len(recent) == 0 {
		delete(l.failures, client)
	}
	return len(recent) >= failuresAllowed
}

func (l *Logins) fail(client netip.Addr) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.failures) >= maxRemembered {
		clear(l.failures)
	}
	l.failures[client] = append(l.failures[client], time.Now())
}

// clientOf returns the address that a request comes from, of IPv6 the network that
// one client has; none on a unix socket.
func clientOf(r *http.Request) netip.Addr {
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	addr := from.Addr().Unmap()
	if addr.Is6() {
		network, _ := addr.Prefix(64) // of an address of 128 bits
		return network.Addr()
	}
	return addr
}
