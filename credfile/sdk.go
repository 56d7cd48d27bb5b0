package credfile

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/config"
)

// LoadWithSDK reads profile with the AWS SDK for Go's own loader from exactly
// these two files; an empty path stands for no file. The loader panics on some
// inputs (a value that is one quote mark), which is reported as a reading.
func LoadWithSDK(ctx context.Context, p Paths, profile string) (r Reading) {
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
	switch {
	case errors.As(err, &absent):
		r.none(false)
	case err != nil:
		// Not the loader's own words: they may quote a value.
		r.None = fmt.Sprintf("no usable settings (it rejects profile %q)", profile)
	case !c.Credentials.HasKeys():
		r.none(true)
	default:
		r.take(c.Credentials.AccessKeyID, c.Credentials.SecretAccessKey, c.Credentials.SessionToken, CredentialsFile)
	}
	return r
}

// CheckWithSDK asks the SDK's own loader for the key of every place, in the
// files as they are on disk. Plan relies on our port of its reading, which leaves
// to the SDK what other settings do to a profile: a value that it rejects, or a
// source_profile that hides the key. Ask before anything with an effect, for
// Swap would refuse such a place too, but late.
func (p *Plan) CheckWithSDK(ctx context.Context) error {
	for _, pl := range p.Places {
		got := LoadWithSDK(ctx, p.Before.Paths, pl.Profile)
		if !got.same(p.Before.SDK(pl.Profile)) {
			return fmt.Errorf("%s: the Go SDK finds %s here, because of another setting of the profile (source_profile, or a value that it rejects): mend that first", pl, got.says())
		}
	}
	return nil
}
