package report

import "strings"

// links are where the sources of the rules are published, by how a source begins.
// {} stands for the first word behind that, and {lower} for the same in small
// letters with dashes.
var links = []struct{ source, url string }{
	{"AWS Security Hub Account.", "https://docs.aws.amazon.com/securityhub/latest/userguide/account-controls.html"},
	{"AWS Security Hub ", "https://docs.aws.amazon.com/securityhub/latest/userguide/iam-controls.html#{lower}"},
	{"CIS AWS Foundations ", "https://www.cisecurity.org/benchmark/amazon_web_services"},
	{"Prowler ", "https://hub.prowler.com/check/{}"},
	{"ScoutSuite ", "https://github.com/nccgroup/ScoutSuite/blob/master/ScoutSuite/providers/aws/rules/findings/{}.json"},
	{"Powerpipe ", "https://hub.powerpipe.io/mods/turbot/aws_compliance/controls/control.{}"},
	{"AWS CLI User Guide, source_profile", "https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-role.html"},
	{"AWS CLI and SDK credential provider chains", "https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html"},
	{"AWS CLI file permission rule", "https://github.com/aws/aws-cli/blob/v2/awscli/customizations/configure/writer.py"},
	{"AWS CLI history command", "https://docs.aws.amazon.com/cli/latest/reference/history/"},
	{"AWS General Reference, Regions", "https://docs.aws.amazon.com/general/latest/gr/rande.html"},
	{"AWS IAM User Guide, MFA-protected", "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_configure-api-require.html"},
	{"AWS IAM User Guide, Disabling permissions for temporary", "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_disable-perms.html"},
	{"AWS IAM User Guide, access keys", "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html"},
	{"AWS IAM User Guide, last accessed", "https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_last-accessed.html"},
	{"AWS IAM API Reference, SimulatePrincipalPolicy", "https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html"},
	{"AWS CloudTrail User Guide, event history", "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/view-cloudtrail-events.html"},
	{"Amazon GuardDuty IAM finding types", "https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_finding-types-iam.html"},
	{"AWS IAM User Guide, security best practices", "https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html"},
	{"AWS IAM User Guide, unique ID prefixes", "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-prefixes"},
	{"AWS SDKs and Tools Reference Guide, location", "https://docs.aws.amazon.com/sdkref/latest/guide/file-location.html"},
	{"AWS SDKs and Tools Reference Guide, service-specific", "https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html"},
	{"AWS SDKs and Tools Reference Guide, shared", "https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html"},
	{"AWS STS GetCallerIdentity", "https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html"},
	{"AWS documentation, AKIAIOSFODNN7EXAMPLE", "https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html"},
	{"AWS managed policies AWSCompromisedKeyQuarantine", "https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSCompromisedKeyQuarantineV3.html"},
	{"Amazon Bedrock User Guide, API keys", "https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys.html"},
	{"IAM User Guide, X.509", "https://docs.aws.amazon.com/IAM/latest/APIReference/API_SigningCertificate.html"},
	{"IAM User Guide, service-specific", "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_service-specific-creds.html"},
	{"OpenSSH, StrictModes", "https://man.openbsd.org/sshd_config#StrictModes"},
	{"Thinkst canary tokens", "https://docs.canarytokens.org/guide/aws-keys-token.html"},
	{"gitleaks pattern", "https://github.com/gitleaks/gitleaks/blob/master/config/gitleaks.toml"},
	{"git-secrets and trufflehog", "https://github.com/awslabs/git-secrets"},
}

// Link is the address of a source of a rule; empty where it has none of its own:
// keycare's own measurements, and what is known from programs and talks.
func Link(source string) string {
	for _, l := range links {
		if rest, ok := strings.CutPrefix(source, l.source); ok {
			word, _, _ := strings.Cut(strings.TrimRight(rest, ",;"), " ")
			word = strings.TrimRight(word, ",;")
			lower := strings.ReplaceAll(strings.ToLower(word), ".", "-")
			return strings.NewReplacer("{}", word, "{lower}", lower).Replace(l.url)
		}
	}
	return ""
}
