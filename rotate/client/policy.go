package client

// Document is an IAM policy.
type Document struct {
	Version   string
	Statement []Statement
}

// Statement is one statement of an IAM policy.
type Statement struct {
	Sid      string
	Effect   string
	Action   []string
	Resource []string
}

// Policy is the least policy that a user needs for audit and rotate: its own
// keys, and reads about itself and the account. Statements without a resource of
// their own are reads that IAM cannot bind to one. STS GetCallerIdentity needs no
// permission. The last statement is optional: it lets keycare learn from CloudTrail
// which key a request made whose reply was lost. Source: Service Authorization
// Reference, IAM and CloudTrail.
func Policy() Document {
	own := []string{"arn:*:iam::*:user/${aws:username}", "arn:*:iam::*:user/*/${aws:username}"}
	return Document{"2012-10-17", []Statement{
		{"KeycareOwnKeys", "Allow",
			[]string{"iam:ListAccessKeys", "iam:CreateAccessKey", "iam:UpdateAccessKey", "iam:DeleteAccessKey"}, own},
		{"KeycareOwnUser", "Allow",
			[]string{"iam:GetUser", "iam:GetLoginProfile", "iam:ListMFADevices", "iam:ListSigningCertificates", "iam:ListServiceSpecificCredentials",
				"iam:ListAttachedUserPolicies", "iam:ListUserPolicies", "iam:GetUserPolicy", "iam:ListGroupsForUser"}, own},
		{"KeycareReads", "Allow",
			[]string{"iam:GetAccessKeyLastUsed", "iam:ListAttachedGroupPolicies", "iam:ListGroupPolicies", "iam:GetGroupPolicy",
				"iam:GetAccountSummary", "iam:GetAccountPasswordPolicy", "iam:ListVirtualMFADevices", "iam:GetCredentialReport"}, []string{"*"}},
		{"KeycareOptionalProof", "Allow", []string{"cloudtrail:LookupEvents"}, []string{"*"}},
	}}
}
