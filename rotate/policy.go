package rotate

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
// keys, nothing else. GetAccessKeyLastUsed has no resource to bind it to; it is
// asked about the user's own keys only. STS GetCallerIdentity needs no
// permission. Source: Service Authorization Reference, IAM.
func Policy() Document {
	return Document{"2012-10-17", []Statement{
		{"KeycareOwnKeys", "Allow",
			[]string{"iam:ListAccessKeys", "iam:CreateAccessKey", "iam:UpdateAccessKey", "iam:DeleteAccessKey"},
			[]string{"arn:*:iam::*:user/${aws:username}", "arn:*:iam::*:user/*/${aws:username}"}},
		{"KeycareLastUse", "Allow", []string{"iam:GetAccessKeyLastUsed"}, []string{"*"}},
	}}
}
