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
	ruler   = regexp.MustCompile(`^[` + bars + `\s:+=_─━═┌┬┐├┼┤└┴┘┏┳┓┣╋┫┗┻┛┠┨┯┷┿╂-]+$`)
)

// unroll writes each row of a table that has labels in its head as lines of label and
// value, and takes other tables out of their frames.
func unroll(lines []line) []line {
	var all []line
	var head []string
	for _, l := range lines {
		row := cells(l.text)
		switch {
		case isHead(row):
			head = row
			continue
		case len(row) > 1 && len(row) <= len(head) && !ruler.MatchString(l.text):
			for _, text := range labelled(row, head) {
				all = append(all, line{text, l.quoted})
			}
			continue
		case isPairs(row):
			for pair := range slices.Chunk(row, 2) {
				all = append(all, line{strings.Join(pair, ":"), l.quoted})
			}
			continue
		case l.text != "" && !ruler.MatchString(l.text):
			head = nil
		}
		all = append(all, line{unframed(l.text), l.quoted})
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

// unframed returns a line without the frame of a table.
func unframed(text string) string {
	if strings.IndexAny(text, bars) == 0 {
		text = strings.Trim(text, bars+" \u3000")
	}
	return strings.TrimSpace(text)
}

// isHead reports whether a row has labels, and nothing that stands behind a label.
func isHead(row []string) bool {
	count := 0
	for _, cell := range row {
		switch {
		case labels[bare(cell)] != noLabel:
			count++
		case kindOfValue(cell) != "" || record.LooksLikeHost(plain(cell)):
			return false
		}
	}
	return count > 1
}

// isPairs reports whether a row has labels with what stands behind them, side by side.
func isPairs(row []string) bool {
	return len(row) > 3 && labels[bare(row[0])] != noLabel && labels[bare(row[2])] != noLabel
}

// labelled returns the cells of a row with their labels. Where the columns are what is
// there and what is to be, the row may have a label of its own.
func labelled(row, head []string) []string {
	var all []string
	own := labels[bare(row[0])]
	for i, cell := range row {
		name := head[i]
		switch column := labels[bare(name)]; {
		case column == noLabel, column == beforeLabel && own != noLabel && own != valueLabel:
			continue
		case column == afterLabel && own != noLabel && own != valueLabel:
			name = row[0]
		}
		all = append(all, name+":"+cell)
	}
	return all
}
