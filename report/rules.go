package report

// Rule is one thing that an audit looks for.
type Rule struct {
	ID       string // stable; other programs filter by it
	Severity Severity
	Because  string // the reason for the severity
	Title    string
	Why      string // what can go wrong, for the person who has to act
	Sources  []string
	// Fix mends it. {file}, {profile}, {arg} and {key} stand for the
	// finding's quoted path, its first profile, that profile as an
	// argument by itself, and its key ID. Empty where each finding brings its own.
	Fix string
	// Command says that Fix is a command, not a sentence.
	Command bool
}

// Sources that several rules share.
const (
	srcCLIMode    = "AWS CLI file permission rule"
	srcPrecedence = "AWS CLI and SDK credential provider chains"
	srcCIS212     = "CIS AWS Foundations 7.0.0 2.12"
	srcBest       = "AWS IAM User Guide, security best practices"
	srcKeyIDs     = "AWS IAM User Guide, unique ID prefixes"
	srcShared     = "AWS SDKs and Tools Reference Guide, shared config and credentials files"
	srcReadings   = "keycare, measured readings of the shared files"
)

// Rules is every rule, the worst first. Documentation, JSON and tables are all
// made from it.
var Rules = []Rule{
	{
		ID: "root-key", Severity: Critical, Because: "nothing limits what a root key can do",
		Title:   "Key of the root user",
		Why:     "this key can do anything in the account, no policy limits it, and a thief can close the account with it",
		Sources: []string{"CIS AWS Foundations 7.0.0 2.4", "AWS Security Hub IAM.4", "Prowler iam_no_root_access_key"},
		Fix:     "keycare replace-root --profile {profile}", Command: true,
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
	{
		ID: "file-mode", Severity: High, Because: "every other user of the machine gets the keys without a trace",
		Title:   "Key file open to others",
		Why:     "other users of this machine can read or change the keys in it",
		Sources: []string{srcCLIMode},
		Fix:     "chmod 600 {file}", Command: true,
	},
	{
		ID: "folder-mode", Severity: High, Because: "who can write to the folder can put a file of theirs in the place of yours",
		Title:   "Folder of the key file open to others",
		Why:     "other users of this machine can replace the files in it, keys and commands included",
		Sources: []string{srcCLIMode},
		Fix:     "chmod go-w {file}", Command: true,
	},
	{
		ID: "file-owner", Severity: High, Because: "the owner can read and change it whatever its mode says",
		Title:   "Key file or its folder owned by another user",
		Why:     "its owner can read or replace your keys at any time",
		Sources: []string{"AWS CLI file permission rule, by extension"},
		Fix:     `sudo chown "$(id -un)" {file}`, Command: true,
	},
	{
		ID: "unreadable-file", Severity: High, Because: "what could not be looked at may be the worst of all",
		Title:   "File that could not be read",
		Why:     "nothing is known about the keys in it",
		Sources: []string{srcShared},
		Fix:     "mend what the message says, then run the audit again",
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
		Fix:     "keycare resume", Command: true,
	},
	{
		ID: "recovery-left", Severity: High, Because: "two secrets lie in a file that nothing will ever remove",
		Title:   "Recovery file without its journal",
		Why:     "it holds the secrets of the old and the new key of a rotation that nobody remembers",
		Sources: []string{srcBest},
		Fix:     "keycare resume", Command: true,
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
		Fix:     "keycare rotate {arg}", Command: true,
	},
	{
		ID: "root-login", Severity: High, Because: "it is root, but its session keys expire within hours",
		Title:   "Profile that signs in as root",
		Why:     "every command with this profile runs with unlimited rights",
		Sources: []string{"CIS AWS Foundations 7.0.0 2.7", "Prowler iam_avoid_root_usage"},
		Fix:     "sign in as a user or role instead: aws login --profile {profile}",
	},
	{
		ID: "file-rejected", Severity: Medium, Because: "it breaks a tool, but loudly",
		Title:   "File that a tool rejects",
		Why:     "that tool finds none of the profiles, and keycare does not edit the file until all tools read it",
		Sources: []string{srcReadings},
	},
	{
		ID: "pair-split", Severity: Medium, Because: "most tools cannot use the key, some can",
		Title:   "Key split over both files",
		Why:     "the AWS CLI and the Go SDK find no key here, the JavaScript SDK puts the two halves together",
		Sources: []string{srcReadings},
		Fix:     "write key ID and secret into one file: aws configure --profile {profile}",
	},
	{
		ID: "doubtful-path", Severity: Medium, Because: "tools may use keys from a file that nobody looks at",
		Title:   "Place of the files that tools resolve differently",
		Why:     "one tool may use keys of a file that the other does not know",
		Sources: []string{"AWS SDKs and Tools Reference Guide, location of the shared files"},
		Fix:     "set the variable to the full path of the file that you mean",
	},
	{
		ID: "backup-copy", Severity: Medium, Because: "it outlives every rotation until the old key is deleted",
		Title:   "Copy of a key file",
		Why:     "keys in it are forgotten, backed up and shared more easily than those in the file itself",
		Sources: []string{srcBest},
		Fix:     "rm {file}", Command: true,
	},
	{
		ID: "key-download", Severity: Medium, Because: "as for backup-copy",
		Title:   "Key file downloaded from the AWS console",
		Why:     "the key needs to stand in the credentials file alone",
		Sources: []string{srcBest},
		Fix:     "rm {file}", Command: true,
	},
	{
		ID: "not-rotatable", Severity: Medium, Because: "the key works, but it cannot be rotated until this is mended",
		Title:   "Key that keycare would not rotate",
		Why:     "keycare checks its edits with another reader too, and does not change what that one reads differently",
		Sources: []string{srcReadings},
	},
	{
		ID: "stray-key", Severity: Medium, Because: "as for backup-copy",
		Title:   "Key where no tool reads it",
		Why:     "a key in a comment or a shell line is used by nothing that reads this file, and nobody rotates or deletes it",
		Sources: []string{srcBest, "git-secrets and trufflehog patterns for key IDs and secrets"},
		Fix:     "delete the lines; if the key is not used anywhere else, delete it from AWS too",
	},
	{
		ID: "keycare-leftover", Severity: Medium, Because: "it holds keys, and a rotation is not finished",
		Title:   "File of an interrupted rotation",
		Why:     "keycare was stopped half way and left a file with keys",
		Sources: []string{srcBest},
		Fix:     "keycare resume", Command: true,
	},
	{
		ID: "hard-link", Severity: Medium, Because: "the other name shows the keys in a place that nobody looks after",
		Title:   "Key file with a second name",
		Why:     "the same keys stand under another path, and a rotation would leave the old ones there; keycare refuses it",
		Sources: []string{srcBest},
		Fix:     "cp -p {file} {file}.new && mv {file}.new {file}", Command: true,
	},
	{
		ID: "old-key", Severity: Medium, Because: "as in Prowler; age alone is no leak",
		Title:   "Key older than the limit",
		Why:     "the longer a key lives, the more copies of it there are",
		Sources: []string{srcCIS212, "AWS Security Hub IAM.3", "Prowler iam_rotate_access_key_90_days"},
		Fix:     "keycare rotate {arg}", Command: true,
	},
	{
		ID: "unused-key", Severity: Medium, Because: "as in Prowler; a key that nobody needs is only a risk",
		Title:   "Key that is not used",
		Why:     "nobody would miss it, and nobody would notice its theft",
		Sources: []string{"CIS AWS Foundations 7.0.0 2.11", "AWS Security Hub IAM.22 (45 days) and IAM.8 (90 days)", "Prowler iam_user_accesskey_unused; here a key that was never used counts from its creation"},
		Fix:     "if nothing needs it, deactivate it: aws iam update-access-key --status Inactive --access-key-id {key} --profile {profile}",
	},
	{
		ID: "two-active-keys", Severity: Medium, Because: "as in Prowler; CIS dropped the check in v7",
		Title:   "User with two active keys",
		Why:     "one of the two is most likely forgotten, and a rotation finds no free slot",
		Sources: []string{"CIS AWS Foundations 3.0.0 1.13, 5.0.0 1.12 and 6.0.0 2.12 (dropped in 7.0.0)", "Prowler iam_user_two_active_access_key", "ScoutSuite iam-user-with-multiple-access-keys"},
	},
	{
		ID: "root-used", Severity: Medium, Because: "it may have been needed; look who it was",
		Title:   "Root user in daily use",
		Why:     "root is for the few tasks that only root can do",
		Sources: []string{"CIS AWS Foundations 7.0.0 2.7", "Prowler iam_avoid_root_usage"},
		Fix:     "find out who it was in CloudTrail, and use an IAM user or role instead",
	},
	{
		ID: "password-policy", Severity: Medium, Because: "as in Prowler",
		Title:   "Weak rules for passwords",
		Why:     "short and reused passwords are guessed; the rules bind IAM users, not root",
		Sources: []string{"CIS AWS Foundations 7.0.0 2.8 and 2.9", "AWS Security Hub IAM.7 and IAM.11 to IAM.16", "Prowler iam_password_policy_minimum_length_14, _reuse_24 and others"},
		Command: true,
	},
	{
		ID: "key-rejected", Severity: Medium, Because: "tools with this profile fail, and a dead key hides what happened to it",
		Title:   "Key that AWS does not accept",
		Why:     "it was deleted or disabled, or its secret is wrong: nothing works with it",
		Sources: []string{"AWS STS GetCallerIdentity"},
		Fix:     "put a working key there, or delete it from the file: aws configure --profile {profile}",
	},
	{
		ID: "secret-mismatch", Severity: Medium, Because: "one of the two cannot work",
		Title:   "Same key ID with different secrets",
		Why:     "a key has one secret, so at most one of them works",
		Sources: []string{srcBest},
		Fix:     "delete the one that does not work; to see which: aws sts get-caller-identity --profile {profile}",
	},
	{
		ID: "secret-reused", Severity: Medium, Because: "one of the two cannot work",
		Title:   "Same secret under different key IDs",
		Why:     "two keys never have the same secret, so at most one of them works",
		Sources: []string{srcBest},
		Fix:     "delete the one that does not work; to see which: aws sts get-caller-identity --profile {profile}",
	},
	{
		ID: "two-ways-to-sign", Severity: Medium, Because: "a forgotten key wins over the safer way, in some tools only",
		Title:   "Static key beside another way to sign in",
		Why:     "tools differ in which of the two they use",
		Sources: []string{srcPrecedence},
		Fix:     "if the key is no longer needed, delete its lines from the profile and the key from AWS",
	},
	{
		ID: "environment-key", Severity: Medium, Because: "tools use another key than the file says",
		Title:   "Key in the environment",
		Why:     "tools prefer it to the files, and rotating the key in the file does not change it",
		Sources: []string{srcPrecedence},
		Command: true,
	},
	{
		ID: "cli-history", Severity: Medium, Because: "new secrets go into a second place that nobody looks after",
		Title:   "AWS CLI records its calls",
		Why:     "with cli_history the AWS CLI keeps whole answers, so secrets of created keys stay in its history database",
		Sources: []string{"AWS CLI history command"},
		Fix:     "aws configure set cli_history disabled --profile {profile}", Command: true,
	},
	{
		ID: "key-with-token", Severity: Medium, Because: "the key cannot work this way",
		Title:   "Long-term key with a session token",
		Why:     "AWS refuses a long-term key that comes with a session token",
		Sources: []string{srcKeyIDs},
		Fix:     "delete the line of the session token, or put the session's own key ID and secret there",
	},
	{
		ID: "rotation-watched", Severity: Low, Because: "a key may turn up that nobody holds the secret of",
		Title:   "Lost reply that is still watched",
		Why:     "a key that nobody knows may still appear; keycare looks for it and deletes it",
		Sources: []string{srcBest},
		Fix:     "keycare resume", Command: true,
	},
	{
		ID: "key-in-config", Severity: Low, Because: "allowed, but unexpected",
		Title:   "Key in the config file",
		Why:     "the config file is often shared, copied and readable to others, and the credentials file is the place for keys",
		Sources: []string{srcShared},
		Fix:     "move the lines of the key from [profile ...] here to the profile's section in the credentials file",
	},
	{
		ID: "session-key", Severity: Low, Because: "it expires by itself",
		Title:   "Session key left in a file",
		Why:     "it is of no use once it has expired, and the file does not say when",
		Sources: []string{srcKeyIDs},
		Fix:     "if no tool of yours renews it, delete its lines from the profile",
	},
	{
		ID: "session-key-no-token", Severity: Low, Because: "it opens nothing",
		Title:   "Session key without its token",
		Why:     "a session key is of no use without aws_session_token",
		Sources: []string{srcKeyIDs},
		Fix:     "delete its lines from the profile",
	},
	{
		ID: "id-without-secret", Severity: Low, Because: "it opens nothing",
		Title:   "Key ID without its secret",
		Why:     "tools that find half a key stop, or look for a key elsewhere",
		Sources: []string{srcReadings},
		Fix:     "delete the line, or complete the key: aws configure --profile {profile}",
	},
	{
		ID: "secret-without-id", Severity: Low, Because: "a secret opens nothing without its key ID",
		Title:   "Secret without its key ID",
		Why:     "tools that find half a key stop, or look for a key elsewhere",
		Sources: []string{srcReadings},
		Fix:     "delete the line, or complete the key: aws configure --profile {profile}",
	},
	{
		ID: "not-an-access-key", Severity: Low, Because: "AWS does not accept it, though another service may",
		Title:   "Key ID that is none of AWS's",
		Why:     "AWS does not accept it; if it is for another service, say so with endpoint_url in the profile",
		Sources: []string{srcKeyIDs},
		Fix:     "delete its lines, or write the right key ID: aws configure --profile {profile}",
	},
	{
		ID: "example-key", Severity: Low, Because: "it opens nothing",
		Title:   "Example key from AWS's documentation",
		Why:     "it opens nothing, so every tool with this profile fails",
		Sources: []string{"AWS documentation, AKIAIOSFODNN7EXAMPLE"},
		Fix:     "put a working key there, or delete its lines: aws configure --profile {profile}",
	},
	{
		ID: "key-inactive", Severity: Low, Because: "it opens nothing until someone makes it active",
		Title:   "Inactive key in a file",
		Why:     "it does not work now, and anyone who may manage keys can make it work again",
		Sources: []string{"ScoutSuite iam-user-no-key-rotation"},
		Fix:     "if nothing needs it, delete it from AWS and its lines from the profile",
	},
	{
		ID: "user-no-mfa", Severity: Low, Because: "without a console password only a policy could ask for it",
		Title:   "User without MFA",
		Why:     "no policy can ask for a second factor before the key does something dangerous",
		Sources: []string{"AWS Security Hub IAM.19", srcBest},
		Fix:     "assign an MFA device to the user in the console, under Security credentials",
	},
	{
		ID: "policy-on-user", Severity: Low, Because: "as CIS L1; it is untidy more than dangerous",
		Title:   "Policies of a user's own",
		Why:     "rights that hang on a user are overlooked; through groups it is clear who may do what",
		Sources: []string{"CIS AWS Foundations 7.0.0 2.13", "AWS Security Hub IAM.2"},
		Fix:     "put the user into a group that has the policies, then detach them from the user",
	},
	{
		ID: "inactive-key-kept", Severity: Low, Because: "as a warning in ScoutSuite",
		Title:   "Old inactive key of a user",
		Why:     "it blocks the slot for a rotation, and whoever may manage keys can make it work again",
		Sources: []string{"ScoutSuite iam-user-no-key-rotation (Inactive, 90)"},
		Command: true,
	},
	{
		ID: "setup-key", Severity: Low, Because: "unused-key tells it too, later",
		Title:   "Key made with the user and never used",
		Why:     "keys made when the user was made, just in case, are forgotten",
		Sources: []string{"CIS AWS Foundations 3.0.0 1.11, 5.0.0 1.10 and 6.0.0 2.10 (dropped in 7.0.0)", "Prowler iam_user_no_setup_initial_access_key"},
		Fix:     "if nothing needs it, delete it: aws iam delete-access-key --access-key-id {key} --profile {profile}",
	},
	{
		ID: "exception-expired", Severity: Low, Because: "what it covered is shown again by its own rule",
		Title:   "Exception that has ended",
		Why:     "somebody accepted a finding until that day",
		Sources: []string{"keycare settings"},
		Fix:     "mend what it was about, then delete it from keycare.ini, or give it a new end: keycare settings",
	},
	{
		ID: "unknown-facts", Severity: Low, Because: "unknown is not fine, and not proved wrong either",
		Title:   "Facts that AWS did not tell",
		Why:     "as long as they are unknown, the key may be a root key, too old or inactive",
		Sources: []string{srcCIS212, "CIS AWS Foundations 7.0.0 2.4"},
		Fix:     "keycare policy", Command: true,
	},
	{
		ID: "unknown-account", Severity: Low, Because: "unknown is not fine, and not proved wrong either",
		Title:   "Facts about an account that AWS did not tell",
		Why:     "as long as they are unknown, the root user may have a key or no MFA, and passwords may be weak",
		Sources: []string{"CIS AWS Foundations 7.0.0 2.4, 2.5 and 2.8"},
		Fix:     "if you look after the account, run the audit with a key that may read these; if not, ask who does",
	},
	{
		ID: "file-quirk", Severity: Low, Because: "the AWS CLI and the Go SDK agree on the key, other tools may not",
		Title:   "Writing that tools read differently",
		Why:     "another tool, or the next version of one, may read something else",
		Sources: []string{srcReadings},
	},
	{
		ID: "cli-history-file", Severity: Low, Because: "it may hold secrets of earlier calls",
		Title:   "History database of the AWS CLI",
		Why:     "secrets of keys that were created with the AWS CLI may be in it",
		Sources: []string{"AWS CLI history command"},
		Fix:     "rm {file}", Command: true,
	},
	{
		ID: "rotation-in-grace", Severity: Info, Because: "it is meant to be so, for a while",
		Title:   "Old key in its time of grace",
		Why:     "the old key works until keycare retires it, so that other users of it can change over",
		Sources: []string{srcBest},
		Fix:     "keycare resume", Command: true,
	},
	{
		ID: "admin-key", Severity: Info, Because: "the way it should be, if there has to be a key",
		Title:   "Key of an administrator",
		Why:     "a key with all rights lies in a file; keep it young, and use short-term keys where you can",
		Sources: []string{srcBest},
		Fix:     "give daily work a key or role with fewer rights",
	},
	{
		ID: "static-key", Severity: Info, Because: "it works as meant; there are safer ways",
		Title:   "Long-term key on this machine",
		Why:     "it works for ever for whoever copies it; short-term keys (aws login, IAM Identity Center) do not",
		Sources: []string{srcBest, "CIS AWS Foundations 7.0.0 2.19"},
		Fix:     "if you can sign in to the console, use short-term keys instead: aws login",
	},
	{
		ID: "shared-key", Severity: Info, Because: "keycare rotates all places at once",
		Title:   "Same key in several profiles",
		Why:     "a rotation has to change all of them; keycare does",
		Sources: []string{srcBest},
		Fix:     "keep one profile, and let the others name it as their source_profile",
	},
	{
		ID: "canary-key", Severity: Info, Because: "it is there on purpose",
		Title:   "Canary key",
		Why:     "it was put there as bait: any use of it raises an alarm. keycare makes no call with it and never rotates it",
		Sources: []string{"Thinkst canary tokens; trufflehog's list of canary accounts"},
		Fix:     "leave it as it is",
	},
}

// ruleByID finds the rules by their IDs.
var ruleByID = func() map[string]*Rule {
	m := make(map[string]*Rule, len(Rules))
	for i := range Rules {
		m[Rules[i].ID] = &Rules[i]
	}
	return m
}()
