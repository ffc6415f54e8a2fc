package main

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"dkimd/internal/mta"
	"dkimd/signer"
)

// verifyEvery says of how many messages one is verified.
const verifyEvery = 100

// generate sends messages over several connections at a time, and returns how
// long each took, from MAIL to the end of its answer. Each has to come back with
// one signature.
func generate(socket string, key key, w work) ([]time.Duration, error) {
	text := messageOf(key.domain, w.size)
	todo := make(chan int, w.messages)
	for i := range w.messages {
		todo <- i
	}
	close(todo)
	var mu sync.Mutex
	var latencies []time.Duration
	var failed error
	var done sync.WaitGroup
	for range w.connections {
		done.Go(func() {
			mine, err := sendAll(socket, key, text, w.perConn, todo)
			mu.Lock()
			defer mu.Unlock()
			latencies = append(latencies, mine...)
			if err != nil {
				failed = err
			}
		})
	}
	done.Wait()
	return latencies, failed
}

// sendAll sends messages until there are none to do, so many on each connection.
func sendAll(socket string, key key, text []byte, perConn int, todo <-chan int) ([]time.Duration, error) {
	var latencies []time.Duration
	for {
		more, err := sendSome(socket, key, text, perConn, todo, &latencies)
		if err != nil || !more {
			return latencies, err
		}
	}
}

// sendSome sends messages on one connection.
func sendSome(socket string, key key, text []byte, perConn int, todo <-chan int, latencies *[]time.Duration) (more bool, err error) {
	c, err := mta.Dial("unix", socket, mta.Postfix6)
	if err != nil {
		return false, err
	}
	defer c.Close()
	if _, err := c.Connect(mta.Client{Name: "localhost", Addr: "127.0.0.1"}); err != nil {
		return false, err
	}
	for range perConn {
		i, ok := <-todo
		if !ok {
			return false, c.Quit()
		}
		started := time.Now()
		r, err := c.Send(mta.Message{
			From: "taro@" + key.domain, Login: "taro@" + key.domain, Recipients: []string{"hanako@receiver.example"},
			QueueID: fmt.Sprintf("B%d", i), Text: text,
		})
		if err != nil {
			return false, err
		}
		*latencies = append(*latencies, time.Since(started))
		signatures := 0
		for _, in := range r.Inserted {
			if strings.EqualFold(in.Name, signer.FieldName) {
				signatures++
			}
		}
		if signatures != 1 {
			return false, fmt.Errorf("a message has %d signatures: %+v", signatures, r)
		}
		if i%verifyEvery == 0 {
			if err := verify(r, text, key); err != nil {
				return false, err
			}
		}
	}
	return true, c.Quit()
}

func verify(r mta.Result, text []byte, key key) error {
	signed, err := r.Apply(text)
	if err != nil {
		return err
	}
	results, err := signer.Verify(signer.ParseMessage(signed), func(string) ([]string, error) { return []string{key.value}, nil })
	if err != nil {
		return err
	}
	if len(results) != 1 || results[0].Err != nil {
		return fmt.Errorf("a signature does not verify: %+v", results)
	}
	return nil
}

// messageOf returns a message with a body of a size.
func messageOf(domain string, size int) []byte {
	header := "From: Taro <taro@" + domain + ">\r\nTo: <hanako@receiver.example>\r\nSubject: the plans\r\n" +
		"Date: Wed, 25 Nov 2026 12:00:00 +0900\r\nMessage-ID: <plans@" + domain + ">\r\nMIME-Version: 1.0\r\n" +
		"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\n"
	const line = "The quick brown fox jumps over the lazy dog, and then it goes to sleep.\r\n"
	return []byte(header + strings.Repeat(line, size/len(line)+1))
}
