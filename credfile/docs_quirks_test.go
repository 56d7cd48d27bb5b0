package credfile_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"keycare/credfile"
)

var updateDocs = flag.Bool("update", false, "write the table of quirks in docs/files.md anew")

// quirksPage has the table of quirks between these two lines.
const (
	quirksPage  = "../docs/files.md"
	quirksBegin = "<!-- The table is made from credfile/quirks.go: go test ./credfile -run DocsQuirks -update -->\n"
	quirksEnd   = "<!-- End of the table. -->\n"
)

// The table of quirks in the docs is what the program says.
func TestDocsQuirks(t *testing.T) {
	b, err := os.ReadFile(quirksPage)
	if err != nil {
		t.Fatal(err)
	}
	page := strings.ReplaceAll(string(b), "\r\n", "\n") // as git checks it out on Windows
	before, rest, found := strings.Cut(page, quirksBegin)
	table, after, ended := strings.Cut(rest, quirksEnd)
	if !found || !ended {
		t.Fatalf("%s has no lines %q and %q", quirksPage, quirksBegin, quirksEnd)
	}
	first := func(row string) string { return strings.SplitN(row+"||", "|", 3)[1] }
	old := map[string]int{} // the order of the page stays; what is new comes last
	for i, line := range strings.Split(table, "\n") {
		old[first(line)] = i
	}
	want := quirksTable(func(row string) int {
		if i, ok := old[first(row)]; ok {
			return i
		}
		return len(old)
	})
	if table == want {
		return
	}
	if !*updateDocs {
		t.Errorf("the table in %s is not what credfile/quirks.go says; run: go test ./credfile -run DocsQuirks -update", quirksPage)
		return
	}
	if err := os.WriteFile(quirksPage, []byte(before+quirksBegin+want+quirksEnd+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

// quirksTable is the table in Markdown, its rows by place and, where that is the
// same, by their text.
func quirksTable(place func(row string) int) string {
	cell := strings.NewReplacer(`|`, `\|`, `[`, `\[`, `_`, `\_`)
	var rows []string
	for _, q := range credfile.QuirkTexts {
		whole := "  "
		if q.Whole {
			whole = " yes "
		}
		rows = append(rows, fmt.Sprintf("| %s | %s | %s |%s|", cell.Replace(q.What), cell.Replace(q.Tools), cell.Replace(q.Repair), whole))
	}
	slices.SortFunc(rows, func(a, b string) int {
		if pa, pb := place(a), place(b); pa != pb {
			return pa - pb
		}
		return strings.Compare(a, b)
	})
	return "\n| what stands there | what the tools make of it | repair | whole file |\n|---|---|---|---|\n" + strings.Join(rows, "\n") + "\n\n"
}
