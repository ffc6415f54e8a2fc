package request

import (
	"regexp"
	"slices"
	"strings"

	"dkimd/keys/record"
)

// bars stand between the cells of a table, in both widths.
const bars = "|\uff5c│┃║"

var (
	cellEnd = regexp.MustCompile(`\s*[` + bars + `]\s*`)
	frame   = regexp.MustCompile(`^[` + bars + `]`)
	ruler   = regexp.MustCompile(`^[` + bars + `\s:+=_─━═┌┬┐├┼┤└┴┘┏┳┓┣╋┫┗┻┛┠┨┯┷┿╂-]+$`)
)

// unroll writes each row of a table that has labels in its head as lines of label and
// value, and takes other tables out of their frames.
func unroll(lines []line) []line {
	var all []line
	var head []label // of the columns
	for _, l := range lines {
		row := cells(l.text)
		switch columns := headOf(row); {
		case columns != nil:
			head = columns
			continue
		case len(row) > 1 && len(row) <= len(head) && !ruler.MatchString(l.text):
			for _, cell := range labelled(row, head) {
				cell.quoted = l.quoted
				all = append(all, cell)
			}
			continue
		case isPairs(row):
			for pair := range slices.Chunk(row, 2) {
				all = append(all, line{text: strings.Join(pair, ":"), quoted: l.quoted})
			}
			continue
		case l.text != "" && !ruler.MatchString(l.text):
			head = nil
		}
		if strings.IndexAny(l.text, bars) == 0 {
			l.text = strings.Trim(l.text, bars+" \u3000")
		}
		all = append(all, l)
	}
	return all
}

// cells returns the cells of a row; without one of another, the line is no row.
func cells(text string) []string {
	if strings.Contains(text, "\t") {
		return strings.Split(text, "\t")
	}
	return cellEnd.Split(unframed(text), -1)
}

// unframed returns a row without the bars at its ends. Others stand beside empty cells.
func unframed(text string) string {
	if bar := frame.FindString(text); bar != "" {
		text = strings.TrimSuffix(text[len(bar):], bar)
	}
	return strings.TrimSpace(text)
}

// headOf returns the labels of a row that has several, and nothing that stands behind
// a label; nil if it is not one.
func headOf(row []string) []label {
	columns := make([]label, len(row))
	count := 0
	for i, cell := range row {
		columns[i] = labelOf(cell)
		switch {
		case columns[i] != noLabel:
			count++
		case kindOfValue(cell) != "" || record.LooksLikeHost(plain(cell)):
			return nil
		}
	}
	if count < 2 {
		return nil
	}
	return columns
}

// isPairs reports whether a row has labels with what stands behind them, side by side.
func isPairs(row []string) bool {
	return len(row) > 3 && labelOf(row[0]) != noLabel && labelOf(row[2]) != noLabel
}

// labelled returns the cells of a row with their labels. Where the columns are what is
// there and what is to be, the row may have a label of its own.
func labelled(row []string, head []label) []line {
	var all []line
	own := labelOf(row[0])
	for i, cell := range row {
		column := head[i]
		switch {
		case column == noLabel, column == beforeLabel && own != noLabel && own != valueLabel:
			continue
		case column == afterLabel && own != noLabel && own != valueLabel:
			column = own
		}
		all = append(all, line{text: strings.TrimSpace(cell), label: column})
	}
	return all
}
