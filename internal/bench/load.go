package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"dkimd/internal/mta"
	"dkimd/signer"
)

// load is what a signer gets to do.
type load struct {
	messages    int
	size        int // of a body, in bytes
	connections int
	perConn     int             // messages on one connection
	rate        float64         // messages a second; zero: one when another is done
	domain      func(i int) int // of a message; nil: the first
	known       int             // so many domains it has signed for before
}

// task is a message to send.
type task struct {
	number int
	due    time.Time // when it comes in
}

// verifyEvery says of how many messages one is verified.
const verifyEvery = 100

// generate sends messages over several connections at a time, and returns how
// long each took, from when it came in to the end of its answer. Each has to
// come back with a signature of each key.
func generate(socket string, s site, l load) ([]time.Duration, error) {
	todo := make(chan task, l.messages)
	go l.feed(todo)
	var mu sync.Mutex
	var latencies []time.Duration
	var failed error
	var done sync.WaitGroup
	for range l.connections {
		done.Go(func() {
			g := &sender{socket: socket, site: s, load: l}
			err := g.sendAll(todo)
			mu.Lock()
			defer mu.Unlock()
			latencies = append(latencies, g.latencies...)
			if err != nil {
				failed = err
			}
		})
	}
	done.Wait()
	return latencies, failed
}

// feed lets messages come in, by chance but so many a second if there is a rate.
func (l load) feed(todo chan<- task) {
	defer close(todo)
	due := time.Now()
	for i := range l.messages {
		if l.rate == 0 {
			todo <- task{number: i}
			continue
		}
		due = due.Add(time.Duration(rand.ExpFloat64() / l.rate * float64(time.Second)))
		time.Sleep(time.Until(due))
		todo <- task{i, due}
	}
}

// sender sends messages, over one connection after the other.
type sender struct {
	socket    string
	site      site
	load      load
	latencies []time.Duration

	domain string // of text
	text   []byte
}

func (s *sender) sendAll(todo <-chan task) error {
	for {
		if more, err := s.sendSome(todo); err != nil || !more {
			return err
		}
	}
}

// sendSome sends as many messages as one connection takes.
func (s *sender) sendSome(todo <-chan task) (more bool, err error) {
	c, err := mta.Dial("unix", s.socket, mta.Postfix6)
	if err != nil {
		return false, err
	}
	defer c.Close()
	c.Timeout = 10 * time.Minute // slow is for the figures to say
	if _, err := c.Connect(mta.Client{Name: "localhost", Addr: "127.0.0.1"}); err != nil {
		return false, err
	}
	for range s.load.perConn {
		next, ok := <-todo
		if !ok {
			return false, c.Quit()
		}
		if err := s.send(c, next); err != nil {
			return false, err
		}
		if err := c.Abort(); err != nil { // as Postfix does after every message
			return false, err
		}
	}
	return true, c.Quit()
}

func (s *sender) send(c *mta.Conn, next task) error {
	s.compose(next.number)
	begun := next.due
	if begun.IsZero() {
		begun = time.Now()
	}
	user := "taro@" + s.domain
	r, err := c.Send(mta.Message{
		From: user, Login: user, Recipients: []string{"hanako@receiver.example"},
		QueueID: fmt.Sprintf("B%d", next.number), Text: s.text,
	})
	if err != nil {
		return err
	}
	s.latencies = append(s.latencies, time.Since(begun))
	if len(r.Inserted) != len(s.site.values) {
		return fmt.Errorf("a message has other signatures than it should: %+v", r)
	}
	if next.number%verifyEvery == 0 {
		return s.verify(r)
	}
	return nil
}

func (s *sender) verify(r mta.Result) error {
	signed, err := r.Apply(s.text)
	if err != nil {
		return err
	}
	results, err := signer.Verify(signer.ParseMessage(signed), s.site.lookup)
	if err != nil {
		return err
	}
	for _, result := range results {
		if result.Err != nil || result.Domain != s.domain {
			return fmt.Errorf("a signature does not verify: %+v", results)
		}
	}
	if len(results) != len(s.site.values) {
		return fmt.Errorf("%d signatures, want %d", len(results), len(s.site.values))
	}
	return nil
}

// compose writes message number i.
func (s *sender) compose(i int) {
	domain := domainOf(0)
	if s.load.domain != nil {
		domain = domainOf(s.load.domain(i))
	}
	if domain == s.domain {
		return
	}
	s.domain = domain
	header := "From: Taro <taro@" + domain + ">\r\nTo: <hanako@receiver.example>\r\nSubject: the plans\r\n" +
		"Date: Wed, 25 Nov 2026 12:00:00 +0900\r\nMessage-ID: <plans@" + domain + ">\r\nMIME-Version: 1.0\r\n" +
		"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\n"
	const line = "The quick brown fox jumps over the lazy dog, and then it goes to sleep.\r\n"
	s.text = []byte(header + strings.Repeat(line, s.load.size/len(line)+1))
}
