package main

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// opensslRSA returns the time of an RSA-2048 signature by OpenSSL, in ms, or zero
// if it is not installed.
func opensslRSA() float64 {
	out, err := exec.Command("openssl", "speed", "-seconds", "1", "rsa2048").Output()
	if err != nil {
		return 0
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	fields := strings.Fields(lines[len(lines)-1]) // rsa 2048 bits 0.000262s 0.000016s 3824.0 61931.0
	var perSecond float64
	if len(fields) < 2 {
		return 0
	}
	if _, err := fmt.Sscan(fields[len(fields)-2], &perSecond); err != nil || perSecond == 0 {
		return 0
	}
	return 1000 / perSecond
}

// goRSA returns the same for Go's crypto/rsa.
func goRSA() (float64, error) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return 0, err
	}
	const times = 500
	before := ownCPU()
	for range times {
		if _, err := private.Sign(nil, make([]byte, 32), crypto.SHA256); err != nil {
			return 0, err
		}
	}
	return milliseconds(ownCPU()-before) / times, nil
}

func ownCPU() time.Duration {
	var usage syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
