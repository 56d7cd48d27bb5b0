package client

import (
	"strings"

	"keycare/credfile/pattern"
	"keycare/credfile/show"
)

// products are what programs call themselves in their User-Agent, in small letters; the
// first that stands in one counts. What is built on an SDK comes before that SDK.
var products = []struct{ mark, name string }{
	{ownProduct, ownProduct},
	{"trufflehog", "TruffleHog"}, {"pacu", "Pacu"}, {"scoutsuite", "ScoutSuite"}, {"prowler", "Prowler"}, {"cloudmapper", "CloudMapper"},
	{"gitleaks", "Gitleaks"}, {"gitguardian", "GitGuardian"}, {"stratus-red-team", "Stratus Red Team"}, {"s3browser", "S3 Browser"}, {"s3 browser", "S3 Browser"},
	{"opentofu", "OpenTofu"}, {"terraform", "Terraform"}, {"pulumi", "Pulumi"}, {"packer", "Packer"}, {"ansible", "Ansible"}, {"aws-cdk", "AWS CDK"},
	{"serverless", "Serverless"}, {"aws-sam", "AWS SAM"}, {"aws-vault", "aws-vault"}, {"rclone", "rclone"}, {"cyberduck", "Cyberduck"}, {"steampipe", "Steampipe"},
	{"winscp", "WinSCP"}, {"s3fs", "s3fs"}, {"powershell", "AWS Tools for PowerShell"}, {"elasticbeanstalk-cli", "EB CLI"},
	{"aws-cli", "AWS CLI"}, {"aws-shell", "AWS Shell"}, {"console.aws", "AWS console"}, {"console.amazonaws", "AWS console"}, {"signin.amazonaws", "AWS console"}, {"s3console", "AWS console"},
	{"boto3", "Boto3"}, {"botocore", "Botocore"}, {"boto/", "Boto"},
	{"aws-sdk-go", "AWS SDK for Go"}, {"aws-sdk-java", "AWS SDK for Java"}, {"aws-sdk-nodejs", "AWS SDK for JavaScript"}, {"aws-sdk-js", "AWS SDK for JavaScript"},
	{"aws-sdk-dotnet", "AWS SDK for .NET"}, {"aws-sdk-net", "AWS SDK for .NET"}, {"aws-sdk-php", "AWS SDK for PHP"}, {"aws-sdk-ruby", "AWS SDK for Ruby"},
	{"aws-sdk-rust", "AWS SDK for Rust"}, {"aws-sdk-cpp", "AWS SDK for C++"}, {"aws-sdk-kotlin", "AWS SDK for Kotlin"}, {"aws-sdk-swift", "AWS SDK for Swift"},
	{"aws internal", "AWS itself"}, {"aws-internal", "AWS itself"},
	{"mozilla/", "a browser"}, {"curl/", "curl"}, {"postmanruntime", "Postman"}, {"python-requests", "Python Requests"}, {"go-http-client", "Go"},
}

// attackSystems are systems that are made for attacks, as they stand in the names of
// kernels.
var attackSystems = []struct{ mark, name string }{{"kali", "Kali Linux"}, {"parrot", "Parrot Linux"}, {"pentoo", "Pentoo Linux"}}

// productOf is the program that a User-Agent names. A User-Agent is free text, in which a
// secret may stand: what is not known is shown only where it is a plain short word.
func productOf(userAgent string) string {
	lower := strings.ToLower(userAgent)
	name := ""
	for _, p := range products {
		if strings.Contains(lower, p.mark) {
			name = p.name
			break
		}
	}
	if name == "" {
		name = plainProduct(userAgent)
	}
	for _, s := range attackSystems {
		if strings.Contains(lower, s.mark) {
			return name + " on " + s.name
		}
	}
	return name
}

// plainProduct is the first word of a User-Agent, or the service of AWS that it names.
func plainProduct(userAgent string) string {
	if awsHost().MatchString(userAgent) && !show.SecretLike(userAgent) {
		return userAgent
	}
	word, _, _ := strings.Cut(strings.Trim(userAgent, "[] "), "/")
	if !productWord().MatchString(word) {
		return other
	}
	return word
}

var productWord = pattern.Of(`^[A-Z]?[a-z]{2,16}([-_][A-Z]?[a-z]{2,16}){0,2}$`)
