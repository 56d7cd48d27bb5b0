package client

import (
	"errors"
	"io/fs"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/config"
)

// rejected says why the SDK does not take the settings, where its own words do not
// name the one that is wrong.
func rejected(err error) string {
	bundle, unread := os.Getenv("AWS_CA_BUNDLE"), new(fs.PathError)
	switch opened := errors.As(err, &unread); {
	case !opened && !strings.Contains(err.Error(), "CA bundle"):
	case bundle != "" && (!opened || unread.Path == bundle):
		return "AWS_CA_BUNDLE names no file with certificates: unset it, or name one"
	case bundle == "":
		return "its setting ca_bundle names no file with certificates: write the full path of one"
	}
	if odd := rejectedVariables(); len(odd) > 0 {
		return strings.Join(odd, ", ") + " must be true or false"
	}
	return "the AWS SDK rejects the settings"
}

// sideVariables say how a program that uses the SDK goes about its calls; none of them says
// which AWS is asked, and keycare has ways of its own. The SDK loads nothing while one of
// them has a value that it does not know, such as retry mode "legacy" of the AWS CLI.
// Source: aws-sdk-go-v2/config v1.33.15, NewEnvConfig.
var sideVariables = []string{
	"AWS_RETRY_MODE", "AWS_MAX_ATTEMPTS", "AWS_DEFAULTS_MODE", "AWS_DISABLE_REQUEST_COMPRESSION", "AWS_REQUEST_MIN_COMPRESSION_SIZE_BYTES",
	"AWS_DISABLE_CLOCK_SKEW_CORRECTION", "AWS_ENABLE_ENDPOINT_DISCOVERY", "AWS_S3_USE_ARN_REGION", "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
	"AWS_EC2_METADATA_V1_DISABLED", "AWS_S3_DISABLE_MULTIREGION_ACCESS_POINTS", "AWS_S3_DISABLE_EXPRESS_SESSION_AUTH",
	"AWS_ACCOUNT_ID_ENDPOINT_MODE", "AWS_REQUEST_CHECKSUM_CALCULATION", "AWS_RESPONSE_CHECKSUM_VALIDATION",
}

// withoutOdd unsets sideVariables in this process where the SDK would load nothing because
// of one of them.
func withoutOdd() {
	if _, err := config.NewEnvConfig(); err == nil {
		return
	}
	for _, name := range sideVariables {
		os.Unsetenv(name)
	}
}

// rejectedVariables are those that decide which AWS is asked and have a value that the
// SDK does not know.
func rejectedVariables() (names []string) {
	for _, name := range []string{"AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"} {
		if v := os.Getenv(name); v != "" && !strings.EqualFold(v, "true") && !strings.EqualFold(v, "false") {
			names = append(names, name)
		}
	}
	return names
}
