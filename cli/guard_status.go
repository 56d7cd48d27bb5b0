package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"keycare/credfile"
	"keycare/credfile/copies"
	"keycare/credfile/copies/gitobj"
	"keycare/credfile/hook"
	"keycare/credfile/show"
)

// runGuardStatus says of each event whether git calls keycare then. It asks git where it
// can tell (git hook list), and else reads the hook that git would call.
func runGuardStatus(e *env, c *cli.Context) error {
	r, err := findRepo(c.Context)
	if err != nil {
		return err
	}
	program, err := guardProgram()
	if err != nil {
		return err
	}
	fmt.Fprintf(e.Out, "repository  %s\n", show.Path(r.dir, e.Folders.Home))
	m := managerOf(r)
	var missing []hook.Event
	for _, ev := range hook.Events {
		says, ok := statusOf(c.Context, e, r, m, ev, program)
		if !ok {
			missing = append(missing, ev)
		}
		fmt.Fprintf(e.Out, "%-18s  %s\n", ev.Name, says)
	}
	fmt.Fprint(e.Out, templateStatus(c.Context, e, r.git, program))
	if err := prove(e); err != nil {
		return err
	}
	fmt.Fprintln(e.Out, "proof               a made-up key in a text is found")
	if !slices.ContainsFunc(missing, func(ev hook.Event) bool { return slices.Contains(needed, ev.Name) }) {
		return nil
	}
	if m != nil && !r.configHooks {
		fmt.Fprint(e.Out, m.add(missing))
		return errors.New("a key would not be stopped here: add the lines above")
	}
	return errors.New("a key would not be stopped here: keycare guard install")
}

// statusOf is how things are at one event, and whether keycare is called.
func statusOf(ctx context.Context, e *env, r repo, m *manager, ev hook.Event, program string) (says string, ok bool) {
	if r.configHooks {
		if says, ok := configStatus(ctx, e, r, ev, program); says != "" {
			return says, ok
		}
	}
	path := filepath.Join(r.hooks, ev.Name)
	state, err := hook.Look(e.Disk, r.hooks, ev, program)
	switch {
	case err != nil:
		return "cannot be read: " + err.Error(), false
	case state != hook.Absent && !runnable(path):
		return "not executable, so Git ignores it", false
	case m != nil && state == hook.Other && m.calls(ev):
		return "called by " + m.name, true
	case state != hook.Ours && preCommitCalls(r, ev.Name):
		return "called by pre-commit", true
	case m != nil && state != hook.Ours && r.hooksPath != "":
		return "without keycare; hooks are in " + show.Path(r.hooks, e.Folders.Home), false
	}
	return map[hook.State]string{
		hook.Absent: "no hook", hook.Ours: "installed", hook.Other: "another tool's hook, without keycare",
		hook.Changed: "installed for another path or version of keycare: run keycare guard install again", hook.Edited: "keycare's, changed by hand",
	}[state], state == hook.Ours
}

// runnable reports whether git would run a hook.
func runnable(path string) bool {
	fi, err := os.Stat(path)
	return err == nil && (runtime.GOOS == "windows" || fi.Mode()&0o111 != 0)
}

// configStatus is that of the hook in Git's configuration; empty where there is none.
func configStatus(ctx context.Context, e *env, r repo, ev hook.Event, program string) (says string, ok bool) {
	for _, path := range []string{filepath.Join(r.common, "config"), hook.GlobalConfig(e.Disk, os.Getenv, e.Folders.Home)} {
		b, err := e.Disk.ReadFile(path)
		if err != nil {
			continue
		}
		if _, had, err := hook.WithoutBlock(string(b)); !had || err != nil {
			continue
		}
		where := show.Path(path, e.Folders.Home)
		listed, err := gitOutput(ctx, r.git, "hook", "list", ev.Name)
		now, blockErr := hook.WithBlock(string(b), program)
		switch {
		case err != nil || !slices.Contains(strings.Fields(listed), "keycare-"+ev.Name) || slices.Contains(strings.Split(listed, "\n"), "disabled\tkeycare-"+ev.Name):
			return "switched off here: git config hook.keycare-" + ev.Name + ".enabled", false
		case blockErr != nil || now != string(b):
			return "installed in " + where + " for another path or version of keycare: run keycare guard install again", false
		}
		return "installed in " + where, true
	}
	return "", false
}

// prove checks that a planted key is found by what the hooks use.
func prove(e *env) error {
	g, err := guardOf(e)
	if err != nil {
		return err
	}
	const id = "AKIAQAAAAAAAQAAAAAAA"
	planted := copies.Key{ID: id, Secret: credfile.NewSecret(strings.Repeat("Pl4nted/", 5)), State: copies.Current}
	ch := &gitobj.Changes{Matcher: copies.NewMatcher(append(slices.Clone(g.keys), planted), copies.Options{Others: true}), Counts: func(h copies.Hit) bool { return h.Key == len(g.keys) }}
	if len(ch.Text([]byte("x = "+id+"\ny = "+planted.Secret.Reveal()+"\n"))) < 2 {
		return errors.New("a planted key is not found: this is a bug in keycare")
	}
	return nil
}
