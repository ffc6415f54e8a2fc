# make demo   build, make a key, sign a real message, show it verified
# make test   install what the tests need, run them all
# make build  bin/dkimd and bin/dkimctl
# make bench  dkimd side by side with other signers
# make differential [MESSAGES=50000]  random messages, verified by others
# make chaos [MESSAGES=100000]        mail through Postfix while everything fails
# make soak [MESSAGES=1000000]        one dkimd, a fifth of the connections dying
# make fuzz [FUZZTIME=10m]            each fuzz target for so long
# make install [DESTDIR=...] [PREFIX=/usr]

SHELL   := /bin/bash
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
PREFIX  ?= /usr

# RSA signatures by libcrypto, where it is found: several times as fast as Go's.
TAGS = $(shell pkg-config --exists 'libcrypto >= 3' 2>/dev/null && echo libcrypto)

# What the tests run against, from Debian: the mail server we work for, name
# servers that publish our records, and verifiers that others wrote.
PACKAGES := postfix sasl2-bin libsasl2-modules \
            bind9 bind9-utils bind9-dnsutils knot knot-dnssecutils tinydns \
            opendkim opendkim-tools python3-dkim libmail-dkim-perl python3-dnspython python3-spf python3-yaml libmail-spf-perl systemd strace prometheus chromium \
            gcc libc6-dev libssl-dev pkg-config

STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOVULNCHECK := golang.org/x/vuln/cmd/govulncheck@v1.9.0

# Tests that could not run, one a line.
LEFT_OUT := bin/left-out

.PHONY: build demo test bench differential chaos soak fuzz packages check install clean

build:
	@mkdir -p bin
	go build -tags "$(TAGS)" -trimpath -ldflags "-X dkimd/internal/setup.version=$(VERSION)" -o bin/ ./cmd/...

demo: build
	@go run ./internal/demo bin

test: packages check
	@echo "== tests, with the race detector"
	@mkdir -p bin && rm -f $(LEFT_OUT)
	@LEFT_OUT=$(CURDIR)/$(LEFT_OUT) GOFLAGS=-tags=$(TAGS) go test -race -count=1 -timeout 20m ./... && \
	CGO_ENABLED=0 go test -count=1 ./keys ./keys/libcrypto; status=$$?; \
	if [ -s $(LEFT_OUT) ]; then echo "== left out:"; sort -u $(LEFT_OUT); fi; \
	exit $$status

# Other signers, and an MTA before them, from Debian. Those that are not installed
# are left out.
BENCH_PACKAGES := opendkim rspamd dkimpy-milter postfix

bench: build
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && ! dpkg-query -W $(BENCH_PACKAGES) >/dev/null 2>&1; then \
		echo "== installing $(BENCH_PACKAGES)"; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(BENCH_PACKAGES) >/dev/null; \
	fi
	@CGO_ENABLED=0 go build -trimpath -o bin/without-cgo/ ./cmd/dkimd
	@go run ./internal/bench $(BENCH)

differential: packages
	go test -count=1 -timeout 24h -v -run TestOthersVerifyRandomMessages ./signer/milter -random $(or $(MESSAGES),50000)

chaos: packages
	GOFLAGS=-tags=$(TAGS) go test -count=1 -timeout 24h -v -run TestChaos ./internal/e2e -chaos $(or $(MESSAGES),100000)

soak:
	go test -count=1 -timeout 24h -v -run 'TestSoak|TestManyConnections' ./cmd/dkimd -soak $(or $(MESSAGES),1000000)

FUZZTIME ?= 10m
fuzz:
	@grep -rl --include='*_test.go' '^func Fuzz' . | xargs -n1 dirname | sort -u | while read -r dir; do \
		for target in $$(grep -ho '^func Fuzz[A-Za-z]*' $$dir/*_test.go | cut -c6-); do \
			echo "== $$dir $$target"; \
			go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) $$dir </dev/null || exit 1; \
		done; \
	done

packages:
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		if ! dpkg-query -W $(PACKAGES) >/dev/null 2>&1; then \
			echo "== installing what the tests need: $(PACKAGES)"; \
			apt-get update -qq && \
			DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(PACKAGES) >/dev/null; \
		fi && \
		systemd-sysusers $(CURDIR)/systemd/dkimd.sysusers; \
	else \
		echo "== not root on Debian: the tests go on with what is installed ($(PACKAGES))"; \
	fi

check:
	@echo "== gofmt, go vet, staticcheck, govulncheck"
	@files="$$(gofmt -l cmd internal keys signer)"; [ -z "$$files" ] || { echo "not formatted: $$files"; exit 1; }
	@go vet -tags "$(TAGS)" ./...
	@go run $(STATICCHECK) -tags "$(TAGS)" ./...
	@out="$$(go run $(GOVULNCHECK) ./... 2>&1)" || { echo "$$out"; \
		grep -q 'fetching vulnerabilities' <<<"$$out" && echo "govulncheck is left out: it cannot fetch its data here"; }

install: build
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/{systemd/system,sysusers.d,tmpfiles.d} \
		$(DESTDIR)$(PREFIX)/share/man/man8 $(DESTDIR)$(PREFIX)/share/bash-completion/completions $(DESTDIR)/etc/dkimd
	install bin/dkimd bin/dkimctl $(DESTDIR)$(PREFIX)/bin
	install -m 644 systemd/{dkimd,dkimd-check,dkimd-desk}.service systemd/dkimd-check.timer systemd/dkimd.socket $(DESTDIR)$(PREFIX)/lib/systemd/system
	install -m 644 systemd/dkimd.sysusers $(DESTDIR)$(PREFIX)/lib/sysusers.d/dkimd.conf
	install -m 644 systemd/dkimd.tmpfiles $(DESTDIR)$(PREFIX)/lib/tmpfiles.d/dkimd.conf
	bin/dkimctl man $(DESTDIR)$(PREFIX)/share/man/man8
	bin/dkimctl completion bash > $(DESTDIR)$(PREFIX)/share/bash-completion/completions/dkimctl
	[ -e $(DESTDIR)/etc/dkimd/config.toml ] || install -m 644 config.example.toml $(DESTDIR)/etc/dkimd/config.toml

clean:
	rm -rf bin
