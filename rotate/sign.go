package rotate

import (
	"context"
	"fmt"

	"keycare/credfile"
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
	seen := map[string]bool{}
	for p := profile; p != "" && !seen[p]; p = set.Setting(p, "source_profile") {
		seen[p] = true
		if set.SDK(p).Pair.ID == base.ID {
			return nil, refuse("--auth-profile %q signs with the very key that is to be rotated (by profile %q)", profile, p)
		}
	}
	by, id, err := client.ProfileSigner(ctx, set.Paths, profile, rot.mfaCode)
	if err != nil {
		return nil, fmt.Errorf("--auth-profile %q: %w", profile, err)
	}
	if id == base.ID {
		return nil, refuse("--auth-profile %q signs with the very key that is to be rotated", profile)
	}
	return by, nil
}

// signAgain gets the signer that the rotation began with: a session with MFA
// does not outlive its run.
func (r *cycle) signAgain(ctx context.Context) error {
	set, err := credfile.Load(r.Disk, r.j.Paths)
	if err != nil {
		return err
	}
	base := r.old
	if base.ID == "" { // the files hold the new key by now
		pl := r.j.Places[0]
		if base, err = set.PairAt(pl.Kind, pl.Profile); err != nil {
			return err
		}
	}
	r.help, err = r.helper(ctx, r.aws, r.j.Auth, set, base)
	return err
}
