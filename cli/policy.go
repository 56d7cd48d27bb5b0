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
		Usage:    "print the least IAM policy that a user needs",
		Description: "With it a user can audit and rotate its own keys, and do nothing else. It is JSON,\n" +
			"as IAM takes it. The statement KeycareOptionalProof may be left out: it lets keycare\n" +
			"ask CloudTrail which key a request made whose reply was lost.",
		UsageText: usage.Examples(
			"keycare policy", "show it",
			"keycare policy >policy.json", "for \"aws iam put-user-policy\""),
		Action: action(e, func(e *env, _ *cli.Context) error { return e.writeJSON(client.Policy()) }),
	}
}
