package cli

import (
	"errors"
	"fmt"
	"os/user"
	"strings"

	"github.com/urfave/cli/v2"

	"keycare/rotate"
)

func replaceRootCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:  "replace-root",
		Usage: "put an IAM administrator's key in the place of a root key",
		Description: "For a profile that holds the root user's key: makes an IAM group with\n" +
			"AdministratorAccess, an IAM user in it and a key of that user, where they are\n" +
			"missing; puts the key into the files, proves it and that the user is an\n" +
			"administrator; and deletes the root key once its ID has been typed. Interrupted\n" +
			"at any step it can be run again, or resumed.",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "profile", DefaultText: "AWS_PROFILE, else default", Usage: "the `PROFILE` that holds the root key"},
			&cli.StringFlag{Name: "user", DefaultText: "your name on this machine", Usage: "the `NAME` of the IAM user"},
			&cli.StringFlag{Name: "group", Value: "administrators", Usage: "the `NAME` of the IAM group that has the rights"},
			&cli.BoolFlag{Name: "yes", Usage: "do not ask before anything is made; never agrees to the deletion, nor makes an existing user an administrator"},
			&cli.StringFlag{Name: "delete-root-key", Usage: "agree to the deletion of the root key with this `ID`"},
			&cli.BoolFlag{Name: "dry-run", Usage: "say what would be made and changed; change nothing"},
			&cli.StringFlag{Name: "timeout", Value: "2m", Usage: "the `TIME` to wait for AWS to accept the new key"},
		}, formatFlag),
		Action: action(e, runReplaceRoot),
	}
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
	if err := noArgs(c); err != nil {
		return err
	}
	format, err := oneOf(c, "format", "text", "json")
	if err != nil {
		return err
	}
	o, err := rotateOptions(e, c)
	if err != nil {
		return err
	}
	profile := c.String("profile")
	if profile == "" {
		if profile, err = e.Vars.Profile(); err != nil {
			return usagef("%w", err)
		}
	}
	ro := rotate.RootOptions{User: c.String("user"), Group: c.String("group"), DeleteKey: c.String("delete-root-key")}
	if !c.IsSet("user") {
		ro.User = defaultUser()
	}
	if ro.User == "" || ro.Group == "" {
		return usagef("--user and --group must not be empty")
	}
	if c.Bool("dry-run") {
		return planReplaceRoot(e, c, o, profile, ro, format)
	}
	res, err := rotate.New(*o).ReplaceRoot(c.Context, profile, ro)
	results := []rotate.Result{}
	if res.Outcome != "" {
		results = append(results, res)
	}
	return errors.Join(err, writeResults(e, format, results, err))
}

func planReplaceRoot(e *env, c *cli.Context, o *rotate.Options, profile string, ro rotate.RootOptions, format string) error {
	res, steps, err := rotate.New(*o).PlanRoot(c.Context, profile, ro)
	if err != nil || format == "json" {
		var results []rotate.Result
		if err == nil {
			results = append(results, res)
		}
		return errors.Join(err, writeResults(e, format, results, err))
	}
	_, err = fmt.Fprintf(e.Out, "would replace the root key %s of account %s:\n  %s\n\n%s\nnothing was changed\n",
		res.Old, res.Account, strings.Join(steps, "\n  "), res.Diff)
	return err
}

// afterRoot is what only a person can do.
const afterRoot = `What is left for you, in the AWS console:
  - sign in as root once more and turn on MFA for root, if it is not on
  - give the new IAM user a console password and MFA, if you want to sign in as that user
  - keep root's password away; use root for nothing but what only root can do
`
