package cli

import (
	"bytes"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"keycare/cli/usage"
)

// ../docs/keycare.1 is what keycare man prints. To make it anew:
//
//	go test ./cli -run TestManPage -update
func TestManPage(t *testing.T) {
	const path = "../docs/keycare.1"
	page := manual(newApp(testEnv())).Man()
	if *update {
		if err := os.WriteFile(path, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if readDoc(t, path) != page {
		t.Errorf("%s is not up to date: go test ./cli -run TestManPage -update", path)
	}
	out, err := exec.Command(lookKeycare(t), "man").Output()
	if err != nil || string(out) != page {
		t.Errorf("keycare man prints another page: %v", err)
	}
}

// The page names all there is: commands, flags, values, exit codes, variables.
func TestManPageIsWhole(t *testing.T) {
	page := unescaped.Replace(manual(newApp(testEnv())).Man())
	has := func(what string) {
		t.Helper()
		if !strings.Contains(page, what) {
			t.Errorf("the page has no %s", what)
		}
	}
	flags := 0
	usage.Each(newApp(testEnv()).Commands, func(name string, c *cli.Command) {
		_, section, _ := strings.Cut(page, "\n.SS \""+usage.Synopsis(name, c)+"\"\n")
		section, _, _ = strings.Cut(section, "\n.S")
		if section == "" {
			t.Errorf("the page has no section for keycare %s", name)
		}
		for _, f := range usage.Flags(c.Flags) {
			flags++
			for _, want := range []string{".B \"" + strings.TrimSpace("--"+f.Name+" "+f.Value) + "\"\n", "The default is " + f.Default} {
				if !strings.Contains(section, want) && f.Default != "" {
					t.Errorf("keycare %s has no %s", name, want)
				}
			}
		}
		for example := range strings.Lines(c.UsageText) {
			has(strings.TrimSpace(example))
		}
	})
	if flags < 30 {
		t.Errorf("only %d flags were looked for", flags)
	}
	for _, e := range exitTable {
		has(".B \"" + e[0] + "\"\n")
	}
	table := regexp.MustCompile("(?m)^\\| `[A-Z].*?\\|")
	variables := 0
	for _, row := range table.FindAllString(readDoc(t, "../docs/reference.md"), -1) {
		for _, m := range regexp.MustCompile("`([A-Z_]+)`").FindAllStringSubmatch(row, -1) {
			variables++
			has(m[1])
		}
	}
	if variables < 15 {
		t.Errorf("only %d variables were found in docs/reference.md", variables)
	}
	if m := regexp.MustCompile(`(?m)^## v?\d\S+ .*(\d{4}-\d\d-\d\d)`).FindStringSubmatch(readDoc(t, "../CHANGELOG.md")); m != nil && !strings.Contains(page, " "+m[1]+" ") {
		t.Errorf("the page is not of the day of the last version, %s", m[1])
	}
}

// What the programs say that show man pages: nothing.
func TestManPageRenders(t *testing.T) {
	if out, err := exec.Command("man", "--version").Output(); err != nil || !bytes.HasPrefix(out, []byte("man 2")) {
		t.Skip("SKIPPED: the program man of man-db is not on this machine")
	}
	for _, tt := range []struct{ name, script string }{
		{"man", "man --warnings -E UTF-8 -l -Tutf8 -Z ../docs/keycare.1 >/dev/null"},
		{"groff", "groff -man -ww -Tutf8 -z ../docs/keycare.1"},
		{"mandoc", "mandoc -T lint -W style ../docs/keycare.1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			needShell(t, tt.name)
			out, err := exec.Command("sh", "-c", tt.script).CombinedOutput()
			if err != nil || len(out) > 0 {
				t.Errorf("%s: %s%v", tt.script, out, err)
			}
		})
	}
	// What is copied from the page is what was meant, and it fits a terminal.
	cmd := exec.Command("sh", "-c", "man -E UTF-8 -l ../docs/keycare.1")
	cmd.Env = append(os.Environ(), "MANWIDTH=80", "MAN_KEEP_FORMATTING=", "MANPAGER=cat", "LC_ALL=C.UTF-8")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"--dry-run", "~/.aws/credentials", `%LOCALAPPDATA%\keycare`, "IAM administrator's key"} {
		if !bytes.Contains(out, []byte(want)) {
			t.Errorf("man does not show %q", want)
		}
	}
	for line := range strings.Lines(string(out)) {
		if n := len([]rune(line)) - 1; n > 80 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}

// unescaped reads a page as a person does.
var unescaped = strings.NewReplacer(`\-`, "-", `\e`, `\`, `\(ti`, "~", `\(ha`, "^", `\(aq`, "'", `\(ga`, "`", `\(dq`, `"`)
