package cli

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"keycare/cli/usage"
	"keycare/rotate"
	"keycare/rotate/job"
	"keycare/rotate/state"
)

// Each test and script that docs/scenarios.md names is there.
func TestDocsScenarios(t *testing.T) {
	page := readDoc(t, "../docs/scenarios.md")
	var code strings.Builder
	for _, pattern := range []string{"../*/*_test.go", "../*/*/*_test.go"} {
		for _, path := range glob(t, pattern) {
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			code.Write(b)
		}
	}
	named := 0
	for _, m := range regexp.MustCompile("`(Test\\w+)`").FindAllStringSubmatch(page, -1) {
		named++
		if !strings.Contains(code.String(), "\nfunc "+m[1]+"(t *testing.T)") {
			t.Errorf("there is no test %s", m[1])
		}
	}
	for _, m := range regexp.MustCompile("`((?:rotate|scenario|audit)-[a-z-]+|policy)`").FindAllStringSubmatch(page, -1) {
		named++
		if _, err := os.Stat(filepath.Join("..", "testdata", "script", m[1]+".txtar")); err != nil {
			t.Error(err)
		}
	}
	for _, path := range glob(t, "../testdata/script/scenario-*.txtar") {
		if name := strings.TrimSuffix(filepath.Base(path), ".txtar"); !strings.Contains(page, "`"+name+"`") {
			t.Errorf("docs/scenarios.md does not name %s", name)
		}
	}
	if named < 50 {
		t.Errorf("only %d tests were found on the page: has its form changed?", named)
	}
}

// The pages for users show each command and name each flag; the reference has
// each exit code.
func TestDocsCommands(t *testing.T) {
	var pages strings.Builder
	for _, page := range append(glob(t, "../docs/*.md"), "../README.md") {
		pages.WriteString(readDoc(t, page))
	}
	page := pages.String()
	usage.Each(newApp(testEnv()).Commands, func(command string, c *cli.Command) {
		if !strings.Contains(page, "keycare "+command) && !strings.Contains(page, "go run . "+command) {
			t.Errorf("no page shows keycare %s", command)
		}
		for _, f := range c.Flags {
			name := f.Names()[0]
			if name != "help" && !strings.Contains(page, "--"+name) {
				t.Errorf("no page names --%s of %s", name, command)
			}
		}
	})
	reference := readDoc(t, "../docs/reference.md")
	for _, e := range exitTable {
		if !strings.Contains(reference, "\n| "+e[0]+" | ") {
			t.Errorf("docs/reference.md has no exit code %s", e[0])
		}
	}
}

// What the README shows is what the demo prints, but for key IDs.
func TestDocsDemo(t *testing.T) {
	var said strings.Builder
	cmd := exec.Command(lookKeycare(t), "demo")
	cmd.Env = append(os.Environ(), "COLUMNS=80", "HOME="+t.TempDir())
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %s", err, said.String())
	}
	id := regexp.MustCompile(`A[KS]IA[A-Z2-7]{16}`)
	rest := id.ReplaceAllString(unixPaths(said.String()), "ID")
	for _, block := range regexp.MustCompile("(?s)```console\n(.*?)```").FindAllStringSubmatch(readDoc(t, "../README.md"), -1) {
		for part := range strings.SplitSeq(block[1], "...\n") {
			part = strings.Trim(id.ReplaceAllString(part, "ID"), "\n")
			if runtime.GOOS == "windows" && strings.Contains(part, "Key file open to others") {
				continue // a mode opens no file there, so the demo's table is another one
			}
			_, after, found := strings.Cut(rest, part)
			if !found {
				t.Errorf("the demo does not print this, or not in this order:\n%s", part)
				continue
			}
			rest = after
		}
	}
}

// A link from one page to another leads somewhere.
func TestDocsLinks(t *testing.T) {
	pages := append(glob(t, "../*.md"), glob(t, "../docs/*.md")...)
	link := regexp.MustCompile(`\]\(([^)\s]+)\)`)
	for _, page := range pages {
		for _, m := range link.FindAllStringSubmatch(readDoc(t, page), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			name, anchor, _ := strings.Cut(m[1], "#")
			target := page
			if name != "" {
				target = filepath.Join(filepath.Dir(page), filepath.FromSlash(name))
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s: %v", page, err)
				continue
			}
			if anchor != "" && !slices.Contains(anchors(readDoc(t, target)), anchor) {
				t.Errorf("%s: %s has no heading #%s", page, target, anchor)
			}
		}
	}
}

// The schemas name the fields that are written, and no others.
func TestDocsSchemas(t *testing.T) {
	type object struct {
		Properties map[string]json.RawMessage `json:"properties"`
	}
	items := func(file, list string) map[string]json.RawMessage {
		t.Helper()
		var doc object
		var field struct {
			Items object `json:"items"`
			object
		}
		if err := json.Unmarshal([]byte(readDoc(t, "../"+file)), &doc); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(doc.Properties[list], &field); err != nil {
			t.Fatal(err)
		}
		if field.Properties != nil {
			return field.Properties
		}
		return field.Items.Properties
	}
	for _, s := range []struct {
		file, list string
		of         any
	}{
		{"docs/rotate.schema.json", "results", rotate.Result{}},
		{"docs/status.schema.json", "in_flight", state.Journal{}},
		{"docs/status.schema.json", "history", state.History{}},
		{"docs/status.schema.json", "timer", job.Stamp{}},
	} {
		known := items(s.file, s.list)
		written := reflect.TypeOf(s.of)
		for i := range written.NumField() {
			if !written.Field(i).IsExported() {
				continue
			}
			name, _, _ := strings.Cut(written.Field(i).Tag.Get("json"), ",")
			if name == "-" {
				continue // for the screen alone
			}
			if _, ok := known[name]; !ok {
				t.Errorf("%s does not know %s.%s", s.file, s.list, name)
			}
			delete(known, name)
		}
		for name := range known {
			t.Errorf("%s: %s.%s is never written", s.file, s.list, name)
		}
	}
}

// anchors are the names by which headings can be linked.
func anchors(page string) (names []string) {
	for line := range strings.Lines(page) {
		if text, ok := strings.CutPrefix(strings.TrimLeft(line, "#"), " "); ok && strings.HasPrefix(line, "#") {
			text = strings.ToLower(strings.TrimSpace(text))
			text = regexp.MustCompile(`[^\w\- ]`).ReplaceAllString(text, "")
			names = append(names, strings.ReplaceAll(text, " ", "-"))
		}
	}
	return names
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("%s: nothing found: %v", pattern, err)
	}
	return paths
}

func readDoc(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
