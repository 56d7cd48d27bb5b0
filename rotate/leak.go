package rotate

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"keycare/credfile/show"
)

// This file is about what a person needs to know once a key that leaked is Inactive.

// longestSession is how long credentials that a key gave out may outlive it. Source:
// IAM User Guide, "Disabling permissions for temporary security credentials".
const longestSession = 36 * time.Hour

// spreads is how long AWS may take until a key that was made Inactive is refused
// everywhere: what it gives out meanwhile is to end too. Source: IAM User Guide,
// "Changes that I make are not always immediately visible", which has no number.
const spreads = time.Minute

// Leak is what a person needs to know of a key that leaked, for people and for JSON.
type Leak struct {
	Inactive time.Time `json:"inactive_since,omitzero"` // by AWS's clock
	Calls    *Calls    `json:"calls,omitempty"`
	Unknown  string    `json:"calls_not_known,omitempty"` // why there are none
	// Policy ends the sessions that were given out before, where it is attached to
	// whom they belong to.
	Policy   json.RawMessage `json:"session_policy,omitempty"`
	Commands []string        `json:"session_commands,omitempty"` // that attach it
	Foreign  []string        `json:"roles_elsewhere,omitempty"`  // roles of other accounts with such sessions
	Live     []Session       `json:"sessions,omitempty"`         // those that are known, and have not ended
	Changes  []Change        `json:"changes,omitempty"`          // what to look at first
	Next     []string        `json:"next,omitempty"`
}

// revoke is the policy that AWS's console attaches to a role to end its sessions: keys
// that last are not refused by it, for they have no time of issue. Source: IAM User
// Guide, "Revoke IAM role temporary security credentials".
func revoke(before time.Time) json.RawMessage {
	return json.RawMessage(fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"DateLessThan":{"aws:TokenIssueTime":"%s"}}}]}`,
		before.UTC().Format(time.RFC3339)))
}

const revokeName = "AWSRevokeOlderSessions" // as AWS's console names it

// leak learns what the leaked key did, for the result of a run that made it Inactive or
// found it so. Nothing depends on it.
func (r *cycle) leak(ctx context.Context, res *Result) {
	if r.j.OffAt.IsZero() || r.back.ID == "" || ctx.Err() != nil {
		return
	}
	l := &Leak{Inactive: whole(r.j.OffAt)}
	r.Progress.Next("asking CloudTrail what the leaked key did", "", 0)
	l.Calls, l.Unknown = r.callsOf(ctx, r.aws, r.by(r.back), r.j.User, r.j.Old, time.Time{})
	now := r.awsTime(r.Now())
	roles := []string{}
	if l.Calls != nil {
		for _, s := range l.Calls.Sessions {
			if s.Until.IsZero() && now.Sub(s.At) < longestSession || s.Until.After(now) {
				if l.Live = append(l.Live, s); s.Kind == "AssumeRole" && !slices.Contains(roles, s.Role) {
					roles = append(roles, s.Role)
				}
			}
		}
		for _, c := range l.Calls.Changes {
			if !strings.Contains(c.Subject, r.newID()) { // this rotation did that
				l.Changes = append(l.Changes, c)
			}
		}
	}
	l.Policy = revoke(r.j.OffAt.Add(spreads).Truncate(time.Minute).Add(time.Minute))
	l.Commands = append(l.Commands, l.attach("user", r.j.UserName))
	for _, role := range roles {
		if name, here := roleIn(role, r.j.User.Account); here {
			l.Commands = append(l.Commands, l.attach("role", name))
		} else {
			l.Foreign = append(l.Foreign, role)
		}
	}
	l.Next = r.nextSteps(res)
	res.Leak = l
}

// roleIn is the name of a role of the account; another account's is not changed by
// this account.
func roleIn(arn, account string) (name string, here bool) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 || parts[4] != account || !strings.HasPrefix(parts[5], "role/") {
		return "", false
	}
	return parts[5][strings.LastIndex(parts[5], "/")+1:], true
}

// attach is the command that attaches the policy. Where a shell cannot have it as a
// word, it is to be saved in a file before.
func (l *Leak) attach(kind, name string) string {
	argv := []string{"aws", "iam", "put-" + kind + "-policy", "--" + kind + "-name", name, "--policy-name", revokeName, "--policy-document", string(l.Policy)}
	if command := show.Command(runtime.GOOS, argv...); command != "" && runtime.GOOS != "windows" {
		return command
	}
	argv[len(argv)-1] = "file://policy.json"
	return show.Command(runtime.GOOS, argv...)
}

// nextSteps are what is left to a person. Source: AWS, "What do I do if I notice
// unauthorized activity in my AWS account?"; AWS Customer Playbook Framework,
// "Compromised IAM Credentials".
func (r *cycle) nextSteps(res *Result) []string {
	steps := []string{
		"remove users, keys, console passwords, policies and role trust that the key created and you do not recognize",
		"check the bill and every region for machines and services that you did not start",
		"find out where the key leaked, and where else it is: keycare scan --key " + r.j.Old,
		"open a case with AWS Support, and say that the key was exposed",
	}
	if res.Retired == "inactive" {
		steps = append(steps, "when the investigation is over, delete the key: "+r.command("delete-access-key", r.j.Old, ""))
	}
	return steps
}
