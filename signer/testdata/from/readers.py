"""Reads From fields, a list of values in JSON and base64, and prints the domains
that each of the two parsers in Python's library finds in each field."""

import base64, email, email.policy, email.utils, json, sys


def headerregistry(value):
    message = email.message_from_bytes(b"From:" + value + b"\n\n", policy=email.policy.default)
    return [address.domain for address in message["From"].addresses]


def getaddresses(value):
    text = value.decode("ascii", "surrogateescape")
    return [address.rpartition("@")[2] for _, address in email.utils.getaddresses([text], strict=True) if "@" in address]


def read(parse, value):
    try:
        domains = parse(value)
    except Exception:
        return []
    return [base64.b64encode(domain.encode("utf-8", "surrogateescape")).decode() for domain in domains if domain]


# Lines end in LF, as in a mailbox file: getaddresses takes a CR for the end of a
# quoted string.
values = [base64.b64decode(value).replace(b"\r\n", b"") for value in json.load(sys.stdin)]
parsers = {"email.headerregistry": headerregistry, "email.utils.getaddresses": getaddresses}
json.dump({name: [read(parse, value) for value in values] for name, parse in parsers.items()}, sys.stdout)
