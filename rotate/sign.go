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
func (o *Options) helper(ctx context.Context, a *client.AWS, auth state.Auth, set *credfile.Set, base credfile.Pair) (client.Signer, error) {
	switch {
	case auth.Profile != "":
		return o.otherProfile(ctx, set, auth.Profile, base)
	case auth.MFASerial != "":
		return o.session(ctx, a, auth.MFASerial, base)
	}
	return nil, nil
}

// session asks STS for a session with MFA, signed by base.
func (o *Options) session(ctx context.Context, a *client.AWS, serial string, base credfile.Pair) (client.Signer, error) {
	if o.MFACode == nil {
		return nil, client.ErrNeedsPerson
	}
	code, err := o.MFACode(serial)
	if err != nil {
		return nil, err
	}
	return a.Session(ctx, base, serial, code)
}

// otherProfile returns the credentials that the SDK finds for a profile: a key,
// a role, SSO, a process. They must not come from the key that is rotated.
func (o *Options) otherProfile(ctx context.Context, set *credfile.Set, profile string, base credfile.Pair) (client.Signer, error) {
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
	by, id, err := client.ProfileSigner(ctx, o.Paths, profile, o.MFACode)
	if err != nil {
		return nil, fmt.Errorf("--auth-profile %q: %w", profile, err)
	}
	if id == base.ID {
		return nil, refuse("--auth-profile %q signs with the very key that is to be rotated", profile)
	}
	return by, nil
}

// by returns who signs a call to IAM: the helper, else the key itself.
func (r *run) by(p credfile.Pair) client.Signer {
	if r.help != nil {
		return r.help
	}
	return client.SignerOf(p)
}
