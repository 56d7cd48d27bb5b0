package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"keycare/cli/usage"
	"keycare/credfile/disk"
	"keycare/credfile/exchange"
	"keycare/credfile/hook"
	"keycare/credfile/show"
	"keycare/rotate/schedule"
)

func guardCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:     "guard",
		Category: "Look",
		Usage:    "keep AWS keys out of Git commits",
		Description: "Installs Git hooks that look at what a commit, its message or a push adds, and stop\n" +
			"it if that is one of your keys, in any form, or another AWS key with its secret.\n" +
			"Removing a key passes. Nothing is sent anywhere, and no secret is printed.",
		UsageText: usage.Examples(
			"keycare guard install", "in this repository",
			"keycare guard install --global", "in all of yours (Git 2.54 or later)",
			"keycare guard check --staged", "check what would be committed now"),
		Action: onlySubcommands(e),
		Subcommands: []*cli.Command{
			guardInstallCommand(e),
			guardStatusCommand(e),
			guardCheckCommand(e),
			guardRemoveCommand(e),
		},
	}
}

func globalFlag(usage string) cli.Flag { return &cli.BoolFlag{Name: "global", Usage: usage} }

func templateFlag(usage string) cli.Flag { return &cli.BoolFlag{Name: "template", Usage: usage} }

func guardInstallCommand(e *env) *cli.Command {
	return &cli.Command{
		Name: "install", Usage: "install the hooks in this repository, or in all of yours",
		Description: "Hooks that are there already are kept and called first. Where husky or lefthook\n" +
			"manage the hooks, the lines for their files are printed instead.",
		Flags: []cli.Flag{
			globalFlag("install them in your Git configuration, for all repositories (Git 2.54 or later)"),
			templateFlag("install them for repositories that you clone or make from now on (older Git)"),
		},
		UsageText: usage.Examples(
			"keycare guard install", "in this repository",
			"keycare guard install --global", "in all of yours",
			"keycare guard install --template", "in new clones, with an older Git"),
		Action: writing(e, runGuardInstall),
	}
}

func guardRemoveCommand(e *env) *cli.Command {
	return &cli.Command{
		Name: "remove", Usage: "remove the hooks, and put back those that were there before",
		Flags:     []cli.Flag{globalFlag("remove them from your Git configuration"), templateFlag("remove them from the template of new repositories")},
		UsageText: usage.Examples("keycare guard remove", "from this repository"),
		Action:    writing(e, runGuardRemove),
	}
}

func guardStatusCommand(e *env) *cli.Command {
	return &cli.Command{
		Name: "status", Usage: "show which hooks run here, and prove that they find a key",
		UsageText: usage.Examples("keycare guard status", "for this repository"),
		Action:    action(e, runGuardStatus),
	}
}

// repo is the repository that a command is run in.
type repo struct {
	git, dir, top string // the program; .git; the work tree, empty in a bare one
	hooks         string // folder
	hooksPath     string // core.hooksPath, if it is set and another folder
	common        string // .git of the main work tree
	configHooks   bool   // this Git reads hooks from its configuration
}

// configHooksSince is the version of Git whose configuration may name hooks.
var configHooksSince = [2]int{2, 54}

// gitOutput is what git prints, in the user's own environment.
func gitOutput(ctx context.Context, git string, args ...string) (string, error) {
	var out, said bytes.Buffer
	cmd := exec.CommandContext(ctx, git, append([]string{"--no-pager"}, args...)...)
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil {
		line, _, _ := strings.Cut(strings.TrimSpace(said.String()), "\n")
		if line == "" {
			line = err.Error()
		}
		return "", errors.New(show.Flow(line))
	}
	return out.String(), nil
}

// gitSays is the first line of it.
func gitSays(ctx context.Context, git string, args ...string) (string, error) {
	out, err := gitOutput(ctx, git, args...)
	line, _, _ := strings.Cut(out, "\n")
	return strings.TrimSuffix(line, "\r"), err
}

func findGit() (string, error) {
	git, err := exec.LookPath("git")
	if err != nil {
		return "", errors.New("git is not installed, or not in PATH")
	}
	return git, nil
}

// findRepo is the repository of the folder that the command runs in.
func findRepo(ctx context.Context) (r repo, err error) {
	if r.git, err = findGit(); err != nil {
		return r, err
	}
	if r.dir, err = gitSays(ctx, r.git, "rev-parse", "--absolute-git-dir"); err != nil {
		return r, fmt.Errorf("this folder is not in a Git repository: %w", err)
	}
	r.top, _ = gitSays(ctx, r.git, "rev-parse", "--show-toplevel")
	if r.hooks, err = gitSays(ctx, r.git, "rev-parse", "--git-path", "hooks"); err != nil {
		return r, err
	}
	if r.hooks, err = filepath.Abs(r.hooks); err != nil {
		return r, err
	}
	if r.common, err = gitSays(ctx, r.git, "rev-parse", "--git-common-dir"); err != nil {
		return r, err
	}
	if r.common, err = filepath.Abs(r.common); err != nil {
		return r, err
	}
	r.hooksPath, _ = gitSays(ctx, r.git, "config", "--get", "core.hooksPath")
	if r.hooks == filepath.Join(r.common, "hooks") {
		r.hooksPath = ""
	}
	r.configHooks = hasConfigHooks(ctx, r.git)
	return r, nil
}

func hasConfigHooks(ctx context.Context, git string) bool {
	says, err := gitSays(ctx, git, "version")
	words := strings.Fields(says)
	if err != nil || len(words) < 3 {
		return false
	}
	parts := append(strings.Split(words[2], "."), "0")
	major, _ := strconv.Atoi(parts[0])
	minor, _ := strconv.Atoi(parts[1])
	return major > configHooksSince[0] || major == configHooksSince[0] && minor >= configHooksSince[1]
}

// guardProgram is the path by which hooks call this program.
func guardProgram() (string, error) {
	running, err := os.Executable()
	if err != nil {
		return "", err
	}
	inPath, _ := exec.LookPath("keycare") // that it is not there is no error
	return schedule.Binary(running, os.TempDir(), inPath)
}

func runGuardInstall(e *env, c *cli.Context) error {
	if c.Bool("global") && c.Bool("template") {
		return usagef("--global and --template: give one of them")
	}
	program, err := guardProgram()
	if err != nil {
		return err
	}
	if c.Bool("template") {
		return installTemplate(c.Context, e, program)
	}
	with := func(text string) (string, error) { return hook.WithBlock(text, program) }
	if c.Bool("global") {
		git, err := findGit()
		if err != nil {
			return err
		}
		if !hasConfigHooks(c.Context, git) {
			return fmt.Errorf("this Git is older than %d.%d, whose configuration can name hooks: run \"keycare guard install\" in each repository, and \"keycare guard install --template\" for those that you clone or make from now on", configHooksSince[0], configHooksSince[1])
		}
		path := hook.GlobalConfig(e.Disk, os.Getenv, e.Folders.Home)
		if err := editConfig(e, path, with); err != nil {
			return err
		}
		fmt.Fprintf(e.Out, "installed in %s, for all repositories\n", show.Path(path, e.Folders.Home))
		return nil
	}
	r, err := findRepo(c.Context)
	if err != nil {
		return err
	}
	if r.configHooks {
		return installInConfig(e, r, with)
	}
	if m := managerOf(r); m != nil {
		fmt.Fprint(e.Out, m.add(hook.Events))
		return errors.New("nothing was installed: the hooks of this repository are managed by another tool; add the lines above, then run keycare guard status")
	}
	if err := hook.Install(e.Disk, r.hooks, program); err != nil {
		return err
	}
	fmt.Fprintf(e.Out, "installed in %s\n", show.Path(r.hooks, e.Folders.Home))
	return nil
}

// installInConfig puts the hooks into the configuration of a repository, where no other
// tool hides them or takes them away. Those of an older Git are not needed any more.
func installInConfig(e *env, r repo, with func(string) (string, error)) error {
	path := filepath.Join(r.common, "config")
	if err := editConfig(e, path, with); err != nil {
		return err
	}
	fmt.Fprintf(e.Out, "installed in %s", show.Path(path, e.Folders.Home))
	if r.hooksPath != "" {
		fmt.Fprintf(e.Out, ", beside the hooks in %s", show.Path(r.hooksPath, e.Folders.Home))
	}
	fmt.Fprintln(e.Out)
	if _, err := hook.Remove(e.Disk, r.hooks); err != nil {
		return fmt.Errorf("the hooks of an earlier installation are still called, too: %w", err)
	}
	return nil
}

// editConfig changes a file of Git's configuration as a whole; links stay.
func editConfig(e *env, path string, change func(string) (string, error)) error {
	b, err := e.Disk.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("cannot read %s: %w", path, err)
	}
	text, changeErr := change(string(b))
	switch {
	case changeErr != nil:
		return fmt.Errorf("%s: %w", path, changeErr)
	case text == string(b):
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return disk.WriteAtomic(e.Disk, path, path+".new", []byte(text), 0o644)
	}
	x := &exchange.Exchanger{Disk: e.Disk, Tag: "guard", Wait: wait}
	if err := x.Sweep(path); err != nil {
		return err
	}
	if err := x.Check(path); err != nil {
		return err
	}
	return x.Exchange(context.Background(), []exchange.File{{Path: path, Before: string(b), After: text, Open: true}})
}

func runGuardRemove(e *env, c *cli.Context) error {
	without := func(removed *bool) func(string) (string, error) {
		return func(text string) (string, error) {
			text, had, err := hook.WithoutBlock(text)
			*removed = *removed || had
			return text, err
		}
	}
	removed := false
	if c.Bool("template") {
		return removeTemplate(c.Context, e)
	}
	if c.Bool("global") {
		path := hook.GlobalConfig(e.Disk, os.Getenv, e.Folders.Home)
		if err := editConfig(e, path, without(&removed)); err != nil {
			return err
		}
		return sayRemoved(e, removed, show.Path(path, e.Folders.Home))
	}
	r, err := findRepo(c.Context)
	if err != nil {
		return err
	}
	if err := editConfig(e, filepath.Join(r.common, "config"), without(&removed)); err != nil {
		return err
	}
	for _, dir := range slices.Compact([]string{r.hooks, filepath.Join(r.common, "hooks")}) { // the second may be hidden by the first
		names, err := hook.Remove(e.Disk, dir)
		if err != nil {
			return err
		}
		removed = removed || len(names) > 0
	}
	return sayRemoved(e, removed, show.Path(r.dir, e.Folders.Home))
}

func sayRemoved(e *env, removed bool, where string) error {
	if !removed {
		_, err := fmt.Fprintln(e.Out, "keycare guard is not installed there: nothing was changed")
		return err
	}
	_, err := fmt.Fprintf(e.Out, "removed from %s\n", where)
	return err
}
