package main

import (
	"os/exec"
	"strings"
)

// contender is a program that signs over a milter socket. Its configuration is one
// that a mail host would run to sign what its users send, and nothing else:
// relaxed/relaxed, a line in the log for each message.
type contender struct {
	name    string
	program string
	goRSA   bool // it signs with Go's crypto/rsa
	// In these, $DIR is its directory, $SOCKET its socket, $STORE the key store,
	// $DOMAIN the first domain, $KEY its private key.
	config string
	args   []string
	tables bool // it wants OpenDKIM's tables in its directory
}

const dkimdConfig = `
[[listener]]
address = "unix:$SOCKET"
mode = "0666"
[milter]
max_connections = 4000
[keys]
store = "$STORE"
[[network]]
cidr = ["127.0.0.0/8"]
domains = ["$DOMAIN"]
[http]
listen = ""
`

const opendkimConfig = `
Mode s
Socket local:$SOCKET
KeyTable file:$DIR/KeyTable
SigningTable file:$DIR/SigningTable
Canonicalization relaxed/relaxed
InternalHosts 127.0.0.1
RequireSafeKeys no
Syslog yes
OversignHeaders From,Subject,To,Cc,Reply-To
UMask 000
`

const dkimpyConfig = `
Mode s
Socket local:$SOCKET
PidFile $DIR/pid
UserID root
Domain $DOMAIN
Selector bench0
KeyFile $KEY
Canonicalization relaxed/relaxed
InternalHosts 127.0.0.1
Syslog yes
UMask 002
`

// rspamd's proxy speaks milter and scans by itself, with the module that signs
// alone.
const rspamdConfig = `
options {
	pidfile = "$DIR/pid";
	tempdir = "$DIR";
	hs_cache_dir = "$DIR";
	cache_file = "$DIR/symbols.cache";
	control_socket = "$DIR/control mode=0600";
	filters = "dkim";
	dns { nameserver = ["127.0.0.1"]; }
}
logging { type = "file"; filename = "$DIR/messages"; level = "info"; }
worker "rspamd_proxy" {
	bind_socket = "$SOCKET mode=0666";
	milter = yes;
	timeout = 120s;
	count = 2;
	upstream "local" { default = yes; self_scan = yes; }
}
modules { path = "/usr/share/rspamd/plugins/dkim_signing.lua"; }
dkim {}
dkim_signing {
	use_domain = "header";
	use_esld = false;
	selector = "bench0";
	path = "$STORE/private/$domain/$selector.1.pem";
}
metric "default" { actions { reject = 1000; } }
`

// contenders returns dkimd, as it is built in each of the directories, and others.
func contenders(dkimd, dkimdGo string) []contender {
	dkimdArgs := []string{"--config", "$DIR/config"}
	return []contender{
		{name: "dkimd", program: dkimd, config: dkimdConfig, args: dkimdArgs},
		{name: "dkimd without cgo", program: dkimdGo, config: dkimdConfig, args: dkimdArgs, goRSA: true},
		{name: "OpenDKIM", program: "opendkim", config: opendkimConfig, args: []string{"-f", "-x", "$DIR/config"}, tables: true},
		{name: "rspamd", program: "rspamd", config: rspamdConfig, args: []string{"-f", "-i", "-c", "$DIR/config"}},
		{name: "dkimpy-milter", program: "dkimpy-milter", config: dkimpyConfig, args: []string{"$DIR/config"}},
	}
}

func (c contender) installed() bool {
	_, err := exec.LookPath(c.program)
	return err == nil
}

// fill writes what a place holds into a text of the configuration.
func fill(text, dir, socket string, s site) string {
	return strings.NewReplacer(
		"$DIR", dir, "$SOCKET", socket, "$STORE", s.store, "$DOMAIN", domainOf(0), "$KEY", s.privatePath(domainOf(0)),
	).Replace(text)
}
