package rotate

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"

	"keycare/credfile"
	"keycare/credfile/show"
	"keycare/rotate/client"
	"keycare/rotate/state"
)

// This file is about a key that leaked: what is asked before its rotation, and what is
// said where it may still be active. nextLeaked decides what is done.

// nowLeaked takes up what a person says about a rotation that an earlier run began:
// that its old key leaked. A grace that has begun is not one of these, for it is the
// new key that the files hold then.
func (r *cycle) nowLeaked() error {
	undecided := r.j.Direction == state.Undecided
	if !r.Compromised || r.j.Compromised || r.j.Root != nil || !undecided && r.j.Direction != state.Retire {
		return nil
	}
	before := *r.j
	if r.j.Compromised, r.j.Grace = true, 0; undecided {
		r.j.Retire = r.Retire
	}
	if err := r.State.Save(r.j); err != nil {
		*r.j = before
		return err
	}
	return nil
}

// quarantine asks whether AWS has put the user in quarantine, which denies it to make
// a key for itself: then another identity has to sign. Where IAM does not say, the
// request for the key tells. Source: AWS Managed Policy Reference,
// AWSCompromisedKeyQuarantine, V2 to V4.
func (rot *Rotator) quarantine(ctx context.Context, a *client.AWS, t *keyTarget, ow *keyOwner) (err error) {
	ow.quarantined, err = a.Quarantined(ctx, signerOf(ow.help, t), ow.name)
	t.barred = ow.quarantined
	if err != nil || !ow.quarantined || ow.auth.Profile != "" {
		return nil
	}
	return refuse("AWS has put user %s in quarantine because one of its keys was exposed, so the user cannot create a key for itself (the policy AWSCompromisedKeyQuarantine denies it). Sign with an administrator's profile instead: keycare rotate%s",
		ow.name, inOrder(" "+arg(t.profile), " --compromised --auth-profile ADMIN"))
}

// again is the command that asks for a rotation once more.
func again(profile string, leaked bool) string {
	flags := ""
	if leaked {
		flags = " --compromised"
	}
	return "keycare rotate" + inOrder(" "+arg(profile), flags)
}

// leakedForGood is why there is no way back to the old key.
func (r *cycle) leakedForGood() string {
	return fmt.Sprintf("the old key %s leaked, and keycare does not go back to it", r.j.Old)
}

// ending is what is done to the old key first at its end.
func (r *cycle) ending() string {
	if r.j.Compromised || r.j.Retire == state.Deactivate {
		return "deactivating"
	}
	return "deleting"
}

// stillActive adds to why a leaked key was not replaced that it is still active, and
// the command for whoever would rather have no key than that one.
func (rot *Rotator) stillActive(all []*keyTask) {
	for _, b := range all {
		switch {
		case b.err == nil || !b.leaked || b.result.Outcome != "" && b.result.Outcome != Failed && b.result.Outcome != Undone:
		case !b.worked.IsZero():
			b.err = behindAll(b.err, fmt.Sprintf("The leaked key %s is still active. To make it inactive at once, which leaves you without a key: %s", b.id, rot.offAtOnce(b)))
		case client.ReplyOf(b.err) == client.ReplyUnknownKey:
			b.err = behindAll(b.err, fmt.Sprintf("If someone made it inactive because it leaked, that is done, and keycare cannot replace it: someone who may has to create a new key (aws iam create-access-key --user-name USER). Then put that into the profile: %s",
				show.Command(runtime.GOOS, "aws", "configure", "--profile", nameable(b.profile))))
		}
	}
}

// offAtOnce is the command that makes a leaked key Inactive which is still in use: the
// profile signs, unless another one does or AWS denies it that.
func (rot *Rotator) offAtOnce(b *keyTask) string {
	argv := []string{"aws", "iam", "update-access-key"}
	if b.target != nil && b.target.owner != "" {
		argv = append(argv, "--user-name", b.target.owner)
	}
	argv = append(argv, "--access-key-id", b.id, "--status", "Inactive")
	switch {
	case rot.Auth.Profile != "":
		argv = append(argv, "--profile", nameable(rot.Auth.Profile))
	case b.target == nil || !b.target.barred:
		argv = append(argv, "--profile", nameable(b.profile))
	}
	return show.Command(runtime.GOOS, argv...)
}

// nameable is the name of a profile, or NAME where a shell cannot have that.
func nameable(profile string) string {
	if show.Arg(profile, runtime.GOOS) == "" {
		return "NAME"
	}
	return profile
}

// offByHand is the command that makes the leaked key Inactive where the files do not
// need it any more and keycare has not done it; empty elsewhere.
func (r *cycle) offByHand() string {
	if !r.j.Compromised || r.j.Off == state.OffDone && r.seen.OldQuiet != no || r.seen.Gone == yes {
		return ""
	}
	set, err := credfile.Load(r.Disk, r.j.Paths)
	if err != nil || len(holders(set, r.newID())) == 0 || len(holders(set, r.j.Old)) > 0 || !show.IsKeyID(r.j.Old) {
		return ""
	}
	return r.command("update-access-key", r.j.Old, " --status Inactive")
}

// madeBy adds to why there is no room for a new key that the leaked one made the second
// key, where CloudTrail shows it: a thief does that to stay.
func (rot *Rotator) madeBy(ctx context.Context, a *client.AWS, t *keyTarget, ow *keyOwner, full error) error {
	var refused *Refused
	if !rot.Compromised || ow.other == nil || !errors.As(full, &refused) {
		return full
	}
	c, _, _ := rot.callsOf(ctx, a, signerOf(ow.help, t), ow.user, t.pair.ID, ow.other.Created.Add(-time.Minute))
	if c == nil {
		return full
	}
	for _, made := range c.Changes {
		if made.Action == "iam:CreateAccessKey" && !made.Refused && strings.Contains(made.Subject, ow.other.ID) {
			return behindAll(full, fmt.Sprintf("The leaked key created key %s on %s, from %s. If you do not know that address, assume that a thief has key %s too",
				ow.other.ID, show.Time(made.First), show.Plain(made.Address), ow.other.ID))
		}
	}
	return full
}
