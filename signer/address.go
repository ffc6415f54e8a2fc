package signer

import (
	"errors"
	"fmt"
	"strings"
)

// address is an address as it stands in a field, without comments and blanks.
type address struct{ local, domain string }

// parseAddresses returns all addresses in the value of a From field, in order,
// groups included (RFC 5322 section 3.4, RFC 6854). Display names may hold raw
// 8-bit bytes. What the grammar does not allow is an error: a guess could be
// another reader's different guess.
func parseAddresses(value string) ([]address, error) {
	p := addressParser{rest: value}
	var found []address
	inGroup := false
	apart := true // from what stands before
	for {
		tok, err := p.next()
		if err != nil {
			return nil, err
		}
		switch tok.kind {
		case end:
			if inGroup {
				return nil, errors.New("a group without its final semicolon")
			}
			return found, nil
		case ',': // empty elements are allowed (RFC 5322 section 4.4)
			apart = true
			continue
		case ';':
			if !inGroup {
				return nil, errors.New("a semicolon outside of a group")
			}
			inGroup, apart = false, false
			continue
		}
		if !apart {
			return nil, fmt.Errorf("%s where a comma should be", tok)
		}
		p.back(tok)
		addr, err := p.mailbox()
		if err == errGroup {
			if inGroup {
				return nil, errors.New("a group within a group")
			}
			inGroup = true
			continue
		}
		if err != nil {
			return nil, err
		}
		found = append(found, addr)
		apart = false
	}
}

// errGroup means that a group's name and colon have been read.
var errGroup = errors.New("a group begins")

// mailbox reads one address, with or without a display name.
func (p *addressParser) mailbox() (address, error) {
	var words []token // the display name, or the local part
	for {
		tok, err := p.next()
		if err != nil {
			return address{}, err
		}
		switch tok.kind {
		case atom, quoted, '.':
			words = append(words, tok)
		case '<':
			return p.angle()
		case ':':
			if len(words) == 0 {
				return address{}, errors.New("a group without a name")
			}
			return address{}, errGroup
		case '@':
			return p.addressAfter(words)
		default:
			return address{}, fmt.Errorf("%s where an address should be", tok)
		}
	}
}

// angle reads an address up to its closing bracket.
func (p *addressParser) angle() (address, error) {
	if err := p.skipRoute(); err != nil {
		return address{}, err
	}
	var words []token
	for {
		tok, err := p.next()
		if err != nil {
			return address{}, err
		}
		switch tok.kind {
		case atom, quoted, '.':
			words = append(words, tok)
			continue
		case '@':
		default:
			return address{}, fmt.Errorf("%s inside of <>", tok)
		}
		addr, err := p.addressAfter(words)
		if err != nil {
			return address{}, err
		}
		if tok, err = p.next(); err != nil {
			return address{}, err
		}
		if tok.kind != '>' {
			return address{}, fmt.Errorf("%s where > should be", tok)
		}
		return addr, nil
	}
}

// skipRoute skips an obsolete route in front of an address, as in
// <@a.example:taro@example.jp>, which is to be ignored (RFC 5322 section 4.4).
// One of several domains is refused: to some readers the comma in it ends an
// address.
func (p *addressParser) skipRoute() error {
	tok, err := p.next()
	if err != nil || tok.kind != '@' {
		p.back(tok)
		return err
	}
	if _, err := p.domain(); err != nil {
		return err
	}
	tok, err = p.next()
	if err == nil && tok.kind != ':' {
		err = fmt.Errorf("%s in a route", tok)
	}
	return err
}

// addressAfter reads what stands behind the @ of an address. The local part is
// words joined by dots.
func (p *addressParser) addressAfter(words []token) (address, error) {
	var local strings.Builder
	for i, word := range words {
		if (word.kind == '.') != (i%2 == 1) {
			return address{}, errors.New("a local part that is not words joined by dots")
		}
		if word.kind == atom && strings.HasPrefix(word.text, "=?") { // some readers decode it
			return address{}, errors.New("an encoded word in an address")
		}
		local.WriteString(word.text)
	}
	if len(words)%2 == 0 {
		return address{}, errors.New("a local part that is empty or ends in a dot")
	}
	domain, err := p.domain()
	return address{local.String(), domain}, err
}

// domain reads a domain or an address literal.
func (p *addressParser) domain() (string, error) {
	var domain strings.Builder
	for {
		tok, err := p.next()
		if err != nil {
			return "", err
		}
		if tok.kind == literal && domain.Len() == 0 {
			return tok.text, nil
		}
		if tok.kind != atom {
			return "", fmt.Errorf("%s in a domain", tok)
		}
		domain.WriteString(tok.text)
		if tok, err = p.next(); err != nil {
			return "", err
		}
		if tok.kind != '.' {
			p.back(tok)
			return domain.String(), nil
		}
		domain.WriteByte('.')
	}
}

// A token is an atom, a quoted string, a domain literal, or one of the
// characters < > , : ; @ and dot, whose kind is the character itself.
type token struct {
	kind byte
	text string
}

const (
	end     byte = 0
	atom    byte = 'a'
	quoted  byte = 'q'
	literal byte = 'l'
)

func (t token) String() string {
	if t.kind == end {
		return "the end"
	}
	return fmt.Sprintf("%q", t.text)
}

type addressParser struct {
	rest   string
	pushed *token
}

func (p *addressParser) back(t token) { p.pushed = &t }

// next returns the next token; comments and white space only part tokens.
func (p *addressParser) next() (token, error) {
	if p.pushed != nil {
		t := *p.pushed
		p.pushed = nil
		return t, nil
	}
	if err := p.skipBlanks(); err != nil {
		return token{}, err
	}
	if p.rest == "" {
		return token{kind: end}, nil
	}
	switch c := p.rest[0]; c {
	case '<', '>', ',', ':', ';', '@', '.':
		return token{kind: c, text: p.take(1)}, nil
	case '"':
		return p.delimited(quoted, '"', "a quoted string")
	case '[':
		return p.delimited(literal, ']', "a domain literal")
	case ')', ']', '\\':
		return token{}, fmt.Errorf("a stray %q", string(c))
	}
	n := 0
	for n < len(p.rest) && isAtom(p.rest[n]) {
		n++
	}
	if n == 0 {
		return token{}, fmt.Errorf("the control character %#02x", p.rest[0])
	}
	return token{kind: atom, text: p.take(n)}, nil
}

// isAtom: RFC 5322 section 3.2.3, and every 8-bit byte (RFC 6532 section 3.2
// has them in UTF-8; display names in other charsets come too).
func isAtom(c byte) bool {
	return c > ' ' && c != 0x7f && !strings.ContainsRune(`()<>[]:;@\,."`, rune(c))
}

func (p *addressParser) take(n int) string {
	text := p.rest[:n]
	p.rest = p.rest[n:]
	return text
}

// delimited reads from an opening character to the closing one; a backslash
// takes the next character's meaning away.
func (p *addressParser) delimited(kind, closing byte, what string) (token, error) {
	for i := 1; i < len(p.rest); i++ {
		switch c := p.rest[i]; {
		case c == closing:
			return token{kind: kind, text: p.take(i + 1)}, nil
		case c == '\\':
			i++
		case kind == literal && c == '[':
			return token{}, errors.New("a bracket within a domain literal")
		}
	}
	return token{}, fmt.Errorf("%s that does not end", what)
}

// skipBlanks skips white space and comments, which can stand in each other.
func (p *addressParser) skipBlanks() error {
	depth := 0
	for p.rest != "" {
		switch c := p.rest[0]; {
		case c == ' ', c == '\t', c == '\r', c == '\n':
		case c == '(':
			depth++
		case depth == 0:
			return nil
		case c == ')':
			depth--
		case c == '\\':
			p.take(1) // and, below, what it quotes
		}
		if p.rest == "" {
			break
		}
		p.take(1)
	}
	if depth > 0 {
		return errors.New("a comment that does not end")
	}
	return nil
}
