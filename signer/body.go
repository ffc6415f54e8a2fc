package signer

import (
	"bytes"
	"encoding/binary"
)

// bodyScan looks at a body as it passes.
type bodyScan struct {
	blank    int  // bytes of white space in a row, so far
	tooBlank bool // there were more than maxBlank
	line     int  // bytes of the line, so far
	last     byte
	beforeCR byte // the byte before the last CR

	blankCR bool // there was a blank before a bare CR
	crLast  bool // there was a bare CR, and no text after it

	eightBit, longLine, bareCR, bareLF, nul bool
}

// maxTextLine is the most that a line may have, in bytes without its end: MTAs
// cut longer ones (RFC 5322 section 2.1.1).
const maxTextLine = 998

func (b *bodyScan) scan(p []byte) {
	for len(p) > 0 {
		line := p
		if end := bytes.IndexByte(p, '\n'); end >= 0 {
			line = p[:end+1]
		}
		if b.last == '\n' && plain(line) {
			b.blank, b.crLast = len("\r\n"), false
		} else {
			b.scanBytes(line)
		}
		p = p[len(line):]
	}
}

// plain says whether a line is as most are: it ends in CRLF, has ASCII text
// without a blank at either end, and is not too long. There is nothing else to be
// seen in it.
func plain(line []byte) bool {
	text, ok := bytes.CutSuffix(line, []byte("\r\n"))
	if !ok || len(text) == 0 || len(text) > maxTextLine || text[0] <= ' ' || text[len(text)-1] <= ' ' {
		return false
	}
	return bytes.IndexByte(text, '\r') < 0 && bytes.IndexByte(text, 0) < 0 && allASCII(text)
}

func allASCII(text []byte) bool {
	var all uint64
	for ; len(text) >= 8; text = text[8:] {
		all |= binary.NativeEndian.Uint64(text)
	}
	for _, c := range text {
		all |= uint64(c)
	}
	return all&0x8080808080808080 == 0
}

func (b *bodyScan) scanBytes(p []byte) {
	for _, c := range p {
		if b.last == '\r' && c != '\n' {
			b.seeBareCR()
		}
		switch c {
		case '\r':
			b.beforeCR = b.last
			b.blank++
		case '\n':
			b.bareLF = b.bareLF || b.last != '\r'
			b.line = 0
			b.blank++
		case ' ', '\t':
			b.blank++
			b.line++
		default:
			b.nul = b.nul || c == 0
			b.eightBit = b.eightBit || c >= 0x80
			b.line++
			b.blank = 0
			b.crLast = false
		}
		b.longLine = b.longLine || b.line > maxTextLine
		b.tooBlank = b.tooBlank || b.blank > maxBlank
		b.last = c
	}
}

func (b *bodyScan) seeBareCR() {
	b.bareCR, b.crLast = true, true
	b.blankCR = b.blankCR || b.beforeCR == ' ' || b.beforeCR == '\t'
}

// misread says, of a body that has ended, whether go-msgauth makes the relaxed
// form of it wrong: it takes a bare CR for the end of a line (RFC 6376 section
// 3.4.4 has CRLF alone), and so drops the blanks before it, or the CR itself
// where no text follows.
func (b *bodyScan) misread() bool {
	if b.last == '\r' {
		b.seeBareCR()
	}
	return b.blankCR || b.crLast
}

// Risks lists what in a body may be rewritten on its way, which breaks the
// signature. The words stand in the log and label counters.
var Risks = []string{
	"8bit",                      // to a server without 8BITMIME, Postfix converts it
	"long_line",                 // it is cut
	"bare_cr", "bare_lf", "nul", // servers differ in what they make of them
}

// risks returns those that there are.
func (b *bodyScan) risks() []string {
	found := []bool{b.eightBit, b.longLine, b.bareCR || b.last == '\r', b.bareLF, b.nul}
	var list []string
	for i, risk := range Risks {
		if found[i] {
			list = append(list, risk)
		}
	}
	return list
}
