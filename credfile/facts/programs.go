package facts

import (
	"slices"
	"strings"
)

// Keycare is how keycare names itself in its User-Agent, so that its calls can be told
// from others in CloudTrail.
const Keycare = "keycare"

type program struct{ mark, name string }

// finders look for leaked keys, and try them.
var finders = []program{{"trufflehog", "TruffleHog"}, {"pacu", "Pacu"}, {"gitleaks", "Gitleaks"}, {"gitguardian", "GitGuardian"}, {"stratus-red-team", "Stratus Red Team"}}

// programs are what programs call themselves in their User-Agent, in small letters; the
// first that stands in one counts. What is built on an SDK comes before that SDK.
var programs = []program{
	{"scoutsuite", "ScoutSuite"}, {"prowler", "Prowler"}, {"cloudmapper", "CloudMapper"},
	{"s3browser", "S3 Browser"}, {"s3 browser", "S3 Browser"},
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
var attackSystems = []program{{"kali", "Kali Linux"}, {"parrot", "Parrot Linux"}, {"pentoo", "Pentoo Linux"}}

// ProgramOf is the program that a User-Agent names; empty where it names none that is
// known.
func ProgramOf(userAgent string) string {
	lower := strings.ToLower(userAgent)
	for _, p := range slices.Concat([]program{{Keycare, Keycare}}, finders, programs) {
		if strings.Contains(lower, p.mark) {
			return p.name
		}
	}
	return ""
}

// RanOn adds to a program's name the system made for attacks that the User-Agent names.
func RanOn(program, userAgent string) string {
	lower := strings.ToLower(userAgent)
	for _, s := range attackSystems {
		if strings.Contains(lower, s.mark) {
			return program + on + s.name
		}
	}
	return program
}

const on = " on "

// FindsKeys reports whether a program, as an Activity names it, looks for leaked keys, or
// ran on a system made for attacks.
func FindsKeys(name string) bool {
	_, system, _ := strings.Cut(name, on)
	return slices.ContainsFunc(finders, func(p program) bool { return p.name == name }) ||
		slices.ContainsFunc(attackSystems, func(s program) bool { return s.name == system })
}
