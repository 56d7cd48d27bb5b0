package rotate

import (
	"context"
	"fmt"

	"keycare/credfile"
	"keycare/credfile/show"
	"keycare/rotate/client"
	"keycare/rotate/state"
)

// helper returns the signer that auth names, or nil where the key signs itself.
// base is a working key of the user, which asks for the session with MFA.
func (rot *Rotator) helper(ctx context.Context, a *client.AWS, auth state.Auth, set *credfile.Set, base credfile.Pair) (client.Signer, error) {
	switch {
	case auth.Profile != "":
		return rot.otherProfile(ctx, set, auth.Profile, base)
	case auth.MFASerial != "":
		return rot.session(ctx, a, auth.MFASerial, base)
	}
	return nil, nil
}

// session asks STS for a session with MFA, signed by base.
func (rot *Rotator) session(ctx context.Context, a *client.AWS, serial string, base credfile.Pair) (client.Signer, error) {
	if show.SecretLike(serial) {
		return nil, refuse("the serial number of the MFA device may be a secret, so it was not sent")
	}
	code, err := rot.mfaCode(serial)
	if err != nil {
		return nil, err
	}
	return a.Session(ctx, base, serial, code)
}

// otherProfile returns the credentials that the SDK finds for a profile: a key,
// a role, SSO, a process. They must not come from the key that is rotated.
func (rot *Rotator) otherProfile(ctx context.Context, set *credfile.Set, profile string, base credfile.Pair) (client.Signer, error) {
	if err := set.MustHave([]string{profile}); err != nil {
		return nil, err
	}
	if err := set.Fit(profile); err != nil {
		return nil, &Refused{err.Error()}
	}
	seen := map[string]bool{}
	for p := profile; p != "" && !seen[p]; p = set.Setting(p, "source_profile") {
		seen[p] = true
		if set.SDK(p).Pair.ID == base.ID {
			return nil, refuse("--auth-profile %s signs with the key that is to be rotated (through profile %s)", show.Name(profile), show.Name(p))
		}
	}
	by, id, err := client.ProfileSigner(ctx, set.Paths, profile, rot.mfaCode)
	if err != nil {
		return nil, fmt.Errorf("--auth-profile %s: %w", show.Name(profile), err)
	}
	if id == base.ID {
		return nil, refuse("--auth-profile %s signs with the key that is to be rotated", show.Name(profile))
	}
	return by, nil
}

// signByNew gets a session of the new key, as it was re-read from the files, in
// the place of the old one's: the old key is about to go.
func (r *cycle) signByNew(ctx context.Context) error {
	if r.j.Auth.MFASerial == "" || r.helpBy == r.back.ID {
		return nil
	}
	r.say("%s the old key takes another MFA code: AWS takes each code only once", r.ending())
	help, err := r.session(ctx, r.aws, r.j.Auth.MFASerial, r.back)
	if err != nil {
		return err
	}
	r.help, r.helpBy = help, r.back.ID
	return nil
}

// signAgain gets the signer that the rotation began with: a session with MFA
// does not outlive its run. It is one of the key that the files hold.
func (r *cycle) signAgain(ctx context.Context) error {
	set, err := credfile.Load(r.Disk, r.j.Paths)
	if err != nil {
		return err
	}
	base := r.old
	for _, pl := range r.j.Places {
		if p, err := set.PairAt(pl.Kind, pl.Profile); err == nil && (base.ID == "" || p.ID == r.newID()) {
			base = p
			break
		}
	}
	if base.ID == "" {
		base = r.fresh
	}
	r.help, err = r.helper(ctx, r.aws, r.j.Auth, set, base)
	r.helpBy = base.ID
	return err
}
