package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"time"

	"dkimd/signer/milter"

	"github.com/coreos/go-systemd/v22/activation"
	systemd "github.com/coreos/go-systemd/v22/daemon"
)

// An upgrade: this process starts the program anew, which may be another by now,
// and hands its listeners down to it. Once that serves, this one serves its
// connections to their end. Nobody who connects is refused meanwhile, since the
// kernel has one queue for both.
//
// Listeners are handed down in the way of systemd (sd_listen_fds(3)), so that
// those of a socket unit are taken over by the same code.

// readyVar names the environment variable with the descriptor on which a process
// tells the one before it that it serves.
const readyVar = "DKIMD_READY_FD"

// startTimeout is how long a new process may take until it serves.
const startTimeout = time.Minute

// inherit returns the listeners that this process was started with.
func inherit() (*milter.Inherited, error) {
	if os.Getenv(readyVar) != "" {
		// The process before this one could not know our id when it wrote the rest.
		os.Setenv("LISTEN_PID", strconv.Itoa(os.Getpid()))
	}
	open, err := activation.Listeners()
	if err != nil {
		return nil, err
	}
	return milter.Inherit(slices.DeleteFunc(open, func(ln net.Listener) bool { return ln == nil })), nil
}

// ready tells whoever has started this process that it serves.
func ready() error {
	text := os.Getenv(readyVar)
	if text == "" {
		notify(systemd.SdNotifyReady)
		return nil
	}
	os.Unsetenv(readyVar)
	fd, err := strconv.Atoi(text)
	if err != nil {
		return fmt.Errorf("%s: %w", readyVar, err)
	}
	before := os.NewFile(uintptr(fd), readyVar)
	defer before.Close()
	_, err = before.WriteString("1")
	return err
}

// startNext starts the process that takes over, and returns when that serves.
func (d *daemon) startNext(ctx context.Context) (*exec.Cmd, error) {
	slog.Info("starting another process to take over", "program", os.Args[0])
	files, err := d.files()
	defer func() {
		for _, file := range files {
			file.Close()
		}
	}()
	if err != nil {
		return nil, err
	}
	ready, told, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer ready.Close()
	next := exec.Command(os.Args[0], os.Args[1:]...)
	next.Stdout, next.Stderr = os.Stdout, d.stderr
	next.ExtraFiles = append(slices.Clip(files), told)
	next.Env = append(os.Environ(), fmt.Sprint("LISTEN_FDS=", len(files)), fmt.Sprint(readyVar, "=", 3+len(files)))
	err = next.Start()
	told.Close()
	if err != nil {
		return nil, err
	}
	ready.SetReadDeadline(time.Now().Add(startTimeout))
	defer context.AfterFunc(ctx, func() { ready.SetReadDeadline(time.Now()) })()
	if _, err := ready.Read(make([]byte, 1)); err != nil {
		next.Process.Kill()
		return nil, errors.Join(err, next.Wait())
	}
	return next, nil
}

// files returns duplicates of all listeners.
func (d *daemon) files() ([]*os.File, error) {
	files, err := d.server.Files()
	if err != nil || d.site.ln == nil {
		return files, err
	}
	file, err := milter.Duplicate(d.site.ln)
	if err != nil {
		return files, err
	}
	return append(files, file), nil
}

// retire serves the connections that there are to their end, but no longer than
// drain_timeout. Should the process that has taken over fail, this one ends, too:
// whoever starts the service does so when none of its processes is left.
func (d *daemon) retire(ctx context.Context, next *exec.Cmd) {
	atMost := time.Duration(d.loaded.Load().config.Milter.DrainTimeout)
	d.server.Leave()
	d.site.move("", nil)
	notify(fmt.Sprint("MAINPID=", next.Process.Pid))
	slog.Info("another process has taken over: connections may end", "pid", next.Process.Pid, "at_most", atMost)
	bounded, cancel := context.WithTimeout(ctx, atMost)
	defer cancel()
	go func() {
		if err := next.Wait(); err != nil {
			slog.Error("the process that has taken over fails", "pid", next.Process.Pid, "error", err)
			cancel()
		}
	}()
	if !d.server.Drain(bounded) {
		if errors.Is(bounded.Err(), context.DeadlineExceeded) {
			slog.Warn("milter.drain_timeout is reached: connections without a message under way are closed")
		}
		d.stop()
		return
	}
	slog.Info("stopped")
}
