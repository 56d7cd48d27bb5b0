package cli

import (
	"errors"
	"fmt"
	"os/user"
	"strings"

	"github.com/urfave/cli/v2"

	"keycare/cli/usage"
	"keycare/rotate"
)

func replaceRootCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:     "replace-root",
		Category: "Fix",
		Usage:    "replace a root key with an IAM administrator's key",
		Description: "For a profile with the root user's key. Creates what is missing: an IAM group with\n" +
			"AdministratorAccess, an IAM user in it, and a key of that user. Writes the key to\n" +
			"the files and verifies it, and that the user is an administrator. Deletes the root\n" +
			"key only once you have typed its ID. If interrupted, run it again, or resume it.",
		Flags: []cli.Flag{
			withDefault(profile("profile", "the `PROFILE` with the root key", e.keyProfile), "AWS_PROFILE, else default"),
			&cli.StringFlag{Name: "user", DefaultText: "your name on this machine", Usage: "the `NAME` of the IAM user"},
			&cli.StringFlag{Name: "group", Value: "administrators", Usage: "the `NAME` of the IAM group with the permissions"},
			&cli.BoolFlag{Name: "yes", Usage: "do not prompt before creating things; never agrees to the deletion, nor makes an existing user an administrator"},
			&cli.StringFlag{Name: "delete-root-key", Usage: "agree to delete the root key with this `ID`"},
			&cli.BoolFlag{Name: "dry-run", Usage: "show what would be created and changed; change nothing"},
			dropACLFlag(), timeoutFlag(), resultFormat(),
		},
		UsageText: usage.Examples(
			"keycare replace-root --dry-run", "what would be created and changed",
			"keycare replace-root --user dana", "prompts several times"),
		Action: writing(e, runReplaceRoot),
	}
}

// withDefault says what is taken where the flag is not given.
func withDefault(f *profileFlag, text string) *profileFlag {
	f.DefaultText = text
	return f
}

// defaultUser is the name of the person at the machine, as far as IAM allows it.
func defaultUser() string {
	name := "admin"
	if u, err := user.Current(); err == nil && u.Username != "" && u.Username != "root" {
		name = u.Username[strings.LastIndexByte(u.Username, '\\')+1:]
	}
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("+=,.@_-", r) {
			return r
		}
		return '-'
	}, name)
}

func runReplaceRoot(e *env, c *cli.Context) error {
	o, err := rotateOptions(e, c)
	if err != nil {
		return err
	}
	o.KnownCopies, o.After = nil, nil // a root key has no copies that may stay
	name, err := profileOf(e, c.String("profile"))
	if err != nil {
		return err
	}
	ro := rotate.RootOptions{User: c.String("user"), Group: c.String("group"), DeleteKey: c.String("delete-root-key")}
	if !c.IsSet("user") {
		ro.User = defaultUser()
	}
	if ro.User == "" || ro.Group == "" {
		return usagef("--user and --group must not be empty")
	}
	if c.Bool("dry-run") {
		return planReplaceRoot(e, c, rotate.New(o), name, ro)
	}
	line := e.progress("", "", 0)
	defer line.Done()
	o.Progress = line
	rot := rotate.New(o)
	res, err := rot.ReplaceRoot(c.Context, name, ro)
	line.Done()
	results := []rotate.Result{}
	if res.Outcome != "" {
		results = append(results, res)
	}
	return errors.Join(err, tellResults(c.Context, e, asJSON(c), rot, results, err))
}

func planReplaceRoot(e *env, c *cli.Context, rot *rotate.Rotator, profile string, ro rotate.RootOptions) error {
	res, steps, err := rot.PlanRoot(c.Context, profile, ro)
	if err != nil || asJSON(c) {
		var results []rotate.Result
		if err == nil {
			results = append(results, res)
		}
		return errors.Join(err, tellResults(c.Context, e, asJSON(c), rot, results, err))
	}
	_, err = fmt.Fprintf(e.Out, "would replace the root key %s of account %s:\n  %s\n\n%s\nnothing was changed\n",
		res.Old, res.Account, strings.Join(steps, "\n  "), res.Diff)
	return err
}

// afterRoot is what only a person can do.
const afterRoot = `What is left for you, in the AWS console:
  - sign in as root once more and turn on MFA for root, unless it is on
  - give the new IAM user a console password and MFA if you want to sign in as that user
  - lock root's password away; use root only for what only root can do
`
