package rotate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"keycare/credfile"
	"keycare/credfile/facts"
	"keycare/credfile/show"
	"keycare/rotate/state"
)

// This file is about what a person needs to know once a key that leaked is Inactive.

// spreads is how long AWS may take until a key that was made Inactive is refused
// everywhere: what it gives out meanwhile is to end too. Source: IAM User Guide,
// "Changes that I make are not always immediately visible", which has no number.
const spreads = time.Minute

// Leak is what a person needs to know of a key that leaked, for people and for JSON.
type Leak struct {
	Inactive time.Time `json:"inactive_since,omitzero"` // by AWS's clock
	Calls    *Calls    `json:"calls,omitempty"`
	Unknown  string    `json:"calls_not_known,omitempty"` // why there are none
	Again    string    `json:"ask_again,omitempty"`       // the command that asks once more, where that may help
	// Policy ends the sessions that were given out before, where it is attached to
	// whom they belong to.
	Policy   json.RawMessage `json:"session_policy,omitempty"`
	Commands []string        `json:"session_commands,omitempty"`   // that attach it
	Foreign  []string        `json:"roles_elsewhere,omitempty"`    // roles of other accounts with such sessions
	Live     []Session       `json:"sessions,omitempty"`           // those that are known, and have not ended
	Did      []Session       `json:"session_calls,omitempty"`      // what was done with sessions, as far as it was asked
	Unasked  int             `json:"sessions_not_asked,omitempty"` // of so many it was not
	Lookup   string          `json:"lookup_command,omitempty"`     // that asks CloudTrail what the key did
	Changes  []Change        `json:"changes,omitempty"`            // what to look at first
	Next     []string        `json:"next,omitempty"`
}

// revoke is the policy that AWS's console attaches to a role to end its sessions: keys
// that last are not refused by it, for they have no time of issue. Source: IAM User
// Guide, "Revoke IAM role temporary security credentials".
func revoke(before time.Time) json.RawMessage {
	return json.RawMessage(fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"DateLessThan":{"aws:TokenIssueTime":"%s"}}}]}`,
		before.UTC().Format(time.RFC3339)))
}

// trailShows is how late CloudTrail may show a call.
const trailShows = 15 * time.Minute

const revokeName = "AWSRevokeOlderSessions" // as AWS's console names it

// leak learns what the leaked key did, for the result of a run that made it Inactive or
// found it so. Nothing about the keys depends on it. A rotation that is closed owes it
// until Told, and longer where it was cut short, or where AWS gave no answer once.
func (r *cycle) leak(ctx context.Context, res *Result) {
	if r.j.OffAt.IsZero() || !r.Tells || !r.j.Owed && (r.back.ID == "" || ctx.Err() != nil) {
		return
	}
	if r.back.ID == "" {
		r.back = r.anyAnswering(ctx)
	}
	l := &Leak{Inactive: facts.Whole(r.j.OffAt)}
	lost := false
	var told *state.Journal
	if r.back.ID == "" {
		l.Unknown = fmt.Sprintf("no profile has a working key of user %s any more", r.j.UserName)
	} else {
		r.Progress.Next("asking CloudTrail what the leaked key did", "", 0)
		l.Calls, l.Unknown, lost = r.callsOf(ctx, r.aws, r.by(r.back), r.j.User, r.j.Old, time.Time{})
	}
	if ctx.Err() != nil && l.Calls == nil {
		l.Unknown = interruptedWhy
	}
	if l.Calls != nil {
		now := l.Calls.Until // by AWS's clock
		for _, session := range l.Calls.Sessions {
			l.note(session, now)
		}
		for _, c := range l.Calls.Changes {
			r.noteChange(l, c)
		}
		r.deeds(ctx, l, now)
	}
	switch {
	case !r.j.Owed: // it is told anew when the rotation is closed
	case ctx.Err() != nil || lost && !r.owed:
		l.Again = "keycare resume" + inOrder(" "+arg(r.j.Profile), "")
	default:
		told = r.j
	}
	l.Policy = revoke(r.j.OffAt.Add(spreads).Truncate(time.Minute).Add(time.Minute))
	l.Commands = append(l.Commands, l.attach("user", r.j.UserName))
	for _, role := range l.roles() {
		if name, here := roleIn(role, r.j.User.Account); here {
			l.Commands = append(l.Commands, l.attach("role", name))
		} else {
			l.Foreign = append(l.Foreign, role)
		}
	}
	l.Lookup = r.lookup(r.j.Old, time.Time{})
	l.Next = r.nextSteps(res)
	if res.Outcome == "" { // a watch that had nothing to say
		*res = resultOf(r.j, Rotated)
	}
	res.Leak, res.told = l, told
}

// onlyOwed is the result of a rotation that an earlier run closed.
func (r *cycle) onlyOwed(ctx context.Context) (Result, error) {
	out := Rotated
	if r.j.Direction == state.Keep {
		out = KeptBoth
	}
	if r.Undo {
		return resultOf(r.j, Unfinished), refusedHalf(r.j, flagUndo, r.leakedForGood(), nil)
	}
	if r.j.Auth != (state.Auth{}) {
		if err := r.signAgain(ctx); err != nil {
			return resultOf(r.j, Unfinished), halfDone(r.j, cannotSign, err)
		}
	}
	res := resultOf(r.j, out)
	if r.back = r.anyAnswering(ctx); r.statusOf(ctx, r.back, r.j.Old) == "active" {
		res.Retired = "active"
		res.Notes = append(res.Notes, "someone made the leaked key active again. To make it inactive: "+r.command("update-access-key", r.j.Old, " --status Inactive"))
	}
	if out == KeptBoth {
		res.Why = fmt.Sprintf("profile %s has the new key %s; the leaked key %s was made inactive", word(r.j.Profile), r.j.New, r.j.Old)
	}
	return res, nil
}

// anyAnswering is a pair of the user's that AWS accepts, or of which it does not say;
// empty where the files have none any more.
func (r *cycle) anyAnswering(ctx context.Context) credfile.Pair {
	if p := r.whoAnswers(ctx); p.ID != "" {
		return p
	}
	set, err := credfile.Load(r.Disk, r.j.Paths)
	if err != nil {
		return credfile.Pair{}
	}
	return r.anyOf(ctx, set)
}

// Told notes that a person has been told what these results say of leaked keys, the
// last act of their rotations.
func (rot *Rotator) Told(ctx context.Context, results []Result) error {
	ctx = context.WithoutCancel(ctx) // it was printed
	var errs []error
	for _, res := range results {
		if res.told == nil {
			continue
		}
		if err := rot.noteTold(ctx, res.told); err != nil {
			errs = append(errs, halfDone(res.told, "everything is done, but keycare could not close its notes", err))
		}
	}
	return errors.Join(errs...)
}

func (rot *Rotator) noteTold(ctx context.Context, j *state.Journal) error {
	unlock, err := rot.lock(ctx, []string{rot.State.UserLock(j.User.Account, j.User.UserID)})
	if err != nil {
		return err
	}
	defer unlock()
	switch j, err = rot.State.Journal(j.ID); {
	case err != nil || j == nil || !j.Owed: // another run has told it
		return err
	case j.OnlyOwed():
		return rot.State.Remove(j.ID)
	}
	j.Owed = false
	return rot.State.Save(j)
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

// roles are those whose sessions may not have expired.
func (l *Leak) roles() (roles []string) {
	for _, s := range l.Live {
		if s.Kind == "AssumeRole" && s.Role != "" && !slices.Contains(roles, s.Role) {
			roles = append(roles, s.Role)
		}
	}
	return roles
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
		"in a quarter of an hour, look at the key's last calls: " + r.lookup(r.j.Old, r.j.OffAt.Add(-trailShows)),
		"if a trail of yours records data events, look there too: none of this has reads of data, such as s3:GetObject",
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
