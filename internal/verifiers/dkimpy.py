import json, logging, sys, time
import dkim, dns.resolver

port, ahead = int(sys.argv[1]), int(sys.argv[2])
real = time.time
time.time = lambda: real() + ahead

resolver = dns.resolver.Resolver(configure=False)
resolver.nameservers, resolver.port = ["127.0.0.1"], port
dns.resolver.default_resolver = resolver

class Notes(logging.Handler):
    def emit(self, record):
        self.notes.append(record.getMessage())

notes = Notes(logging.INFO)
logger = logging.getLogger("dkimpy")
logger.addHandler(notes)
logger.propagate = False

def verify(message, index):
    notes.notes = []
    d = dkim.DKIM(message, logger=logger)
    try:
        ok = d.verify(index)
        if not ok and not notes.notes:
            notes.notes.append("the signature does not verify")
    except Exception as e:
        ok = False
        notes.notes.append(repr(e))
    tag = lambda name: d.signature_fields.get(name, b"").decode()
    return dict(OK=ok, Algorithm=tag(b"a"), Domain=tag(b"d"), Selector=tag(b"s"), Detail="; ".join(notes.notes))

def verify_all(message):
    try:
        header, _ = dkim.rfc822_parse(message)
    except dkim.MessageFormatError as e:
        return [dict(OK=False, Detail=repr(e))]
    signatures = [name for name, _ in header if name.lower() == b"dkim-signature"]
    return [verify(message, i) for i in range(len(signatures))]

while size := sys.stdin.buffer.readline():
    print(json.dumps(verify_all(sys.stdin.buffer.read(int(size)))), flush=True)
