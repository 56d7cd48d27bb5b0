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

// The user that a policy is for.
var ownUser = []string{"arn:*:iam::*:user/${aws:username}", "arn:*:iam::*:user/*/${aws:username}"}

// Policy is the least policy that a user needs for audit and rotate: its own
// keys, and reads about itself and the account. Statements without a resource of
// their own are reads that IAM cannot bind to one. STS GetCallerIdentity needs no
// permission. The last statement is optional: it lets keycare learn from CloudTrail
// which key a request made whose reply was lost. Source: Service Authorization
// Reference, IAM and CloudTrail.
func Policy() Document {
	return Document{"2012-10-17", []Statement{
		{"KeycareOwnKeys", "Allow",
			[]string{"iam:ListAccessKeys", "iam:CreateAccessKey", "iam:UpdateAccessKey", "iam:DeleteAccessKey"}, ownUser},
		{"KeycareOwnUser", "Allow",
			[]string{"iam:GetUser", "iam:GetLoginProfile", "iam:ListMFADevices", "iam:ListSigningCertificates", "iam:ListServiceSpecificCredentials",
				"iam:ListAttachedUserPolicies", "iam:ListUserPolicies", "iam:GetUserPolicy", "iam:ListGroupsForUser"}, ownUser},
		{"KeycareReads", "Allow",
			[]string{"iam:GetAccessKeyLastUsed", "iam:ListAttachedGroupPolicies", "iam:ListGroupPolicies", "iam:GetGroupPolicy",
				"iam:GetAccountSummary", "iam:GetAccountPasswordPolicy", "iam:ListVirtualMFADevices", "iam:GetCredentialReport"}, []string{"*"}},
		{"KeycareOptionalProof", "Allow", []string{"cloudtrail:LookupEvents"}, []string{"*"}},
	}}
}

// DeepPolicy is Policy and what a deep audit asks beside it: what the user may do and
// which services it uses, for itself alone; the texts of managed policies, of which one
// cannot say beforehand which are its own; the answer to a question about services,
// which IAM cannot bind to a user; and the account's contact for security. For who uses a
// key it asks CloudTrail, so that the statement KeycareOptionalProof is needed, too.
// Source: Service Authorization Reference, IAM and Account Management.
func DeepPolicy() Document {
	d := Policy()
	d.Statement = append(d.Statement,
		Statement{"KeycareDeepOwnUser", "Allow", []string{"iam:SimulatePrincipalPolicy", "iam:GenerateServiceLastAccessedDetails"}, ownUser},
		Statement{"KeycareDeepPolicyTexts", "Allow", []string{"iam:GetPolicy", "iam:GetPolicyVersion"}, []string{"arn:*:iam::*:policy/*"}},
		Statement{"KeycareDeepServicesUsed", "Allow", []string{"iam:GetServiceLastAccessedDetails"}, []string{"*"}},
		Statement{"KeycareDeepSecurityContact", "Allow", []string{"account:GetAlternateContact"}, []string{"arn:*:account::*:account"}},
	)
	return d
}
