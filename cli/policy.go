package cli

import (
	"github.com/urfave/cli/v2"

	"keycare/rotate/client"
)

func policyCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:  "policy",
		Usage: "print the least IAM policy that a user needs",
		Description: "With it a user can audit and rotate its own keys, and do nothing else. It is JSON,\n" +
			"as IAM takes it.",
		Action: func(c *cli.Context) error {
			if err := noArgs(c); err != nil {
				return err
			}
			return e.writeJSON(client.Policy())
		},
	}
}
