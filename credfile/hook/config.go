package hook

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"keycare/credfile/disk"
)

// block is a part of a file of Git's configuration that is keycare's.
type block struct{ begin, cut, end string }

func blockOf(what, command string) block {
	taken := command + " takes this away)"
	return block{
		"# " + what + ": begin (" + taken,
		"# " + what + ": begin, after a line without end (" + taken,
		"# " + what + ": end",
	}
}

var (
	hooksBlock    = blockOf("keycare guard", "keycare guard remove")
	templateBlock = blockOf("keycare guard template", "keycare guard remove --template")
)

// hooks is the part of Git's configuration that names the hooks.
func hooks(program string) string {
	var b strings.Builder
	for _, e := range Events {
		fmt.Fprintf(&b, "[hook \"keycare-%s\"]\n\tevent = %s\n\tcommand = %s\n", e.Name, e.Name, configValue(Command(e, program)))
	}
	return b.String()
}

// configValue quotes a value by the rules of git-config(1).
func configValue(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\t", `\t`).Replace(s) + `"`
}

// find is where the block is in a text; from == to where there is none.
func (k block) find(text string) (from, to int, err error) {
	from, cut := strings.Index(text, k.begin+"\n"), false
	if i := strings.Index(text, k.cut+"\n"); i >= 0 {
		from, cut = i, true
	}
	end := strings.Index(text, k.end+"\n")
	switch {
	case from < 0 && end < 0:
		return 0, 0, nil
	case from < 0 || end < from || strings.Count(text, k.end+"\n") > 1:
		return 0, 0, errors.New("the lines of keycare guard in it were changed by hand: delete them")
	}
	if cut {
		from-- // the line end that was added
	}
	return from, end + len(k.end) + 1, nil
}

// with is a text with the block, at its end.
func (k block) with(text, body string) (string, error) {
	text, _, err := k.without(text)
	if err != nil {
		return "", err
	}
	begin := k.begin
	if text != "" && !strings.HasSuffix(text, "\n") {
		begin = "\n" + k.cut
	}
	return text + begin + "\n" + body + k.end + "\n", nil
}

func (k block) without(text string) (string, bool, error) {
	from, to, err := k.find(text)
	if err != nil {
		return "", false, err
	}
	return text[:from] + text[to:], from < to, nil
}

// WithBlock is a text of Git's configuration with the hooks, in place of those that are
// there.
func WithBlock(text, program string) (string, error) { return hooksBlock.with(text, hooks(program)) }

// WithoutBlock is a text without the hooks, and whether it had them.
func WithoutBlock(text string) (string, bool, error) { return hooksBlock.without(text) }

// WithTemplate is a text of Git's configuration that names the folder of which each new
// repository gets a copy (git-init(1), TEMPLATE DIRECTORY).
func WithTemplate(text, dir string) (string, error) {
	return templateBlock.with(text, "[init]\n\ttemplateDir = "+configValue(filepath.ToSlash(dir))+"\n")
}

// WithoutTemplate is a text without that, and whether it had it.
func WithoutTemplate(text string) (string, bool, error) { return templateBlock.without(text) }

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
