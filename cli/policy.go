package cli

import (
	"github.com/urfave/cli/v2"

	"keycare/cli/usage"
	"keycare/rotate/client"
)

func policyCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:     "policy",
		Category: "Rotate",
		Usage:    "print the least IAM policy a user needs",
		Description: "With it a user can audit and rotate its own keys, and nothing else. It is JSON, ready\n" +
			"for IAM. The statement KeycareOptionalProof is optional: with it keycare can ask\n" +
			"CloudTrail which key a request created if the reply was lost. With --deep it is needed,\n" +
			"and four more, KeycareDeep...: what the user may do, the texts of its policies, which\n" +
			"services it uses, and the account's security contact. All of them only read.",
		Flags: []cli.Flag{&cli.BoolFlag{Name: "deep", Usage: "add what \"keycare audit --deep\" asks for"}},
		UsageText: usage.Examples(
			"keycare policy", "show it",
			"keycare policy --deep", "for deep audits too",
			"keycare policy >policy.json", "for \"aws iam put-user-policy\""),
		Action: action(e, func(e *env, c *cli.Context) error {
			if c.Bool("deep") {
				return e.writeJSON(client.DeepPolicy())
			}
			return e.writeJSON(client.Policy())
		}),
	}
}
