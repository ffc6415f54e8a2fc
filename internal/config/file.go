package config

import (
	"cmp"
	"encoding"
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"
)

// file is a configuration file: where its keys stand, and what is wrong. The
// TOML library gives up at the first wrong value, and knows of several
// [[listener]] the lines of the last alone; an admin wants to see all at once.
type file struct {
	path  string
	lines map[string]int // of keys and tables: listener[1], listener[1].mode
	wrong []problem
}

// problem is what is wrong with the value of a key.
type problem struct {
	key string
	err error
}

// problem notes what is wrong with the value of a key, the first thing alone.
func (f *file) problem(key, format string, args ...any) {
	if !slices.ContainsFunc(f.wrong, func(p problem) bool { return p.key == key }) {
		f.wrong = append(f.wrong, problem{key, fmt.Errorf(format, args...)})
	}
}

// problems joins what is wrong, in the order of the lines.
func (f *file) problems() error {
	slices.SortFunc(f.wrong, func(a, b problem) int {
		return cmp.Or(f.line(a.key)-f.line(b.key), strings.Compare(a.key, b.key))
	})
	var all []error
	for _, p := range f.wrong {
		all = append(all, f.at(p.key, p.err))
	}
	return errors.Join(all...)
}

// at returns an error with its place.
func (f *file) at(key string, err error) error {
	if line := f.line(key); line > 0 {
		return fmt.Errorf("%s:%d: %s: %w", f.path, line, key, err)
	}
	return fmt.Errorf("%s: %s: %w", f.path, key, err)
}

// line returns the line of a key or, if it is missing, of its table.
func (f *file) line(key string) int {
	line, ok := f.lines[key]
	if end := strings.LastIndexByte(key, '.'); !ok && end >= 0 {
		return f.line(key[:end])
	}
	return line
}

var (
	tableLine = regexp.MustCompile(`^\s*(\[\[?)\s*([\w.-]+)\s*\]`)
	keyLine   = regexp.MustCompile(`^\s*([\w.-]+)\s*=`)
)

// lineNumbers returns the line of each key and table that stands at the start
// of one.
func lineNumbers(text string) map[string]int {
	lines, count := map[string]int{}, map[string]int{}
	table, n := "", 0
	for line := range strings.Lines(text) {
		n++
		if m := tableLine.FindStringSubmatch(line); m != nil {
			table = m[2]
			if m[1] == "[[" {
				count[table]++
				table = indexed(table, count[table])
			}
			lines[m[2]], lines[table] = n, n
			table += "."
		} else if m := keyLine.FindStringSubmatch(line); m != nil {
			lines[table+m[1]] = n
		}
	}
	return lines
}

// indexed names one of several tables, the first being 1.
func indexed(table string, n int) string { return fmt.Sprintf("%s[%d]", table, n) }

// Decode puts the values of another TOML file than the configuration into a
// struct by its toml tags, and has check note what is wrong with them. The error
// has a line for each problem, with its place.
func Decode(path, text string, into any, check func(problem func(key, format string, args ...any))) error {
	f := &file{path: path, lines: lineNumbers(text)}
	if err := f.decode(text, into); err != nil {
		return err
	}
	check(f.problem)
	return f.problems()
}

// decode puts the values of the file into a struct by its toml tags. The error
// is one of syntax; wrong values are noted as problems.
func (f *file) decode(text string, into any) error {
	var values map[string]any
	if _, err := toml.Decode(text, &values); err != nil {
		var at toml.ParseError
		if errors.As(err, &at) {
			return fmt.Errorf("%s:%d: %s", f.path, at.Position.Line, strings.ReplaceAll(at.Message, "\n", " "))
		}
		return fmt.Errorf("%s: %w", f.path, err)
	}
	f.table("", values, reflect.ValueOf(into).Elem())
	return nil
}

func (f *file) table(prefix string, values map[string]any, into reflect.Value) {
	for key, value := range values {
		if field, ok := tagged(into, key); ok {
			f.value(prefix+key, value, field)
		} else {
			f.problem(prefix+strings.Trim(strconv.Quote(key), `"`), "unknown key")
		}
	}
}

func tagged(into reflect.Value, key string) (reflect.Value, bool) {
	for field, value := range into.Fields() {
		if name, ok := field.Tag.Lookup("toml"); ok && name == key {
			return value, true
		}
	}
	return reflect.Value{}, false
}

func (f *file) value(key string, value any, into reflect.Value) {
	if into.Kind() == reflect.Pointer { // nil is what is not set
		into.Set(reflect.New(into.Type().Elem()))
		into = into.Elem()
	}
	var err error
	switch target := into.Addr().Interface().(type) {
	case encoding.TextUnmarshaler:
		var text string
		if err = assign(&text, value, "a string, in quotes"); err == nil {
			err = target.UnmarshalText([]byte(text))
		}
	case *string:
		err = assign(target, value, "a string, in quotes")
	case *bool:
		err = assign(target, value, "true or false")
	case *int:
		var n int64
		if err = assign(&n, value, "a whole number"); err == nil {
			*target = int(n)
		}
	case *[]string:
		*target, err = stringList(value)
	case *[]netip.Prefix:
		*target, err = prefixList(value)
	default:
		if into.Kind() == reflect.Slice {
			f.tables(key, value, into)
		} else if values, ok := value.(map[string]any); ok {
			f.table(key+".", values, into)
		} else {
			err = fmt.Errorf("it is a table: write [%s]", key)
		}
	}
	if err != nil {
		f.problem(key, "%w", err)
	}
}

func (f *file) tables(key string, value any, into reflect.Value) {
	list, ok := value.([]map[string]any)
	if !ok {
		f.problem(key, "there may be several of it: write [[%s]]", key)
		return
	}
	into.Set(reflect.MakeSlice(into.Type(), len(list), len(list)))
	for i, values := range list {
		f.table(indexed(key, i+1)+".", values, into.Index(i))
	}
}

// assign sets the target to a value of its type.
func assign[T any](target *T, value any, kind string) error {
	right, ok := value.(T)
	if !ok {
		return fmt.Errorf("it must be %s", kind)
	}
	*target = right
	return nil
}

// stringList returns a value that is an array of strings.
func stringList(value any) ([]string, error) {
	const kind = "an array of strings"
	var items []any
	if err := assign(&items, value, kind); err != nil {
		return nil, err
	}
	var list []string
	for _, item := range items {
		var text string
		if err := assign(&text, item, kind); err != nil {
			return nil, err
		}
		list = append(list, text)
	}
	return list, nil
}
