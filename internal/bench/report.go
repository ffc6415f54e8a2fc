package main

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
)

// column is one of a table.
type column struct {
	title   string
	format  string
	of      func(*figures) *float64
	compare bool // with the first signer
}

var columns = []column{
	{"messages/s", "%.0f", func(f *figures) *float64 { return &f.PerSecond }, true},
	{"CPU ms/message", "%.2f", func(f *figures) *float64 { return &f.CPU }, true},
	{"CPU/RSA", "%.2f", func(f *figures) *float64 { return &f.PerRSA }, false},
	{"p50 ms", "%.1f", func(f *figures) *float64 { return &f.Median }, false},
	{"p99 ms", "%.1f", func(f *figures) *float64 { return &f.P99 }, false},
	{"memory MB", "%.0f", func(f *figures) *float64 { return &f.PeakMemory }, false},
	{"first ms", "%.0f", func(f *figures) *float64 { return &f.First }, false},
	{"KB/connection", "%.1f", func(f *figures) *float64 { return &f.PerIdle }, false},
}

// medianOf takes the median of each figure.
func medianOf(rounds []figures) figures {
	median := rounds[0]
	for _, c := range columns {
		var values []float64
		for i := range rounds {
			values = append(values, *c.of(&rounds[i]))
		}
		*c.of(&median) = middle(values)
	}
	return median
}

func middle(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

// print prints the columns that have something in them.
func print(w io.Writer, title string, list []figures) {
	fmt.Fprintf(w, "\n%s\n", title)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	var filled []column
	for _, c := range columns {
		if slices.ContainsFunc(list, func(f figures) bool { return *c.of(&f) != 0 }) {
			filled = append(filled, c)
		}
	}
	fmt.Fprint(table, "signer\t")
	for _, c := range filled {
		fmt.Fprint(table, c.title, "\t")
		if c.compare {
			fmt.Fprint(table, "ratio\t")
		}
	}
	fmt.Fprintln(table)
	for i := range list {
		fmt.Fprint(table, list[i].Signer, "\t")
		for _, c := range filled {
			value := *c.of(&list[i])
			fmt.Fprintf(table, c.format+"\t", value)
			if c.compare {
				fmt.Fprintf(table, "%.2f\t", value / *c.of(&list[0]))
			}
		}
		fmt.Fprintln(table)
	}
	table.Flush()
}
