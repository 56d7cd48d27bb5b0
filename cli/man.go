package cli

import (
	"io"

	"github.com/urfave/cli/v2"

	"keycare/cli/usage"
)

func manCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:     "man",
		Category: "More",
		Usage:    "print the man page",
		Description: "The page has all commands, flags, exit codes, variables and files. It is made for\n" +
			"the programs man and mandoc.",
		UsageText: usage.Examples(
			"keycare man | man -l -", "read it",
			"keycare man >keycare.1", "keep it"),
		Action: action(e, func(e *env, c *cli.Context) error {
			_, err := io.WriteString(e.Out, manual(c.App).Man())
			return err
		}),
	}
}

// manual is what there is to say about the program.
func manual(app *cli.App) usage.Manual {
	return usage.Manual{App: app, Exits: exitTable, Environment: environmentTable, Files: filesTable}
}

// environmentTable are the variables that keycare reads.
var environmentTable = [][2]string{
	{"AWS_PROFILE, AWS_DEFAULT_PROFILE", "The profile where none is named; the first of the two that is set, else \"default\"."},
	{"AWS_SHARED_CREDENTIALS_FILE, AWS_CONFIG_FILE", "The two files. A ~ or $ in them is reported, and no edit is made."},
	{"AWS_REGION, AWS_DEFAULT_REGION", "The region for signing; else the profile's, else us-east-1."},
	{"AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_IAM, AWS_ENDPOINT_URL_STS", "Other endpoints, as in all AWS SDKs."},
	{"AWS_CA_BUNDLE, HTTPS_PROXY, HTTP_PROXY, NO_PROXY", "As in the AWS SDK for Go."},
	{"AWS_CLI_HISTORY_FILE", "Where the audit looks for the AWS CLI's record of calls."},
	{"HOME, USERPROFILE", "Where the folder .aws is; the second on Windows."},
	{"XDG_STATE_HOME, XDG_CONFIG_HOME", "Where the state folder and the settings are."},
	{"KEYCARE_NAME", "A setting, with its name in capitals: KEYCARE_MAX_AGE. It goes before the file, and flags before both. One that is no setting is an error."},
	{"NO_COLOR, TERM", "No colour if the first is set, or the second is empty or \"dumb\"."},
}

// filesTable are the files that keycare reads and writes, as Linux has them.
var filesTable = [][2]string{
	{"~/.aws/credentials, ~/.aws/config", "The AWS shared files."},
	{"~/.aws/.credentials.keycare-lock", "An empty lock file. It stays."},
	{"~/.config/keycare.ini", "The settings. There need not be any; \"keycare settings\" shows where they are looked for on other systems."},
	{"~/.local/state/keycare/", "The state folder: history.jsonl, what audits learned (facts.json, audit.json), the reports of the timer (report.json, audits.jsonl) and rotations/ with a journal and a recovery file for each rotation in flight. " +
		"It is ~/Library/Application Support/keycare on macOS and %LOCALAPPDATA%\\keycare on Windows."},
}
