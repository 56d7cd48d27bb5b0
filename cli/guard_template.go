package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"keycare/credfile/disk"
	"keycare/credfile/hook"
	"keycare/credfile/show"
)

// This file is about the template of which git gives each new repository a copy: the
// way to guard new clones where the configuration cannot name hooks. It is a floor:
// other tools hide or replace a hook of a repository, as they do with any.

// ownTemplate is keycare's template, for who has none.
func ownTemplate(e *env) string {
	if e.Folders.Config == "" {
		return ""
	}
	return filepath.Join(e.Folders.Config, "keycare", "git-template")
}

// templateDir is the template that git uses by the user's settings; empty if it is
// that which comes with git.
func templateDir(ctx context.Context, git string) string {
	dir, _ := gitSays(ctx, git, "config", "--type=path", "--get", "init.templateDir") // an error: not set
	return filepath.FromSlash(dir)
}

func installTemplate(ctx context.Context, e *env, program string) error {
	git, err := findGit()
	if err != nil {
		return err
	}
	if hasConfigHooks(ctx, git) {
		return errors.New("this Git takes hooks from its configuration, where no tool can hide them: run \"keycare guard install --global\"")
	}
	dir, own := templateDir(ctx, git), ownTemplate(e)
	switch {
	case dir == "" && own == "":
		return errors.New("there is no folder for settings: set HOME")
	case dir != "" && !filepath.IsAbs(dir):
		return fmt.Errorf("init.templateDir is %s, which is another folder wherever Git is run: make it absolute", show.Flow(dir))
	}
	if dir == "" || dir == own {
		dir = own
		if err := fillTemplate(ctx, e, git, own); err != nil {
			return err
		}
		path := hook.GlobalConfig(e.Disk, os.Getenv, e.Folders.Home)
		if err := editConfig(e, path, func(text string) (string, error) { return hook.WithTemplate(text, own) }); err != nil {
			return err
		}
	}
	if err := hook.Install(e.Disk, filepath.Join(dir, "hooks"), program); err != nil {
		return err
	}
	_, err = fmt.Fprintf(e.Out, "installed in %s, for repositories that you clone or make from now on (\"git init\" adds it to one that is there)\n", show.Path(dir, e.Folders.Home))
	return err
}

// templateFiles are those of git's own template that matter, as git makes them in a
// new repository: a template of one's own takes the place of all of it.
func templateFiles(ctx context.Context, git string) (files map[string]string, err error) {
	dir, err := os.MkdirTemp("", "keycare-template")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	cmd := exec.CommandContext(ctx, git, "init", "-q", "--bare", dir)
	cmd.Env = append(slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "GIT_") }), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull)
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("cannot see what Git gives a new repository: %w", err)
	}
	files = map[string]string{}
	for _, name := range []string{"description", "info/exclude"} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		if err == nil {
			files[filepath.FromSlash(name)] = string(b)
		}
	}
	return files, nil
}

func fillTemplate(ctx context.Context, e *env, git, dir string) error {
	files, err := templateFiles(ctx, git)
	if err != nil {
		return err
	}
	for name, text := range files {
		path := filepath.Join(dir, name)
		if _, err := e.Disk.Lstat(path); err == nil {
			continue
		}
		if err := e.Disk.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := disk.WriteAtomic(e.Disk, path, path+".new", []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func removeTemplate(ctx context.Context, e *env) error {
	git, err := findGit()
	if err != nil {
		return err
	}
	dir, own := templateDir(ctx, git), ownTemplate(e)
	removed := false
	path := hook.GlobalConfig(e.Disk, os.Getenv, e.Folders.Home)
	if err := editConfig(e, path, func(text string) (string, error) {
		text, had, err := hook.WithoutTemplate(text)
		removed = had
		return text, err
	}); err != nil {
		return err
	}
	for _, d := range []string{dir, own} {
		if d == "" {
			continue
		}
		names, err := hook.Remove(e.Disk, filepath.Join(d, "hooks"))
		if err != nil {
			return err
		}
		removed = removed || len(names) > 0
	}
	if err := emptyTemplate(ctx, e, git, own); err != nil {
		return err
	}
	return sayRemoved(e, removed, "the template of new repositories")
}

// emptyTemplate deletes what fillTemplate has made, and nothing that was changed.
func emptyTemplate(ctx context.Context, e *env, git, dir string) error {
	if _, err := e.Disk.Lstat(dir); dir == "" || err != nil {
		return nil
	}
	files, err := templateFiles(ctx, git)
	if err != nil {
		return err
	}
	for name, text := range files {
		path := filepath.Join(dir, name)
		if b, err := e.Disk.ReadFile(path); err == nil && string(b) == text {
			if err := e.Disk.Remove(path); err != nil {
				return err
			}
		}
	}
	for _, name := range []string{"hooks", "info", ""} { // those that are empty now
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			e.warn("%s is left: it holds files that keycare did not make", filepath.Join(dir, name))
			return nil
		}
	}
	_ = os.Remove(filepath.Dir(dir)) // if there is nothing else in it
	return nil
}

// templateStatus is a line on the template, if there is anything to say of it.
func templateStatus(ctx context.Context, e *env, git, program string) string {
	dir := templateDir(ctx, git)
	if dir == "" {
		return ""
	}
	installed := 0
	for _, ev := range hook.Events {
		if state, err := hook.Look(e.Disk, filepath.Join(dir, "hooks"), ev, program); err == nil && state == hook.Ours {
			installed++
		}
	}
	says := "installed in " + show.Path(dir, e.Folders.Home) + ", for new repositories"
	switch {
	case installed == 0 && dir != ownTemplate(e):
		return ""
	case installed < len(hook.Events):
		says = "not whole in " + show.Path(dir, e.Folders.Home) + ": run keycare guard install --template again"
	}
	return fmt.Sprintf("%-18s  %s\n", "template", strings.TrimSpace(says))
}
