package cli

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"keycare/credfile/hook"
	"keycare/credfile/show"
)

// manager is a tool that has the hooks of a repository to itself: it takes others'
// away, or hides them. keycare goes into its file, where a person adds the lines.
type manager struct {
	name  string
	says  string                  // how it has the hooks
	files func(e string) []string // in which keycare may be called for an event
	lines func(e hook.Event) string
}

// needed are the events without which a key would come in; of the others pre-push is
// the net.
var needed = []string{"pre-commit", "commit-msg", "pre-push"}

// lefthookFiles are where lefthook looks for its settings. Source: its documentation,
// "Config file name".
var lefthookFiles = func() (names []string) {
	for _, name := range []string{"lefthook", ".lefthook", ".config/lefthook", "lefthook-local", ".lefthook-local", ".config/lefthook-local"} {
		for _, end := range []string{".yml", ".yaml", ".toml", ".json", ".jsonc"} {
			names = append(names, name+end)
		}
	}
	return names
}()

// managerOf is the tool that manages the hooks of a repository; nil where there is
// none, or where it lets other hooks be.
func managerOf(r repo) *manager {
	var lefthook []string
	for _, name := range lefthookFiles {
		path := filepath.Join(r.top, name)
		if fi, err := os.Stat(path); r.top != "" && err == nil && fi.Mode().IsRegular() {
			lefthook = append(lefthook, path)
		}
	}
	folder := func(dir string) func(string) []string {
		return func(event string) []string { return []string{filepath.Join(dir, event)} }
	}
	switch {
	case filepath.Base(filepath.Dir(r.hooks)) == ".husky" && r.hooksPath != "":
		dir := filepath.Dir(r.hooks)
		return &manager{"husky", "Hooks are managed by husky", folder(dir), func(e hook.Event) string {
			return fmt.Sprintf("  to %s:\n    %s\n", show.Flow(filepath.ToSlash(relativeTo(r.top, filepath.Join(dir, e.Name)))), shellLine(e))
		}}
	case len(lefthook) > 0:
		return &manager{"lefthook", "Hooks are managed by lefthook", func(string) []string { return lefthook }, func(e hook.Event) string {
			line := "  " + e.Name + ":\n    commands:\n      keycare:\n        run: " + command(e)
			switch {
			case e.Name == "pre-push":
				return line + " {0}\n        use_stdin: true\n"
			case slices.Contains(e.Args, "--message"):
				return line + " {1}\n"
			}
			return line + "\n"
		}}
	case r.hooksPath != "":
		return &manager{"core.hooksPath", fmt.Sprintf("core.hooksPath is %s, which may be shared", show.Flow(r.hooksPath)), folder(r.hooks), func(e hook.Event) string {
			return fmt.Sprintf("  to its hook %s:\n    %s\n", e.Name, shellLine(e))
		}}
	}
	return nil
}

func relativeTo(top, path string) string {
	if rel, err := filepath.Rel(top, path); err == nil && top != "" {
		return rel
	}
	return path
}

func command(e hook.Event) string { return "keycare " + strings.Join(e.Args, " ") }

func shellLine(e hook.Event) string {
	switch {
	case e.Name == "pre-push":
		return command(e) + ` "$@"`
	case slices.Contains(e.Args, "--message"):
		return command(e) + ` "$1"`
	}
	return command(e)
}

// add says what to add for the events.
func (m *manager) add(events []hook.Event) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s. Add", m.says)
	if m.name == "lefthook" {
		b.WriteString(" to lefthook.yml")
	}
	b.WriteString(":\n")
	for _, e := range events {
		b.WriteString(m.lines(e))
	}
	return b.String()
}

// mostHookFile bounds a file of a manager that is read.
const mostHookFile = 1 << 20

func readHookFile(path string) (string, error) {
	fi, err := os.Stat(path)
	if err == nil && (!fi.Mode().IsRegular() || fi.Size() > mostHookFile) {
		err = fs.ErrInvalid
	}
	if err != nil {
		return "", err
	}
	b, err := os.ReadFile(path)
	return string(b), err
}

// calls reports whether the manager's files call keycare at an event, as far as their
// text tells. Lines that are comments do not count.
func (m *manager) calls(e hook.Event) bool {
	for _, path := range m.files(e.Name) {
		text, err := readHookFile(path)
		if err != nil {
			continue
		}
		under := "" // of what event a line of YAML is
		for line := range strings.Lines(text) {
			word := strings.TrimSpace(line)
			if key, _, ok := strings.Cut(line, ":"); ok && key != "" && strings.TrimLeft(key, " \t#-\"") == key {
				under = strings.Trim(key, `"'`)
			}
			if !strings.HasPrefix(word, "#") && strings.Contains(word, command(e)) && (m.name != "lefthook" || under == e.Name || under == "") {
				return true
			}
		}
	}
	return false
}

// preCommitHooks are keycare's own hooks for the framework pre-commit, by event
// (.pre-commit-hooks.yaml).
var preCommitHooks = map[string]string{"pre-commit": "", "pre-merge-commit": "", "commit-msg": "-message", "pre-push": "-push"}

// preCommitCalls reports whether the framework pre-commit calls keycare at an event, as
// far as the text of its settings tells.
func preCommitCalls(r repo, event string) bool {
	which, ok := preCommitHooks[event]
	path := filepath.Join(r.hooks, event)
	hookText, hookErr := readHookFile(path)
	text, err := readHookFile(filepath.Join(r.top, ".pre-commit-config.yaml"))
	if !ok || r.top == "" || hookErr != nil || err != nil || !runnable(path) || !strings.Contains(hookText, hook.PreCommitMark) {
		return false
	}
	for line := range strings.Lines(text) {
		id, ok := strings.CutPrefix(strings.TrimLeft(line, " -{"), "id:")
		id, _, _ = strings.Cut(id, "#")
		id, _, _ = strings.Cut(id, ",")
		if id = strings.Trim(id, " \"'}\r\n"); ok && (id == "keycare"+which || id == "keycare-go"+which) {
			return true
		}
	}
	return false
}
