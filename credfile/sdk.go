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
