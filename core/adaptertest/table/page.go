package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

const intro = `# Adapters

What the suite for adapters, [core/adaptertest](../core/adaptertest), finds out
about each of them. This page is written by ` + "`make adapters`" + `, which runs
the suite and fails where a case does.

✓ passes. – means that the framework has nothing of the kind. A number stands for
what can't be with a framework, whoever writes the adapter: the reason is below.

`

// page writes the page.
func page(w io.Writer, results []*result) error {
	var b strings.Builder
	b.WriteString(intro)
	rows := rowsOf(results)
	reasons := cases(&b, rows, results)
	for i, reason := range reasons {
		fmt.Fprintf(&b, "\n%d. %s", i+1, reason)
	}
	if len(reasons) > 0 {
		b.WriteString("\n")
	}
	ecosystem(&b, rows, results)
	if err := sizes(&b, results); err != nil {
		return err
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// rowsOf returns all cases: in the order of the suite, those that only some adapters
// have by name behind the others of their group.
func rowsOf(results []*result) []string {
	var groups []string
	of := map[string][]string{}
	for _, r := range results {
		for _, name := range r.order {
			group, _, _ := strings.Cut(name, "/")
			if !slices.Contains(groups, group) {
				groups = append(groups, group)
			}
			if !slices.Contains(of[group], name) {
				of[group] = append(of[group], name)
			}
		}
	}
	var rows []string
	for _, group := range groups {
		everywhere, some := []string{}, []string{}
		for _, name := range of[group] {
			if slices.ContainsFunc(results, func(r *result) bool { return r.cases[name] == nil }) {
				some = append(some, name)
			} else {
				everywhere = append(everywhere, name)
			}
		}
		slices.Sort(some)
		rows = append(rows, append(everywhere, some...)...)
	}
	return rows
}

// header begins a table.
func header(b *strings.Builder, first string, results []*result) {
	b.WriteString("| " + first + " |")
	for _, r := range results {
		b.WriteString(" " + r.name + " |")
	}
	b.WriteString("\n|---" + strings.Repeat("|---", len(results)) + "|\n")
}

// cases writes the table of cases, and returns why some are impossible.
func cases(b *strings.Builder, rows []string, results []*result) (reasons []string) {
	header(b, "case", results)
	for _, row := range rows {
		fmt.Fprintf(b, "| %s |", strings.Replace(row, "/", ": ", 1))
		for _, r := range results {
			o := r.cases[row]
			cell := "–"
			switch {
			case o == nil:
			case o.impossible != "":
				i := slices.Index(reasons, o.impossible)
				if i < 0 {
					i = len(reasons)
					reasons = append(reasons, o.impossible)
				}
				cell = fmt.Sprintf("(%d)", i+1)
			case o.passed:
				cell = "✓"
			default:
				cell = "failed"
			}
			b.WriteString(" " + cell + " |")
		}
		b.WriteString("\n")
	}
	return reasons
}

// ecosystem writes what stands behind rows of middleware.
func ecosystem(b *strings.Builder, rows []string, results []*result) {
	b.WriteString("\n## Middleware and authentication\n\nWhat stands in front of sockets in these cases. A status in parentheses is what a\n" +
		"handshake is refused with behind middleware that sockets can't live with.\n\n")
	header(b, "kind", results)
	for _, row := range rows {
		named := func(r *result) bool { return r.cases[row] != nil && r.cases[row].about != "" }
		if !slices.ContainsFunc(results, named) {
			continue
		}
		_, kind, _ := strings.Cut(row, "/")
		fmt.Fprintf(b, "| %s |", kind)
		for _, r := range results {
			cell := "–"
			if named(r) {
				cell = strings.ReplaceAll(r.cases[row].about, "|", `\|`)
			}
			b.WriteString(" " + cell + " |")
		}
		b.WriteString("\n")
	}
}

// sizes writes how large the adapters are.
func sizes(b *strings.Builder, results []*result) error {
	b.WriteString("\n## Size\n\nLines of Go without tests, blank lines and comments.\n\n| adapter | files | lines |\n|---|---|---|\n")
	var done []string
	for _, r := range results {
		if slices.Contains(done, r.code) {
			continue
		}
		done = append(done, r.code)
		var names []string
		for _, other := range results {
			if other.code == r.code {
				names = append(names, other.name)
			}
		}
		files, lines, err := size(r.code)
		if err != nil {
			return err
		}
		fmt.Fprintf(b, "| %s | %d | %d |\n", strings.Join(names, " and "), files, lines)
	}
	return nil
}
