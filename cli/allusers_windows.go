package cli

import (
	"context"
	"errors"
	"time"
)

// mayBecomeOthers says why this run cannot audit as other users.
func mayBecomeOthers() error {
	return errors.New("--all-users is not there on Windows: a program gets another user's rights only with that user's password or token. Run \"keycare audit\" as each user, such as from a logon script")
}

func groupsOf(context.Context, account) []int { return nil }

func runAs(context.Context, account, []int, string, []string, []string, time.Duration) (childEnd, error) {
	return childEnd{}, mayBecomeOthers()
}
