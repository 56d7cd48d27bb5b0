package cli

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"keycare/credfile/show"
	"keycare/rotate/ask"
)

// auditCode gives the codes for the users of an audit who have to sign in with MFA:
// that of --mfa-code to the first of them, for AWS takes a code once, then what
// mfa_command prints or a person types. It is nil where there is none of that.
func auditCode(e *env, c *cli.Context, command []string) func(user, serial string) (string, error) {
	given := c.String("mfa-code")
	if given == "" && len(command) == 0 && !e.canAsk() {
		return nil
	}
	printed := e.freshCode(c.Context, command)
	return func(user, serial string) (string, error) {
		switch {
		case given != "":
			code := given
			given = ""
			return code, nil
		case len(command) > 0:
			return printed(serial)
		case !e.canAsk():
			return "", ask.ErrNoCode
		}
		code, err := e.askCode(c.Context, fmt.Sprintf("User %s must sign in with MFA. Code of %s (Enter to go on without): ", show.Plain(user), show.Plain(serial)))
		switch {
		case err != nil:
			return "", err
		case code == "":
			return "", ask.ErrNoCode
		}
		return code, nil
	}
}
