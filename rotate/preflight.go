package rotate

import (
	"context"
	"errors"
	"slices"

	"keycare/credfile/facts"
	"keycare/credfile/show"
	"keycare/rotate/client"
	"keycare/rotate/group"
	"keycare/rotate/state"
)

// ask learns whose key it is and which keys the user has, and refuses what must
// not be rotated. Only reads are asked, and where the key signs itself both at
// once: its user's name is not known yet, so the list is that of the signer.
func (rot *Rotator) ask(ctx context.Context, a *client.AWS, t *keyTarget) (*keyOwner, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	a = a.Asking()
	ow := &keyOwner{auth: rot.Auth}
	var err error
	if ow.help, err = rot.helper(ctx, a, rot.Auth, t.set, t.pair); err != nil {
		return nil, err
	}
	var errIAM error
	var wg group.Group
	if ow.help == nil {
		wg.Go(func() { ow.keys, _, errIAM = a.List(ctx, client.SignerOf(t.pair), "") })
	}
	ow.user, ow.at, err = a.Identity(ctx, t.pair)
	wg.Wait()
	if err != nil {
		return nil, t.explain(err)
	}
	ow.name, t.worked = ow.user.UserName(), rot.Now()
	if err := rot.refuseOwner(t, ow.user); err != nil {
		return nil, err
	}
	t.owner = ow.name
	if ow.help == nil && client.ReplyOf(errIAM) == client.ReplyDenied {
		errIAM = rot.withMFA(ctx, a, t, ow, errIAM)
	}
	if ow.help != nil {
		ow.keys, _, errIAM = a.List(ctx, ow.help, ow.name)
	}
	if errIAM != nil {
		return nil, client.Explain(errIAM)
	}
	i := slices.IndexFunc(ow.keys, func(k client.Key) bool { return k.ID == t.pair.ID })
	if i < 0 {
		return nil, refuse("profile %s: IAM does not list key %s among the keys of user %s", show.Name(t.profile), t.pair.ID, ow.name)
	}
	if of := ow.keys[i].User; of != ow.name {
		return nil, refuse("profile %s: STS says that key %s belongs to user %q, IAM that it belongs to user %q", show.Name(t.profile), t.pair.ID, ow.name, of)
	}
	if !ow.keys[i].Active {
		return nil, refuse("profile %s: key %s is inactive", show.Name(t.profile), t.pair.ID)
	}
	if rot.Compromised {
		if err := rot.quarantine(ctx, a, t, ow); err != nil {
			return nil, err
		}
	}
	ow.created = ow.keys[i].Created
	for _, k := range ow.keys {
		if k.ID != t.pair.ID {
			ow.other = &k
		}
	}
	return ow, nil
}

func (rot *Rotator) refuseOwner(t *keyTarget, id facts.Identity) error {
	switch id.Owner() {
	case facts.OwnerRoot:
		return refuse("profile %s: key %s belongs to the root user of account %s, and keycare never creates a root key. Replace it with an IAM user's key: keycare replace-root --profile %s", show.Name(t.profile), t.pair.ID, id.Account, word(t.profile))
	case facts.OwnerRole:
		return refuse("profile %s: key %s belongs to a role session (%s), not to an IAM user", show.Name(t.profile), t.pair.ID, id.ARN)
	}
	if want := rot.wantedAccount(t); want != "" && want != id.Account {
		return refuse("profile %s: the files say account %s, but key %s belongs to account %s", show.Name(t.profile), want, t.pair.ID, id.Account)
	}
	return nil
}

// withMFA tries again with a session where IAM denied the key itself and the
// profile names an MFA device: many policies want that.
func (rot *Rotator) withMFA(ctx context.Context, a *client.AWS, t *keyTarget, ow *keyOwner, denied error) error {
	serial := t.set.MFASerial(t.profile)
	if serial == "" {
		return denied
	}
	help, err := rot.session(ctx, a, serial, t.pair)
	if err != nil {
		return errors.Join(client.Explain(denied), err)
	}
	ow.auth.MFASerial, ow.help = serial, help
	return nil
}

// wantedAccount is the account that the files name for the profile, if any.
func (rot *Rotator) wantedAccount(t *keyTarget) string {
	return t.set.Setting(t.profile, "aws_account_id")
}

// prepare is everything before the first effect that AWS is asked for: it leaves
// in b the journal of the rotation to be, and who signs.
func (rot *Rotator) prepare(ctx context.Context, files *keyFiles, connect func(profile string) (*client.AWS, error), b *keyTask) error {
	t, err := files.key(b.profile)
	if err != nil {
		return err
	}
	b.target = t
	a, err := connect(b.profile)
	if err != nil {
		return err
	}
	rot.warnPlain(t.set, b.profile)
	if !rot.planning || !t.plan.OnlyPlain() {
		if err := t.plan.CheckWithSDK(ctx); err != nil {
			return err
		}
	}
	ow, err := rot.ask(ctx, a, t)
	b.worked = t.worked
	if err != nil {
		return err
	}
	if age := ow.at.Sub(ow.created); rot.OlderThan > 0 && age < rot.OlderThan+day {
		return &tooYoung{t.pair.ID, age, rot.OlderThan}
	}
	free, active, err := rot.slot(ctx, a, t, ow)
	if err != nil {
		return rot.madeBy(ctx, a, t, ow, err)
	}
	paths := rot.Paths
	if paths.Copies, err = rot.copiesOf(t); err != nil {
		return err
	}
	j := &state.Journal{ID: state.NewID(), User: ow.user, UserName: ow.name, Profile: b.profile, Paths: paths, Auth: ow.auth,
		Old: t.pair.ID, FreeSlot: free, FreeActive: active, Retire: rot.Retire, Grace: rot.Grace, Compromised: rot.Compromised, Started: ow.at}
	t.asked = rot.Now()
	if j.Started.IsZero() {
		j.Started = t.asked
	}
	for _, k := range ow.keys {
		j.Before = append(j.Before, k.ID)
	}
	for _, p := range t.places {
		j.Places = append(j.Places, state.Section{Kind: p.Kind, Profile: p.Profile})
	}
	if len(rot.afterOf(j)) > 0 {
		j.After = state.AfterWanted
	}
	b.aws, b.journal, b.help, b.quarantined = a, j, ow.help, ow.quarantined
	return nil
}
