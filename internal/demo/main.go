// Demo shows dkimd and dkimctl at work on a machine that has no mail server: it
// makes a key in a store of its own, starts dkimd, submits a real message to a
// small mail server that asks dkimd as Postfix would, and verifies what comes
// out. It leaves nothing behind.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/smtp"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const (
	domain   = "shop.example"
	login    = "taro@" + domain
	password = "correct horse battery staple"
	guest    = "hanako@customer.example"
)

const message = "From: Taro <" + login + ">\r\n" +
	"To: Hanako <" + guest + ">\r\n" +
	"Subject: Your order\r\n" +
	"Date: Wed, 25 Nov 2026 10:00:00 +0900\r\n" +
	"Message-ID: <order-1@" + domain + ">\r\n" +
	"\r\n" +
	"It left the warehouse this morning.\r\n"

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: demo DIRECTORY-OF-PROGRAMS")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, bin string) error {
	dir, err := os.MkdirTemp("", "dkimd-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	config := filepath.Join(dir, "config.toml")
	socket := filepath.Join(dir, "dkimd.sock")
	text := fmt.Sprintf("[[listener]]\naddress = %q\n[keys]\nstore = %q\n[http]\nlisten = \"\"\n", "unix:"+socket, filepath.Join(dir, "store"))
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return err
	}
	dkimctl := func(stdin io.Reader, args ...string) error {
		fmt.Printf("$ dkimctl %s\n", strings.Join(args, " "))
		cmd := exec.CommandContext(ctx, filepath.Join(bin, "dkimctl"), append([]string{"--config", config}, args...)...)
		cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, os.Stdout, os.Stdout
		return cmd.Run()
	}

	step("1. A key for %s", domain)
	if err := dkimctl(nil, "genkey", domain, "--activate", "--unverified"); err != nil {
		return err
	}

	step("2. dkimd starts, and a mail server that asks it")
	stopDaemon, err := startDaemon(filepath.Join(bin, "dkimd"), config, socket)
	if err != nil {
		return err
	}
	defer stopDaemon()
	server, err := startServer(socket)
	if err != nil {
		return err
	}
	defer server.Close()

	step("3. %s logs in and submits a message", login)
	auth := smtp.PlainAuth("", login, password, "127.0.0.1")
	if err := smtp.SendMail(server.Addr, auth, login, []string{guest}, []byte(message)); err != nil {
		return err
	}
	var delivered []byte
	select {
	case delivered = <-server.delivered:
	case <-ctx.Done():
		return ctx.Err()
	}

	step("4. What the mail server passes on")
	fmt.Print(strings.ReplaceAll(string(delivered), "\r\n", "\n"))

	step("5. What a receiver finds, once the record is in DNS (here: in the store)")
	return dkimctl(bytes.NewReader(delivered), "verify", "--keys", "store", "-")
}

func step(format string, args ...any) { fmt.Printf("\n== "+format+"\n", args...) }

// startDaemon starts dkimd and returns when it answers on its socket.
func startDaemon(program, config, socket string) (stop func(), err error) {
	cmd := exec.Command(program, "--config", config)
	cmd.Stderr = os.Stdout
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	stop = func() {
		cmd.Process.Signal(syscall.SIGTERM)
		<-ended
	}
	for range 100 {
		if conn, err := net.Dial("unix", socket); err == nil {
			conn.Close()
			return stop, nil
		}
		select {
		case err := <-ended:
			return nil, fmt.Errorf("dkimd ended: %w", err)
		case <-time.After(100 * time.Millisecond):
		}
	}
	stop()
	return nil, errors.New("dkimd does not answer on its socket")
}
