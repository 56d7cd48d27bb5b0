package report

// criticalRules are about what opens a whole account, or is known to others.
var criticalRules = []Rule{
	{
		ID: "root-key", Severity: Critical, Because: "nothing limits what a root key can do",
		Title:   "Key of the root user",
		Why:     "this key can do anything in the account, no policy limits it, and a thief can close the account with it",
		Sources: []string{"CIS AWS Foundations 7.0.0 2.4", "AWS Security Hub IAM.4", "Prowler iam_no_root_access_key"},
		Fix:     "keycare replace-root --profile {profile}",
	},
	{
		ID: "root-key-file", Severity: Critical, Because: "as for root-key; the file's name is the one that AWS gives it",
		Title:   "Downloaded root key",
		Why:     "the AWS console gives this name to the file with a root user's key",
		Sources: []string{"CIS AWS Foundations 7.0.0 2.4", "AWS Security Hub IAM.4"},
		Fix:     "make sure that the root key in it is deleted in the AWS console, then delete the file",
	},
	{
		ID: "key-quarantined", Severity: Critical, Because: "AWS saw the key in public, so others have it",
		Title:   "User that AWS put into quarantine",
		Why:     "AWS found a key of this user in a public place and limits what the user can do; others have the key as well",
		Sources: []string{"AWS managed policies AWSCompromisedKeyQuarantine, V2 and V3"},
		Fix:     "follow the case that AWS opened for the account: delete the key, make a new one with another identity, look at what was done with it; do not detach the policy",
	},
	{
		ID: "root-key-in-account", Severity: Critical, Because: "as for root-key",
		Title:   "Account whose root user has a key",
		Why:     "somewhere there is a key that can do anything in the account",
		Sources: []string{"CIS AWS Foundations 7.0.0 2.4", "AWS Security Hub IAM.4", "Prowler iam_no_root_access_key"},
		Fix:     "sign in as root and delete the key under Security credentials",
	},
	{
		ID: "root-no-mfa", Severity: Critical, Because: "a password alone stands before all of the account",
		Title:   "Root user without MFA",
		Why:     "whoever learns the password, or can read the mailbox, owns the account",
		Sources: []string{"CIS AWS Foundations 7.0.0 2.5 and 2.6", "AWS Security Hub IAM.9 and IAM.6", "Prowler iam_root_mfa_enabled"},
		Fix:     "sign in as root and assign an MFA device, best a security key, under Security credentials",
	},
}

// highRules are about keys that others can have, and about what nobody can see into.
var highRules = []Rule{
	{
		ID: "file-mode", Severity: High, Because: "every other user of the machine gets the keys without a trace",
		Title:   "Key file open to others",
		Why:     "other users of this machine can read or change the keys in it",
		Sources: []string{srcCLIMode},
		Fix:     "chmod 600 {file}",
	},
	{
		ID: "folder-mode", Severity: High, Because: "who can write to the folder can put a file of theirs in the place of yours",
		Title:   "Folder of the key file open to others",
		Why:     "other users of this machine can replace the files in it, keys and commands included",
		Sources: []string{srcCLIMode},
		Fix:     "chmod go-w {folder}",
	},
	{
		ID: "file-owner", Severity: High, Because: "the owner can read and change it whatever its mode says",
		Title:   "Key file or its folder owned by another user",
		Why:     "its owner can read or replace your keys at any time",
		Sources: []string{"AWS CLI file permission rule, by extension"},
		Fix:     `sudo chown "$(id -un)" {file}`,
	},
	{
		ID: "unreadable-file", Severity: High, Because: "what could not be looked at may be the worst of all",
		Title:   "File that could not be read",
		Why:     "nothing is known about the keys in it",
		Sources: []string{srcShared},
		Fix:     "mend what the message says, then: keycare audit",
	},
	{
		ID: "console-no-mfa", Severity: High, Because: "as in Prowler: a password alone opens the console",
		Title:   "Console user without MFA",
		Why:     "a guessed or stolen password is enough to sign in",
		Sources: []string{"CIS AWS Foundations 7.0.0 2.10", "AWS Security Hub IAM.5", "Prowler iam_user_mfa_enabled_console_access"},
		Fix:     "sign in as the user and assign an MFA device under Security credentials",
	},
	{
		ID: "admin-attached", Severity: High, Because: "one copied key is the whole account; Prowler even says critical",
		Title:   "Administrator by a policy of its own",
		Why:     "rights that hang on a user are overlooked when somebody changes jobs; a group shows who is an administrator",
		Sources: []string{"CIS AWS Foundations 7.0.0 2.13", "AWS Security Hub IAM.2", "Prowler iam_user_administrator_access_policy"},
	},
	{
		ID: "admin-no-mfa", Severity: High, Because: "as in Prowler",
		Title:   "Administrator without MFA",
		Why:     "nothing but the key stands between a thief and the whole account, and no policy can ask for a second factor",
		Sources: []string{"Prowler iam_administrator_access_with_mfa", "AWS Security Hub IAM.19"},
		Fix:     "sign in as the user and assign an MFA device under Security credentials",
	},
	{
		ID: "root-certificate", Severity: High, Because: "it signs as root like a key, but hardly anybody looks for it",
		Title:   "Signing certificate of the root user",
		Why:     "it can do anything in the account that old interfaces allow",
		Sources: []string{"ScoutSuite iam-root-account-with-active-certs"},
		Fix:     "sign in as root and delete the certificate under Security credentials",
	},
	{
		ID: "account-not-allowed", Severity: High, Because: "company keys and others do not mix; the list says so",
		Title:   "Key of an account that is not in the list",
		Why:     "the settings name the accounts whose keys may be on this machine, and this key is of another one",
		Sources: []string{"keycare settings, accounts"},
		Fix:     "delete the key from the file, or add its account to accounts in keycare.ini",
	},
	{
		ID: "rotation-unfinished", Severity: High, Because: "two keys are alive, or the file holds one that is about to be deleted",
		Title:   "Rotation that stopped half way",
		Why:     "until it is finished the user has an extra key and its secrets lie in a recovery file",
		Sources: []string{srcBest},
		Fix:     "keycare resume",
	},
	{
		ID: "recovery-left", Severity: High, Because: "two secrets lie in a file that nothing will ever remove",
		Title:   "Recovery file without its journal",
		Why:     "it holds the secrets of the old and the new key of a rotation that nobody remembers",
		Sources: []string{srcBest},
		Fix:     "keycare resume",
	},
	{
		ID: "readers-disagree", Severity: High, Because: "a tool silently uses another key than the file seems to say",
		Title:   "AWS's tools read different keys",
		Why:     "what you test with one tool is not what the other one does, and keycare does not rotate a key that is read in two ways",
		Sources: []string{srcReadings},
	},
	{
		ID: "old-generation-key", Severity: High, Because: "the key is years past every limit, for certain",
		Title:   "Key from before about 2019",
		Why:     "its ID is of a kind that AWS stopped making about 2019, so the key has not been changed for years",
		Sources: []string{srcCIS212, "AWS Security Hub IAM.3", "WithSecure on the generation bit of key IDs"},
		Fix:     "keycare rotate {arg}",
	},
	{
		ID: "year-old-key", Severity: High, Because: "four times the limit of every benchmark; as for old-generation-key",
		Title:   "Key older than a year",
		Why:     "in that time it went to more machines, backups and people than anybody remembers",
		Sources: []string{srcCIS212, "AWS Security Hub IAM.3", "Powerpipe iam_user_access_key_age_365"},
		Fix:     "keycare rotate {arg}",
	},
	{
		ID: "root-login", Severity: High, Because: "it is root, but its session keys expire within hours",
		Title:   "Profile that signs in as root",
		Why:     "every command with this profile runs with unlimited rights",
		Sources: []string{"CIS AWS Foundations 7.0.0 2.7", "Prowler iam_avoid_root_usage"},
		Fix:     "sign in as a user or role instead: aws login --profile {profile}",
	},
}
