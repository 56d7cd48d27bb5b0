package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"keycare/cli/complete"
	"keycare/cli/usage"
)

func completionCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:      "completion",
		Category:  "More",
		Usage:     "print a script that completes commands, flags and profiles",
		ArgsUsage: strings.Join(complete.Shells(), "|"),
		Description: "Put the line of your shell into the file that it reads when it starts: ~/.bashrc,\n" +
			"~/.zshrc (below compinit), ~/.config/fish/config.fish or $PROFILE.\n\n" +
			"  bash        eval \"$(keycare completion bash)\"\n" +
			"  zsh         source <(keycare completion zsh)\n" +
			"  fish        keycare completion fish | source\n" +
			"  PowerShell  keycare completion powershell | Out-String | iex\n\n" +
			"Profile names come from your files. No secret is shown and AWS is not called.",
		UsageText: usage.Examples(
			`eval "$(keycare completion bash)"`, "for this bash",
			"source <(keycare completion zsh)", "for this zsh",
			"keycare completion fish | source", "for this fish"),
		BashComplete: complete.Arguments(func() []complete.Candidate { return complete.Words(complete.Shells()...) }),
		Action:       action(e, runCompletion),
	}
}

// otherShells are no slips of the keyboard for one that has a script.
var otherShells = []string{"ksh", "csh", "tcsh", "dash", "sh", "ash", "nu", "elvish", "xonsh", "cmd"}

func runCompletion(e *env, c *cli.Context) error {
	shells := complete.Shells()
	if c.NArg() != 1 {
		return usagef("name your shell: one of %s", strings.Join(shells, ", "))
	}
	name := c.Args().First()
	script := complete.Script(name)
	switch {
	case slices.Contains(otherShells, name):
		return usagef("there is no completion for %s; there is: %s", name, strings.Join(shells, ", "))
	case script == "":
		return oneOf("the shell", name, shells)
	}
	fmt.Fprint(e.Out, script)
	return nil
}
