package credfile

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/aws/aws-sdk-go-v2/config"

	"keycare/credfile/disk"
	"keycare/credfile/show"
)

// LoadWithSDK reads profile with the AWS SDK for Go's own loader from exactly
// these two files; an empty path stands for no file. Where the loader rejects the
// profile for a setting that is no part of the key (SDKRejects), the key is read
// without that setting: it works all the same.
func LoadWithSDK(ctx context.Context, p Paths, profile string) Reading {
	r, rejected := loadWithSDK(ctx, p, profile)
	if rejected {
		return withoutOthers(p, profile)
	}
	return r
}

// loadWithSDK is the loader's own answer. It panics on some inputs (a value that
// is one quote mark), which is reported as a reading.
func loadWithSDK(ctx context.Context, p Paths, profile string) (r Reading, rejected bool) {
	r.Tool = ToolSDK
	defer func() {
		if e := recover(); e != nil {
			r = Reading{Tool: ToolSDK, None: fmt.Sprintf("nothing, it panics on these files (%v)", e)}
		}
	}()
	files := func(path string) []string {
		if path == "" {
			return []string{} // not nil: nil means the default files
		}
		return []string{path}
	}
	c, err := config.LoadSharedConfigProfile(ctx, profile, func(o *config.LoadSharedConfigOptions) {
		o.CredentialsFiles, o.ConfigFiles = files(p.Credentials), files(p.Config)
	})
	if err == nil && c.Source != nil && c.Source.Profile == profile {
		c.Credentials = c.Source.Credentials // of a profile that is its own source_profile
	}
	var absent config.SharedConfigProfileNotExistError
	var role config.SharedConfigAssumeRoleError
	switch {
	case errors.As(err, &absent) && !errors.As(err, &role):
		r.none(false)
	case err != nil:
		return r, true
	case !c.Credentials.HasKeys():
		r.none(true)
	default:
		r.take(c.Credentials.AccessKeyID, c.Credentials.SecretAccessKey, c.Credentials.SessionToken, CredentialsFile)
	}
	return r, false
}

// withoutOthers reads profile where the loader rejects it, by our port: its key,
// without the other settings that may have been the reason. Not the loader's own
// words: they may quote a value.
func withoutOthers(p Paths, profile string) Reading {
	none := Reading{Tool: ToolSDK, None: fmt.Sprintf("no usable settings (it rejects profile %s)", show.Name(profile))}
	var texts [2]string
	for k, path := range []string{p.Credentials, p.Config} {
		if path == "" {
			continue
		}
		text, err := ReadText(disk.OS{}, path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return none
		}
		texts[k] = text
	}
	set := NewSet(p, texts[CredentialsFile], texts[ConfigFile])
	if set.SDKRejects(profile) == nil {
		return none
	}
	return set.SDK(profile)
}

// CheckWithSDK asks the SDK's own loader for the key of every place, in the
// files as they are on disk. Plan relies on our port of its reading, which leaves
// to the SDK what other settings do to a profile, such as a source_profile that
// hides the key. Ask before anything with an effect, for Swap would refuse such a
// place too, but late.
func (p *Plan) CheckWithSDK(ctx context.Context) error {
	for _, pl := range p.Places {
		got := LoadWithSDK(ctx, p.Before.Paths, pl.Profile)
		if !got.same(p.Before.SDK(pl.Profile)) {
			return fmt.Errorf("%s: the Go SDK finds %s here, because of another setting of the profile (source_profile): fix that first", pl, got.says())
		}
	}
	return nil
}

// plainSettings are settings that the SDK's loader takes as any text and that
// change nothing about the profile's key. Source: aws-sdk-go-v2/config v1.33.15,
// SharedConfig.setFromIniSection.
var plainSettings = []string{nameID, nameSecret, "region", "output", "cli_pager", "mfa_serial"}

// OnlyPlain reports whether the profiles of all places have nothing but settings
// of which the SDK makes what our port makes, so that CheckWithSDK can find
// nothing. It asks for both files anew for each profile, which takes hours where a
// plan is made for thousands; whoever acts asks all the same.
func (p *Plan) OnlyPlain() bool {
	for _, pl := range p.Places {
		for _, profiles := range p.Before.sdkProf {
			g := profiles[pl.Profile]
			if g == nil {
				continue
			}
			for _, st := range g.settings {
				if st.nested || !slices.Contains(plainSettings, st.name) {
					return false
				}
			}
		}
	}
	return true
}
