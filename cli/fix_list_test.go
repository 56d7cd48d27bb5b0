package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// fixLine is a change that fix names: of a text, or of a mode or an access list.
var fixLine = regexp.MustCompile(`(?m)^(?:[^ @+-].*:\d+: .*|chmod .*|.*: .*access list .*)$`)

// What fix would do and what it does are one list, over all homes of cases, and a
// second run has nothing to do.
func TestFixDryRunIsTheRun(t *testing.T) {
	homes, err := os.ReadDir(filepath.Join("..", "testdata", "cases"))
	if err != nil || len(homes) < 30 {
		t.Fatalf("%d homes, %v", len(homes), err)
	}
	changes := 0
	for _, h := range homes {
		if !h.IsDir() {
			continue
		}
		home := caseHome(t, h.Name())
		if err := chmod(filepath.Join(home, ".aws"), 0o777); err != nil {
			t.Fatal(err)
		}
		list := func(words ...string) (lines []string, all string) {
			m := hereIn(home)
			m.run(t.Context(), words...)
			for _, line := range fixLine.FindAllString(m.out.String(), -1) {
				lines = append(lines, strings.TrimSpace(line))
			}
			return lines, m.both.String()
		}
		dry, saidDry := list("fix", "--dry-run")
		run, said := list("fix", "--yes")
		if !slices.Equal(dry, run) {
			t.Errorf("%s: the dry run names\n%s\nthe run\n%s", h.Name(), saidDry, said)
		}
		changes += len(run)
		if again, said := list("fix", "--yes"); len(run) > 0 && !slices.Equal(again, nil) && !strings.Contains(said, "--yes does not agree") {
			t.Errorf("%s: a second run does\n%s", h.Name(), said)
		}
	}
	if changes < 30 {
		t.Errorf("only %d changes", changes)
	}
	t.Logf("%d changes", changes)
}

// What fix says of a path can be pasted: a home's name may have spaces in it.
func TestFixQuotesPaths(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no modes on Windows")
	}
	home := filepath.Join(t.TempDir(), "a b")
	creds := filepath.Join(home, ".aws", "credentials")
	writeFile(t, creds, "[work]\nregion = eu-west-1\n", 0o644)
	h := hereIn(home)
	if code := h.run(t.Context(), "fix", "--dry-run"); code != exitOK || !strings.Contains(h.out.String(), "chmod 0600 \""+creds+"\" (it is 0644)\n") {
		t.Errorf("exit code %d\n%s%s", code, &h.out, &h.talk)
	}
}
