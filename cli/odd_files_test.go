package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf16"

	"keycare/rotate/awstest"
)

// TestOddFiles rotates the key of profile "work" in each file of
// testdata/credentials/rotate: afterwards the file is the same but for the two
// values.
func TestOddFiles(t *testing.T) {
	for _, path := range oddFiles(t, "rotate") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			m, text := oddMachine(t, path)
			m.run(exitOK, "rotate", "work", "--yes")
			keys := m.iam.Keys("ann")
			if len(keys) != 1 || keys[0].ID == m.old.ID {
				t.Fatalf("keys %v after the rotation", keys)
			}
			fresh := awstest.Key{ID: keys[0].ID, Secret: m.iam.Secret(keys[0].ID)}
			if got, want := m.read(), string(fill(text, fresh)); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
			m.noLeaks()
		})
	}
}

// refusals says for each file of testdata/credentials/refuse what the person
// is told.
var refusals = map[string]string{
	"bom":              `credentials:1:1: a byte order mark`,
	"utf16":            `binary file|UTF-16`,
	"inline-comment":   `credentials:2:\d+: a comment after a value: .*move the comment`,
	"quoted":           `credentials:2:\d+: a value in quotes: .*write the value without quotes`,
	"shell-export":     `no access key in`,
	"continued":        `credentials:4:1: an indented line without =`,
	"twice-in-section": `credentials:4:1: the same setting twice in a section`,
	"twice-section":    `credentials:6:1: a second section of the same name`,
	"header-tail":      `credentials:1:\d+: text after the \] of a header`,
	"prefix":           `no such profile`,
	"merge-conflict":   `credentials:2:1: a line that is not a header, setting or comment`,
	"csv":              `credentials:1:1: a setting before the first`,
	"yaml":             `credentials:1:1: a setting before the first`,
	"json":             `credentials:1:1: a setting before the first`,
	"lone-quote":       `credentials:2:\d+: a value that is one quote mark`,
	"default-caps":     `credentials:1:\d+: a section \[DEFAULT\] in capitals`,
}

// TestOddFilesRefused: where the tools do not agree, a rotation is refused with
// the place and the repair, nothing is changed, and an audit does not call the
// file fine.
func TestOddFilesRefused(t *testing.T) {
	paths := oddFiles(t, "refuse")
	if len(paths) != len(refusals) {
		t.Errorf("%d files, %d sentences", len(paths), len(refusals))
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			m, _ := oddMachine(t, path)
			before := m.read()
			out := m.run(exitFailed, "rotate", "work", "--yes")
			if want := refusals[filepath.Base(path)]; want == "" || !regexp.MustCompile(want).MatchString(out) {
				t.Errorf("it says %q, want %q", out, want)
			}
			if m.read() != before {
				t.Error("the file was changed")
			}
			for _, c := range m.iam.Calls() {
				if strings.HasPrefix(c.Action, "Create") || strings.HasPrefix(c.Action, "Delete") || strings.HasPrefix(c.Action, "Update") {
					t.Errorf("%s was called", c.Action)
				}
			}
			m.noLeaks()
		})
	}
}

func oddFiles(t *testing.T, folder string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("..", "testdata", "credentials", folder, "*"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no files: %v", err)
	}
	return paths
}

// oddMachine is a machine whose credentials file is made from a template.
func oddMachine(t *testing.T, path string) (m *machine, template []byte) {
	t.Helper()
	template, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	m = bareMachine(t)
	text := string(fill(template, m.old))
	writeFile(t, m.aws("credentials"), text, 0o600)
	m.leaks.allow(m.aws("credentials"))
	m.leaks.learnText(text)
	return m, template
}

// fill puts a pair into a template, in the encoding of the template.
func fill(template []byte, k awstest.Key) []byte {
	for name, value := range map[string]string{"$OLD_ID": k.ID, "$OLD_SECRET": k.Secret} {
		for _, as := range []func(string) []byte{func(s string) []byte { return []byte(s) }, utf16le} {
			template = bytes.ReplaceAll(template, as(name), as(value))
		}
	}
	return template
}

func utf16le(s string) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = append(b, byte(u), byte(u>>8))
	}
	return b
}

func (m *machine) read() string {
	m.t.Helper()
	b, err := os.ReadFile(m.aws("credentials"))
	if err != nil {
		m.t.Fatal(err)
	}
	return string(b)
}

func (m *machine) noLeaks() {
	m.t.Helper()
	m.leaks.learn(m.iam.Secrets()...)
	for _, leak := range m.leaks.find(m.dir) {
		m.t.Error(leak)
	}
}
