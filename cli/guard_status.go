package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"keycare/credfile"
	"keycare/credfile/copies"
	"keycare/credfile/copies/gitobj"
	"keycare/credfile/hook"
	"keycare/credfile/show"
)

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
	inConfig := ""
	for _, path := range []string{filepath.Join(r.common, "config"), hook.GlobalConfig(e.Disk, os.Getenv, e.Folders.Home)} {
		if b, err := e.Disk.ReadFile(path); err == nil && r.configHooks {
			if _, had, err := hook.WithoutBlock(string(b)); had && err == nil {
				inConfig = path
			}
		}
	}
	missing := 0
	for _, ev := range hook.Events {
		state, err := hook.Look(e.Disk, r.hooks, ev, program)
		says := map[hook.State]string{hook.Absent: "no hook", hook.Ours: "installed", hook.Other: "another tool's hook, without keycare", hook.Changed: "installed for another path or version of keycare: run keycare guard install again", hook.Edited: "keycare's, changed by hand"}[state]
		switch {
		case inConfig != "":
			says = "installed in " + show.Path(inConfig, e.Folders.Home)
		case err != nil:
			says = "cannot be read: " + err.Error()
			missing++
		case state != hook.Ours:
			missing++
		}
		fmt.Fprintf(e.Out, "%-18s  %s\n", ev.Name, says)
	}
	if err := prove(c.Context, e); err != nil {
		return err
	}
	fmt.Fprintln(e.Out, "proof               a made-up key in a text is found")
	if missing > 0 {
		return errors.New("not every hook is installed here: keycare guard install")
	}
	return nil
}

// prove checks that a planted key is found by what the hooks use.
func prove(_ context.Context, e *env) error {
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
