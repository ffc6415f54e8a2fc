package signer

// bodyScan looks at a body as it passes.
type bodyScan struct {
	blank    int  // bytes of white space in a row, so far
	tooBlank bool // there were more than maxBlank
	line     int  // bytes of the line, so far
	last     byte

	eightBit, longLine, bareCR, bareLF, nul bool
}

// maxBodyLine is the most that a line may have, in bytes without its end: MTAs
// cut longer ones (RFC 5322 section 2.1.1).
const maxBodyLine = 998

func (b *bodyScan) scan(p []byte) {
	for _, c := range p {
		if b.last == '\r' && c != '\n' {
			b.bareCR = true
		}
		switch c {
		case '\n':
			b.bareLF = b.bareLF || b.last != '\r'
			b.line = 0
			b.blank++
		case '\r', ' ', '\t':
			b.blank++
			if c != '\r' {
				b.line++
			}
		default:
			b.nul = b.nul || c == 0
			b.eightBit = b.eightBit || c >= 0x80
			b.line++
			b.blank = 0
		}
		b.longLine = b.longLine || b.line > maxBodyLine
		b.tooBlank = b.tooBlank || b.blank > maxBlank
		b.last = c
	}
}

// risks returns what may be rewritten on the way: the words stand in the log and
// label counters.
func (b *bodyScan) risks() []string {
	var list []string
	for _, risk := range []struct {
		name string
		is   bool
	}{
		{"8bit", b.eightBit}, // to a server without 8BITMIME, Postfix converts it
		{"long_line", b.longLine},
		{"bare_cr", b.bareCR || b.last == '\r'},
		{"bare_lf", b.bareLF},
		{"nul", b.nul},
	} {
		if risk.is {
			list = append(list, risk.name)
		}
	}
	return list
}
