package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"keycare/cli/usage"
	"keycare/credfile"
	"keycare/credfile/home"
	"keycare/credfile/show"
	"keycare/report"
)

func fixCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:     "fix",
		Category: "Fix",
		Usage:    "fix problems in the AWS files",
		Description: "Tightens file permissions and fixes syntax that AWS tools read differently, where\n" +
			"that is safe: the AWS CLI reads every setting as before. Shows each change, secrets\n" +
			"redacted, and asks first. Does not touch keys; for those: keycare audit.",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "dry-run", Usage: "show the fixes; change nothing"},
			&cli.BoolFlag{Name: "yes", Usage: "do not prompt"},
		},
		UsageText: usage.Examples(
			"keycare fix --dry-run", "what would change",
			"keycare fix", "show each change and ask"),
		Action: writing(e, runFix),
	}
}

// fixer is one run of fix.
type fixer struct {
	*env
	dryRun bool
	yes    bool // nobody is asked
	agree  func(question string) (bool, error)
	done   int
	open   int // shown and not done
	left   int // that only a person can mend
}

func runFix(e *env, c *cli.Context) error {
	paths, err := e.Paths()
	if err != nil {
		return err
	}
	folder, err := e.State()
	if err != nil {
		return err
	}
	f := &fixer{env: e, dryRun: c.Bool("dry-run")}
	if e.canAsk() {
		f.agree = func(question string) (bool, error) { return e.confirm(c.Context, question) }
	}
	if f.yes = c.Bool("yes"); f.yes {
		f.agree = func(string) (bool, error) { return true, nil }
	}
	if len(paths.Doubts) > 0 {
		return errors.New(paths.Doubts[0])
	}
	switch open, err := unfinished(folder); {
	case err != nil:
		return err
	case open != "":
		return fmt.Errorf("a rotation is not finished (%s). First run: keycare resume", open)
	}
	if err := f.modes(paths); err != nil {
		return err
	}
	if err := f.files(c.Context, paths); err != nil {
		return err
	}
	switch {
	case f.dryRun && f.open > 0:
		fmt.Fprintf(e.Out, "%s available; nothing was changed\n", show.Count(f.open, "fix"))
	case f.done+f.open == 0:
		fmt.Fprintln(e.Out, "nothing to fix")
	default:
		fmt.Fprintf(e.Out, "%d fixed, %d skipped\n", f.done, f.open)
	}
	if f.left > 0 {
		fmt.Fprintf(e.Out, "%s; for details: keycare audit\n", needsYou(f.left))
	}
	return nil
}

// needsYou counts what only a person can fix.
func needsYou(n int) string {
	if n == 1 {
		return "1 finding needs a manual fix"
	}
	return show.Count(n, "finding") + " need a manual fix"
}

// agreed shows a change and asks for it. Where nobody can be asked, the first
// change is wrong usage: nothing was done.
func (f *fixer) agreed(what, diff string) (bool, error) {
	if f.agree == nil && !f.dryRun {
		return false, usagef("cannot prompt: not a terminal. Run it in a terminal, or pass --yes; --dry-run shows the fixes")
	}
	fmt.Fprint(f.Out, what+"\n"+diff)
	ok := false
	if !f.dryRun {
		var err error
		if ok, err = f.agree("Fix it?"); err != nil {
			return false, err
		}
	}
	if ok {
		f.done++
	} else {
		f.open++
	}
	return ok, nil
}

// modes takes from others the rights that an audit finds too much.
func (f *fixer) modes(paths credfile.Paths) error {
	set, err := credfile.Load(f.Disk, paths)
	if err != nil {
		return err
	}
	in := report.Input{Set: set, AWSFiles: home.ReadAWSFiles(f.Disk, f.Vars, paths), OtherFiles: home.ReadOtherFiles(f.Disk, f.Vars, paths)}
	readKeyFiles(f.env, &in, scope{downloads: true})
	for _, at := range report.TooOpenIn(in) {
		if at.OwnedByOther {
			continue // only its owner may
		}
		chmod := fmt.Sprintf("chmod %04o ", at.Want())
		want, what := at.Want(), fmt.Sprintf("%s (it is %04o)", cmp.Or(show.Command("linux", "chmod", fmt.Sprintf("%04o", at.Want()), at.Path), chmod+show.Text(at.Path)), at.Mode.Perm())
		if len(at.Others) > 0 {
			want, what = want&0o700, fmt.Sprintf("%s: limit the access list to you (it has %s)", show.Text(at.Path), at.How())
		}
		ok, err := f.agreed(what, "")
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		if err := f.Disk.Chmod(at.Path, want); err != nil {
			return err
		}
	}
	return nil
}

// files mends the texts. Questions are asked without the lock, since a person
// may take long to answer: if the files have changed by then, nothing is
// written.
func (f *fixer) files(ctx context.Context, paths credfile.Paths) error {
	fix := credfile.Fixer{Disk: f.Disk, Paths: paths, Wait: wait}
	if !f.dryRun {
		if err := fix.Sweep(ctx); err != nil {
			return err
		}
	}
	before, err := credfile.Load(f.Disk, paths)
	if err != nil {
		return err
	}
	after, done, err := before.Mend(func(m credfile.Mend) (bool, error) {
		if ctx.Err() != nil {
			return false, ctx.Err()
		}
		what := fmt.Sprintf("%s:%d: %s (%s)", show.Text(m.Path), m.Pos.Line, m.What, m.Quirk)
		if len(m.Moves) > 0 {
			what += fmt.Sprintf("\n  then tools built on the Go SDK switch to the key that the AWS CLI uses, for: %s", strings.Join(m.Moves, ", "))
			if f.dryRun {
				f.open++
				fmt.Fprint(f.Out, what+"\n"+m.Diff)
				return false, nil // as --yes does, so that the list is the same
			}
			if f.yes {
				f.open++
				fmt.Fprintln(f.Out, what+"\n  --yes does not agree to that")
				return false, nil
			}
		}
		ok, err := f.agreed(what, m.Diff)
		return ok || f.dryRun, err // the next one is shown as it would be after this one
	})
	if err != nil {
		return err
	}
	f.left = report.LeftToPerson(after, f.Now())
	if len(done) == 0 || f.dryRun {
		return nil
	}
	return fix.Write(ctx, before, after)
}
