// Command keycare keeps the AWS access keys on a developer's machine in good
// health: it audits the AWS shared files and rotates IAM users' keys.
package main

import (
	"context"
	"os"
	"os/signal"

	"keycare/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), cli.Signals...)
	defer stop()
	os.Exit(cli.Run(ctx, os.Args, os.Stdin, os.Stdout, os.Stderr))
}
