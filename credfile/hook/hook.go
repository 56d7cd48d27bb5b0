// Package hook renders, installs, reads back and removes the Git hooks of "keycare
// guard". A hook that was there before is kept and called first; a removal leaves
// what was there before, byte for byte.
package hook

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"keycare/credfile/disk"
)

// Event is a moment at which git calls a hook, and how keycare is asked then. git
// adds its own arguments.
type Event struct {
	Name string
	Args []string
}

// Events are those at which something new could come in. cherry-pick, revert and
// rebase call none of the first five: pre-push is the net below them
// (githooks(5)).
var Events = []Event{
	{"pre-commit", []string{"guard", "check", "--staged"}},
	{"pre-merge-commit", []string{"guard", "check", "--staged"}},
	{"pre-applypatch", []string{"guard", "check", "--staged"}},
	{"commit-msg", []string{"guard", "check", "--message"}},
	{"applypatch-msg", []string{"guard", "check", "--message"}},
	{"pre-push", []string{"guard", "check", "--pushed"}},
}

const (
	mark = "# Made by keycare guard install; keycare guard remove takes it away."
	// keptEnd is the end of the name of a hook that was there before.
	keptEnd = ".before-keycare"
)

// word quotes a path for sh. Git for Windows runs hooks by its own sh.
func word(s string) string {
	return "'" + strings.ReplaceAll(filepath.ToSlash(s), "'", `'\''`) + "'"
}

// Script is the hook for an event. It passes, with a warning, when the program is
// gone: a commit must not depend on that.
func Script(e Event, program string) string {
	p := word(program)
	call := p + " " + strings.Join(e.Args, " ") + ` "$@"`
	kept := `kept="${0%/*}/` + e.Name + keptEnd + `"` + "\n"
	if e.Name == "pre-push" { // both read what git writes
		return "#!/bin/sh\n" + mark + "\n" + kept + `lines=$(cat)
say() { [ -z "$lines" ] || printf '%s\n' "$lines"; }
if [ -x "$kept" ]; then say | "$kept" "$@" || exit $?; fi
if [ -x ` + p + ` ]; then say | ` + call + `; exit $?; fi
` + gone(program)
	}
	return "#!/bin/sh\n" + mark + "\n" + kept + `if [ -x "$kept" ]; then "$kept" "$@" || exit $?; fi
if [ -x ` + p + ` ]; then exec ` + call + `; fi
` + gone(program)
}

func gone(program string) string {
	return "echo " + word("keycare guard: "+program+" is gone, so this was not checked") + " >&2\n"
}

// Command is what a hook in Git's configuration runs for an event (git-config(1),
// hook.<name>.command, since Git 2.54). git appends its arguments to the last word.
func Command(e Event, program string) string {
	p := word(program)
	return "[ -x " + p + " ] || { " + strings.TrimSuffix(gone(program), "\n") + "; exit 0; }; " + p + " " + strings.Join(e.Args, " ")
}

// State is how a hook stands.
type State int

// The states of a hook.
const (
	Absent  State = iota
	Ours          // keycare's, and as it would be made now
	Other         // somebody else's
	Changed       // keycare's, for another program
	Edited        // keycare's once, with changes by somebody: not keycare's to delete
)

// Look says how the hook of an event stands in a folder of hooks.
func Look(d disk.FS, dir string, e Event, program string) (State, error) {
	text, there, err := read(d, filepath.Join(dir, e.Name))
	switch {
	case err != nil || !there:
		return Absent, err
	case text == Script(e, program):
		return Ours, nil
	case !strings.Contains(text, mark):
		return Other, nil
	case text == Script(e, programIn(text)):
		return Changed, nil
	}
	return Edited, nil
}

// read is the text of a hook. A link that leads nowhere is one without text.
func read(d disk.FS, path string) (text string, there bool, err error) {
	if _, err := d.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return "", false, nil
	}
	switch fi, err := d.Stat(path); {
	case errors.Is(err, fs.ErrNotExist):
		return "", true, nil
	case err != nil:
		return "", true, err
	case !fi.Mode().IsRegular(): // a pipe would be waited for
		return "", true, errors.New("it is not a regular file")
	}
	b, err := d.ReadFile(path)
	return string(b), true, err
}

// programIn is the program that a script of keycare's calls.
func programIn(script string) string {
	_, rest, _ := strings.Cut(script, "if [ -x '")
	quoted, _, _ := strings.Cut(rest, "' ]; then")
	return strings.ReplaceAll(quoted, `'\''`, "'")
}

func editedError(path string) error {
	return fmt.Errorf("the hook %s was made by keycare guard and changed since: move what was added to %s, delete the hook, then run the command again", path, path+keptEnd)
}

// Install puts the hooks into a folder, and keeps those that are there.
func Install(d disk.FS, dir, program string) error {
	if err := d.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("cannot make the folder of the hooks: %w", err)
	}
	for _, e := range Events {
		path := filepath.Join(dir, e.Name)
		state, err := Look(d, dir, e, program)
		if err != nil {
			return fmt.Errorf("cannot read the hook %s: %w", path, err)
		}
		if state == Ours {
			continue
		}
		if state == Edited {
			return editedError(path)
		}
		if state == Other {
			if _, err := d.Lstat(path + keptEnd); err == nil {
				return fmt.Errorf("%s and %s are both there: look at them, and delete the one that is not wanted", path, path+keptEnd)
			}
			if err := disk.Place(d, path, path+keptEnd); err != nil {
				return fmt.Errorf("cannot keep the hook %s: %w", path, err)
			}
		}
		if err := disk.WriteAtomic(d, path, path+".new", []byte(Script(e, program)), 0o755); err != nil {
			return fmt.Errorf("cannot write the hook %s: %w", path, err)
		}
	}
	return nil
}

// Remove takes the hooks away and puts back those that were there before. It says
// which events had one.
func Remove(d disk.FS, dir string) (removed []string, err error) {
	for _, e := range Events {
		path := filepath.Join(dir, e.Name)
		state, err := Look(d, dir, e, "")
		_, keptErr := d.Lstat(path + keptEnd)
		kept := keptErr == nil
		switch {
		case err != nil:
			return removed, fmt.Errorf("cannot read the hook %s: %w", path, err)
		case state == Edited:
			return removed, editedError(path)
		case state == Absent && !kept, state == Other:
			continue
		}
		if kept {
			err = disk.Place(d, path+keptEnd, path)
		} else {
			err = d.Remove(path)
		}
		if err != nil {
			return removed, fmt.Errorf("cannot take the hook %s away: %w", path, err)
		}
		removed = append(removed, e.Name)
	}
	return removed, nil
}

// The block in a file of Git's configuration.
const (
	blockBegin = "# keycare guard: begin (keycare guard remove takes this away)"
	blockCut   = "# keycare guard: begin, after a line without end (keycare guard remove takes this away)"
	blockEnd   = "# keycare guard: end"
)

// Block is the part of Git's configuration that names the hooks.
func Block(program string) string {
	var b strings.Builder
	b.WriteString(blockBegin + "\n")
	for _, e := range Events {
		fmt.Fprintf(&b, "[hook \"keycare-%s\"]\n\tevent = %s\n\tcommand = %s\n", e.Name, e.Name, configValue(Command(e, program)))
	}
	b.WriteString(blockEnd + "\n")
	return b.String()
}

// configValue quotes a value by the rules of git-config(1).
func configValue(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\t", `\t`).Replace(s) + `"`
}

// find is where the block is in a text; from == to where there is none.
func find(text string) (from, to int, err error) {
	from, cut := strings.Index(text, blockBegin+"\n"), false
	if i := strings.Index(text, blockCut+"\n"); i >= 0 {
		from, cut = i, true
	}
	end := strings.Index(text, blockEnd+"\n")
	switch {
	case from < 0 && end < 0:
		return 0, 0, nil
	case from < 0 || end < from || strings.Count(text, blockEnd+"\n") > 1:
		return 0, 0, errors.New("the lines of keycare guard in it were changed by hand: delete them")
	}
	if cut {
		from-- // the line end that was added
	}
	return from, end + len(blockEnd) + 1, nil
}

// WithBlock is a text of Git's configuration with the block, in place of one that is
// there.
func WithBlock(text, program string) (string, error) {
	text, _, err := WithoutBlock(text)
	if err != nil {
		return "", err
	}
	block := Block(program)
	if text != "" && !strings.HasSuffix(text, "\n") {
		block = "\n" + strings.Replace(block, blockBegin, blockCut, 1)
	}
	return text + block, nil
}

// WithoutBlock is a text without the block, and whether it had one.
func WithoutBlock(text string) (string, bool, error) {
	from, to, err := find(text)
	if err != nil {
		return "", false, err
	}
	return text[:from] + text[to:], from < to, nil
}

// GlobalConfig is the file that git config --global writes (git-config(1), FILES).
func GlobalConfig(d disk.FS, getenv func(string) string, home string) string {
	if path := getenv("GIT_CONFIG_GLOBAL"); path != "" {
		return path
	}
	own := filepath.Join(home, ".gitconfig")
	xdg := getenv("XDG_CONFIG_HOME")
	if xdg == "" {
		xdg = filepath.Join(home, ".config")
	}
	shared := filepath.Join(xdg, "git", "config")
	if _, err := d.Stat(own); err == nil {
		return own
	}
	if _, err := d.Stat(shared); err == nil {
		return shared
	}
	return own
}
