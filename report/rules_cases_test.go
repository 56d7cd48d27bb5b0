package report

import (
	"errors"
	"io/fs"
	"strings"
	"time"

	"keycare/credfile/copies"
	"keycare/credfile/facts"
	"keycare/credfile/home"
)

// ruleCases has for each rule an input where it fires and one, as near to it as
// can be, where it does not. what must be in the sentence, fix in the repair.
var ruleCases = []struct {
	rule        string
	fires       Input
	what, fix   string
	line        int
	staysSilent Input
}{
	{"root-key",
		input(section("prod", keyA, secretA), "", online(changed(func(o *facts.Online) {
			o.Identity.Value = facts.Identity{ARN: "arn:aws:iam::619888638459:root", UserID: "619888638459", Account: "619888638459"}
		}))), "root user of account 619888638459", "keycare replace-root --profile prod", 2,
		input(section("prod", keyA, secretA), "", online(fresh()))},
	{"key-quarantined",
		input(section("a", keyA, secretA), "", person(func(u *facts.UserFacts) {
			u.Attached.Value = []string{"arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantineV3"}
		})), "AWSCompromisedKeyQuarantineV3", "do not detach", 2,
		input(section("a", keyA, secretA), "", person(func(u *facts.UserFacts) { u.Attached.Fail("needs iam:ListAttachedUserPolicies") }))},
	{"root-key-in-account",
		input(section("a", keyA, secretA), "", acct(func(f *facts.AccountFacts) { f.Root.Value.Keys = 1 })), "has a root access key", "sign in as root", 2,
		input(section("a", keyA, secretA), "", acct(func(f *facts.AccountFacts) {
			f.Root.Value.Keys = 1
			f.Root.Fail("needs x")
		}))},
	{"root-no-mfa",
		input(section("a", keyA, secretA), "", acct(func(f *facts.AccountFacts) { f.Root.Value.MFA = 0 })), "no MFA device for its root user", "assign", 2,
		input(section("a", keyA, secretA), "", acct(func(f *facts.AccountFacts) { f.Root.Value.MFA, f.Root.Value.NoPassword = 0, true }))},
	{"console-no-mfa",
		input(section("a", keyA, secretA), "", person(func(u *facts.UserFacts) { u.Password.Value.Exists, u.MFA.Value = true, nil })), "console password and no MFA", "assign", 2,
		input(section("a", keyA, secretA), "", person(func(u *facts.UserFacts) {
			u.Password.Value.Exists, u.MFA = true, facts.Unanswered[[]string]("needs iam:ListMFADevices")
		}))},
	{"admin-attached",
		input(section("a", keyA, secretA), "", person(func(u *facts.UserFacts) { u.Attached.Value = []string{adminPolicy} })), "AdministratorAccess attached directly", "aws iam detach-user-policy --user-name dev --policy-arn arn:aws:iam::aws:policy/AdministratorAccess --profile a", 2,
		input(section("a", keyA, secretA), "", person(func(u *facts.UserFacts) {
			u.Attached.Value = []string{"arn:aws:iam::619888638459:policy/AdministratorAccess"}
		}))},
	{"admin-no-mfa",
		input(section("a", keyA, secretA), "", person(func(u *facts.UserFacts) {
			u.MFA.Value, u.Groups.Value = nil, []facts.Group{{Name: "g", Attached: facts.Answered([]string{adminPolicy})}}
		})), "administrator and has no MFA", "assign", 2,
		input(section("a", keyA, secretA), "", person(func(u *facts.UserFacts) {
			u.Groups.Value = []facts.Group{{Name: "g", Attached: facts.Answered([]string{adminPolicy})}}
		}))},
	{"root-certificate",
		input(section("a", keyA, secretA), "", acct(func(f *facts.AccountFacts) { f.Root.Value.Certificates = 2 })), "signing certificate", "delete the certificate", 2,
		input(section("a", keyA, secretA), "", acct(func(f *facts.AccountFacts) {}))},
	{"account-not-allowed",
		input(section("a", keyA, secretA), "", func(in *Input) { in.Policy.Accounts = []string{"111122223333"} }), "account 619888638459, which is not in your list", "keycare.ini", 2,
		input(section("a", keyA, secretA), "", func(in *Input) { in.Policy.Accounts = []string{"619888638459"} })},
	{"unused-key",
		input(section("a", keyA, secretA), "", used(46)), "has not been used for 46 days (last used for s3 in eu-west-1); the limit is 45", "--access-key-id " + keyA + " --profile a", 2,
		input(section("a", keyA, secretA), "", used(45))},
	{"two-active-keys",
		input(section("a", keyA, secretA), "", other(true, 20)), "second active key, " + keyB + ", 20 days old, last used 2026-11-01 for s3, not in your files", "key " + keyB + " is in use (s3, 2026-11-01): find out by whom; to keep only that one, put it into profile \"a\"", 2,
		input(section("a", keyA, secretA), "", other(false, 20))},
	{"inactive-key-kept",
		input(section("a", keyA, secretA), "", other(false, 91)), "still has the inactive key " + keyB, "aws iam delete-access-key --access-key-id " + keyB, 2,
		input(section("a", keyA, secretA), "", other(false, 90))},
	{"root-used",
		input(section("a", keyA, secretA), "", acct(func(f *facts.AccountFacts) {
			f.RootUse.Value = facts.Use{At: now.Add(-3 * time.Hour), Service: "console"}
		})), "as root 3 hours ago, for console", "CloudTrail", 2,
		input(section("a", keyA, secretA), "", acct(func(f *facts.AccountFacts) { f.RootUse.Value = facts.Use{At: now.Add(-25 * time.Hour)} }))},
	{"password-policy",
		input(section("a", keyA, secretA), "", acct(func(f *facts.AccountFacts) { f.Password.Value.MinLength, f.Password.Value.MaxAge = 8, 90 })), "minimum length 8 (should be 14)", "--minimum-password-length 14 --password-reuse-prevention 24 --require-symbols --require-numbers --require-uppercase-characters --require-lowercase-characters --allow-users-to-change-password --max-password-age 90 --profile a", 2,
		input(section("a", keyA, secretA), "", acct(func(f *facts.AccountFacts) { f.Password.Fail("needs iam:GetAccountPasswordPolicy") }))},
	{"user-no-mfa",
		input(section("a", keyA, secretA), "", person(func(u *facts.UserFacts) { u.MFA.Value = nil })), "has no MFA device", "assign", 2,
		input(section("a", keyA, secretA), "", person(func(u *facts.UserFacts) { u.MFA.Value, u.Password.Value.Exists = nil, true }))},
	{"policy-on-user",
		input(section("a", keyA, secretA), "", person(func(u *facts.UserFacts) {
			u.Attached.Value, u.Inline.Value = []string{"arn:aws:iam::aws:policy/ReadOnlyAccess"}, inline("mine", facts.GrantsSome)
		})), "policies attached directly: ReadOnlyAccess, mine (inline)", "group", 2,
		input(section("a", keyA, secretA), "", person(func(u *facts.UserFacts) { u.Groups.Value = []facts.Group{{Name: "g"}} }))},
	{"setup-key",
		input(section("a", keyA, secretA), "", online(changed(func(o *facts.Online) { o.LastUsed.Value = facts.Use{}; o.User.Password.Value.Exists = true }))), "never been used, and its user has a console password", "--status Inactive --access-key-id " + keyA, 2,
		input(section("a", keyA, secretA), "", person(func(u *facts.UserFacts) { u.Password.Value.Exists = true }))},
	{"exception-unused",
		input(section("a", keyA, secretA), "", online(aged(1)), exception(Exception{Name: "old", Rule: "old-key", Reason: "soon", Until: now.Add(1), Where: "k.ini:3"})), `exception "old" (k.ini:3) matches no finding`, "keycare accept --remove old", 0,
		input(section("a", keyA, secretA), "", online(aged(200)), exception(Exception{Name: "old", Rule: "old-key", Reason: "soon", Until: now.Add(1), Where: "k.ini:3"}))},
	{"exception-expired",
		input(section("a", keyA, secretA), "", exception(Exception{Name: "old", Rule: "static-key", Reason: "soon", Until: now, Where: "k.ini:3"})), `exception "old" (k.ini:3) ended on 2026-11-02: soon`, "keycare accept --remove old", 0,
		input(section("a", keyA, secretA), "", exception(Exception{Name: "old", Rule: "static-key", Reason: "soon", Until: now.Add(1)}))},
	{"key-probed",
		input(section("a", keyA, secretA), "", activity(func(act *facts.Activity) {
			act.Agents = append(act.Agents, facts.Seen{Name: "TruffleHog", Count: 1})
		})), "was tried by TruffleHog: 12 calls in 90 days", "keycare rotate --compromised a", 2,
		input(section("a", keyA, secretA), "", activity(func(act *facts.Activity) {
			act.Calls = append(refused("iam", 40), refused("s3", 9)...)
		}))},
	{"key-used-elsewhere",
		input(section("a", keyA, secretA), "", activity(func(act *facts.Activity) {
			act.Addresses = append(act.Addresses, facts.Seen{Name: "198.51.100.9", Count: 2, Last: now.Add(-72 * time.Hour)})
		})), "was used from 2 networks: 203.0.113.7 (10 calls, last 2026-11-02), 198.51.100.9 (2 calls, last 2026-10-30); 12 calls in 90 days", "rotate it with --compromised", 2,
		input(section("a", keyA, secretA), "", activity(func(act *facts.Activity) {
			act.Addresses = append(act.Addresses, facts.Seen{Name: "203.0.113.8"}, facts.Seen{Name: "cloudformation.amazonaws.com"})
		}))},
	{"key-used-by",
		input(section("a", keyA, secretA), "", activity(func(*facts.Activity) {})), "was used from 203.0.113.7 (10 calls, last 2026-11-02); 12 calls in 90 days, the last on 2026-11-02 07:00 UTC", "nothing", 2,
		input(section("a", keyA, secretA), "", activity(func(act *facts.Activity) { act.Events = 0 }))},
	{"key-can-escalate",
		input(section("a", keyA, secretA), "", person(can("iam:CreateAccessKey"))), "can get more rights in 1 way: iam:CreateAccessKey", "permissions boundary", 2,
		input(section("a", keyA, secretA), "", person(func(u *facts.UserFacts) {
			can("iam:CreateAccessKey")(u)
			u.Attached.Value = []string{adminPolicy}
		}))},
	{"unused-services",
		input(section("a", keyA, secretA), "", person(services(37, 3, 1))), "has used 2 of the 37 services that it has permissions for in the last 90 days", "aws iam generate-service-last-accessed-details --arn arn:aws:iam::619888638459:user/dev --profile a", 2,
		input(section("a", keyA, secretA), "", person(services(37, 19, 0)))},
	{"key-can-do",
		input(section("a", keyA, secretA), "", person(can("s3:GetObject", "ec2:RunInstances", "secretsmanager:GetSecretValue", "odd:Thing"))),
		"lets a thief of the key read secrets; read files in S3; start machines at your expense; call odd:Thing", "remove what is not needed", 2,
		input(section("a", keyA, secretA), "", person(func(u *facts.UserFacts) { u.Powers.Fail("needs iam:SimulatePrincipalPolicy") }))},
	{"no-security-contact",
		input(section("a", keyA, secretA), "", acct(func(f *facts.AccountFacts) { f.SecurityContact = facts.Answered(false) })), "has no security contact",
		"aws account put-alternate-contact --alternate-contact-type SECURITY --name NAME --title TITLE --email-address EMAIL --phone-number PHONE --profile a", 2,
		input(section("a", keyA, secretA), "", acct(func(f *facts.AccountFacts) { f.SecurityContact.Fail("needs account:GetAlternateContact") }))},
	{"unknown-account",
		input(section("a", keyA, secretA), "", acct(func(f *facts.AccountFacts) {
			f.Password.Fail("needs iam:GetAccountPasswordPolicy")
			f.Root.Fail("AWS is throttling")
		})), "unknown root user's keys and MFA, password policy: AWS denies iam:GetAccountPasswordPolicy; AWS is throttling", "may read", 2,
		input(section("a", keyA, secretA), "", acct(func(f *facts.AccountFacts) {}))},
	{"admin-key",
		input(section("a", keyA, secretA), "", person(func(u *facts.UserFacts) {
			u.Groups.Value = []facts.Group{{Name: "admins", Attached: facts.Answered([]string{"arn:aws-cn:iam::aws:policy/AdministratorAccess"})}}
		})), "administrator through group admins", "fewer permissions", 2,
		input(section("a", keyA, secretA), "", person(func(u *facts.UserFacts) { u.Groups.Value = []facts.Group{{Name: "admins"}} }))},
	{"root-key-file",
		input("", "", keyFiles("/home/u/.aws/rootkey.csv", copies.RootFile)), "rootkey.csv", "first replace it (keycare replace-root --profile a), then rm ", 0,
		input("", "", keyFiles("/home/u/.aws/x_accessKeys.csv", copies.Download))},
	{"file-mode",
		input(section("default", keyA, secretA), "", mode(0, 0o644)), "mode 0644: every user can read it", `chmod 600 "/home/u/.aws/credentials"`, 0,
		input(section("default", keyA, secretA), "")}, // config is 0644, but holds no key
	{"folder-mode",
		input(section("default", keyA, secretA), "", dirMode(0o775)), "its group can change it", `chmod go-w "/home/u/.aws"`, 0,
		input(section("default", keyA, secretA), "", dirMode(0o755))},
	{"file-owner",
		input(section("default", keyA, secretA), "", func(in *Input) { in.AWSFiles.Files[0].OwnedByOther = true }), "another user", "sudo chown", 0,
		input("", "", func(in *Input) { in.AWSFiles.Files[0].OwnedByOther = true })},
	{"hard-link",
		input(section("default", keyA, secretA), "", func(in *Input) { in.AWSFiles.Files[0].HardLinks = 2 }), "2 names", "mv", 0,
		input(section("default", keyA, secretA), "")},
	{"unreadable-file",
		input("", "", func(in *Input) {
			in.Set, in.ReadErrors = nil, []error{&fs.PathError{Op: "open", Path: "/x/credentials", Err: errors.New("permission denied")}}
		}), "permission denied", "", 0,
		input("", "")},
	{"readers-disagree",
		input(section("dev", keyA, secretA+" # mine"), ""), "because of a comment after a value", "line of its own", 3,
		input(section("dev", keyA, secretA, "# mine"), "")},
	{"old-generation-key",
		input(section("dev", keyOld, secretA), ""), "before about 2019", "keycare rotate dev", 2,
		input(section("dev", keyA, secretA), "")},
	{"misplaced-secret",
		input(section("a", keyA, secretA), "[profile a]\nregion = "+secretB+"\n"), "region may hold a secret", "enter the right value", 2,
		input(section("a", keyA, secretA), "[profile a]\nregion = us-east-1\n")},
	{"plain-endpoint",
		input(section("a", keyA, secretA), "[profile a]\nendpoint_url = http://me:pass@iam.corp:80/\n"), `profile "a" sends its calls to iam.corp:80 unencrypted`, "https://", 2,
		input(section("a", keyA, secretA), "[profile a]\nendpoint_url = http://127.0.0.1:80/\n")},
	{"root-login",
		input("", "[profile adm]\nlogin_session = arn:aws:iam::111122223333:root\n"), "root user", "", 1,
		input("", "[profile adm]\nlogin_session = arn:aws:iam::111122223333:user/root\n")},
	{"file-rejected",
		input(section("a", keyA, secretA)+"a lone line\n", ""), "the AWS CLI rejects the whole credentials file: a line that is not a header", "delete it", 5,
		input(section("a", keyA, secretA)+"# a lone line\n", "")},
	{"pair-split",
		input("[a]\naws_access_key_id = "+keyA+"\n", "[profile a]\naws_secret_access_key = "+secretA+"\n"), "line 2 of /home/u/.aws/config", "aws configure", 2,
		input("[a]\naws_access_key_id = "+keyA+"\n", "[profile a]\nregion = x\n")},
	{"doubtful-path",
		input("", "", func(in *Input) { in.Set.Paths.Doubts = []string{"AWS_CONFIG_FILE=~/x: differs"} }), "differs", "full path", 0,
		input("", "")},
	{"backup-copy",
		input("", "", keyFiles("/home/u/.aws/credentials.bak", copies.AWSCopy)), "credentials.bak", `rm "/home/u/.aws/credentials.bak"`, 0,
		input("", "")},
	{"copy-mode",
		input("", "", keyFiles("/home/u/.aws/credentials.bak", copies.AWSCopy), copyRights(0o644, 0o077)), "the copy credentials.bak with key " + keyA + " has mode 0644: every user can read it", `chmod 600 "/home/u/.aws/credentials.bak"`, 0,
		input("", "", keyFiles("/home/u/.aws/credentials.bak", copies.AWSCopy), copyRights(0o644, 0))},
	{"key-download",
		input("", "", keyFiles("/home/u/.aws/x_accessKeys.csv", copies.Download)), "x_accessKeys.csv", "rm ", 0,
		input("", "")},
	{"rotation-unfinished",
		input("", "", rotation(facts.Rotation{ID: "1", Profile: "a", Old: keyA, New: keyB, Stage: "retire", Since: now, Journal: true, Recovery: true})),
		"rotation of key " + keyA + ` of profile "a" (since 2026-11-02) is not finished`, "keycare resume", 0,
		input("", "", rotation(facts.Rotation{ID: "1", Profile: "a", Old: keyA, Stage: "grace", Journal: true}))},
	{"recovery-left",
		input("", "", rotation(facts.Rotation{ID: "1", Recovery: true, Path: "/s/1.recovery"})), "has no journal", "keycare resume", 0,
		input("", "", rotation(facts.Rotation{ID: "1", Recovery: true, Journal: true, Stage: "undo"}))},
	{"rotation-in-grace",
		input("", "", rotation(facts.Rotation{ID: "1", Profile: "a", Old: keyA, Stage: "grace", Journal: true})), "still active", "keycare resume", 0,
		input("", "", rotation(facts.Rotation{ID: "1", Profile: "a", Old: keyA, Stage: "undo", Journal: true}))},
	{"state-folder",
		input("", "", func(in *Input) {
			in.StateFault = &facts.StateFault{Path: "/s", Why: "can be written by other users (mode 0777)", Command: "chmod 700 /s"}
		}), "/s, where keycare keeps its rotation journals, can be written by other users (mode 0777)", "chmod 700 /s", 0,
		input("", "")},
	{"rotation-watched",
		input("", "", rotation(facts.Rotation{ID: "1", Profile: "a", Old: keyA, Stage: "watch", Journal: true})), "reply was lost", "keycare resume", 0,
		input("", "", rotation(facts.Rotation{ID: "1", Stage: "damaged", Journal: true}))},
	{"leak-report-owed",
		input("", "", rotation(facts.Rotation{ID: "1", Profile: "a", Old: keyA, New: keyB, Stage: facts.StageOwed, Journal: true})), "was not told yet", "keycare resume", 0,
		input("", "", rotation(facts.Rotation{ID: "1", Profile: "a", Old: keyA, New: keyB, Stage: "retire", Journal: true}))},
	{"not-rotatable",
		input(section("a", keyA, secretA, "x = a", "  b"), ""), "because of a value that continues", "one line", 5,
		input(section("a", keyA, secretA, "region : x"), "")}, // a quirk that ini.v1 takes as the others do
	{"stray-key",
		input("[a]\nold: "+keyA+"\nthat one: "+secretA+"\n", ""), "and its secret are in a line", "delete the lines", 2,
		input("# "+keyA+" is mine\n"+section("a", keyA, secretA, "# "+strings.Repeat("0a", 20)), "")}, // the secret is read, and a hash is none
	{"keycare-leftover",
		input("", "", keyFiles("/home/u/.aws/.keycare-1", copies.Leftover)), "interrupted", "keycare resume", 0,
		input("", "")},
	{"old-key",
		input(section("it's", keyA, secretA), "", online(aged(91))), "91 days old; the limit is 90", `keycare rotate "it's"`, 2,
		input(section("it's", keyA, secretA), "", online(aged(90)))},
	{"key-replaced",
		input(section("a", keyA, secretA), "", replaced(facts.Replacement{Old: keyA, New: keyB, Profile: "b", At: now})), "was replaced by key " + keyB, "copy the new key", 2,
		input(section("a", keyA, secretA), "", replaced(facts.Replacement{Old: keyB, New: keyA, Profile: "a", At: now}))},
	{"key-rejected",
		input(section("a", keyA, secretA), "", online(facts.Online{Rejected: true})), "not accepted", "aws configure --profile a", 2,
		input(section("a", keyA, secretA), "", online(fresh()))},
	{"key-inactive",
		input(section("a", keyA, secretA), "", online(changed(func(o *facts.Online) { o.Status.Value = "Inactive" }))), "is inactive", "", 2,
		input(section("a", keyA, secretA), "", online(fresh()))},
	{"unknown-facts",
		input(section("a", keyA, secretA), "", online(changed(func(o *facts.Online) {
			o.Created.Fail("needs iam:ListAccessKeys")
			o.Status.Fail("needs iam:ListAccessKeys")
		}))), "unknown age, status: AWS denies iam:ListAccessKeys", "keycare policy", 2,
		input(section("a", keyA, secretA), "")}, // offline: one line in the summary
	{"secret-mismatch",
		input(section("a", keyA, secretA)+section("b", keyA, secretB), ""), `profiles "a" and "b"`, "", 7,
		input(section("a", keyA, secretA)+section("b", keyA, secretA), "")},
	{"secret-reused",
		input(section("a", keyA, secretA)+section("b", keyB, secretA), ""), keyB + " has the same secret as key " + keyA, "", 7,
		input(section("a", keyA, secretA)+section("b", keyB, secretB), "")},
	{"two-ways-to-sign",
		input(section("a", keyA, secretA), "[profile a]\nsso_session = corp\nsso_account_id = 1\n"), "the AWS CLI uses IAM Identity Center, the Go SDK (terraform and others) uses the key", "", 2,
		input(section("a", keyA, secretA), "[profile b]\nsso_session = corp\n[profile a]\nrole_arn = r\nsource_profile = a\n")},
	{"static-key-where-sso",
		input(section("a", keyA, secretA), "[profile p]\nsso_session = corp\nsso_account_id = 619888638459\nsso_role_name = reader\n"),
		"key " + keyA + ` of profile "a" is for account 619888638459, which profile "p" signs in to with IAM Identity Center`, "aws sso login --profile p", 2,
		input(section("a", keyA, secretA)+section("b", keySession, secretB, "aws_session_token = x"), "[profile p]\nsso_session = corp\nsso_account_id = 619888638450\nsso_role_name = reader\n[profile b]\nsso_account_id = 619888638459\nsso_role_name = reader\n")}, // another account; no start URL
	{"role-without-mfa",
		input(section("base", keyA, secretA), "[profile b]\nrole_arn = arn:aws:iam::123456789012:role/ops/Deploy\nsource_profile = base\n[profile c]\nrole_arn = arn:aws:iam::111122223333:role/Audit\nsource_profile = b\n"),
		"key " + keyA + ` of profile "base" is enough, without MFA, for 2 roles: Deploy (account 123456789012), Audit (account 111122223333)`, `set mfa_serial in profiles "b" and "c"`, 2,
		input(section("base", keyA, secretA), "[profile b]\nrole_arn = arn:aws:iam::123456789012:role/ops/Deploy\nsource_profile = base\nmfa_serial = arn:aws:iam::619888638459:mfa/dev\n[profile c]\nrole_arn = arn:aws:iam::111122223333:role/Audit\nsource_profile = b\n")},
	{"bedrock-key",
		input(section("a", keyA, secretA), "", person(serviceOf(bedrockService, 30*day))), "has the Bedrock API key ACCAX, 20 days old, which expires on 2026-12-02", "aws iam delete-service-specific-credential --user-name dev --service-specific-credential-id ACCAX --profile a", 2,
		input(section("a", keyA, secretA), "", person(serviceOf(bedrockService, -day)))},
	{"bedrock-key-in-file",
		input(section("a", keyA, secretA, "aws_bearer_token_bedrock = "+bedrockA), ""), `setting aws_bearer_token_bedrock of profile "a" (the key is for account 123456789012) holds an API key`, "delete the line", 4,
		input(section("a", keyA, secretA, "# ABSK: see the wiki", "x_token = ABSK"+bedrockA[4:90]), "")},
	{"environment-bedrock-key",
		input("", "", func(in *Input) { in.AWSFiles.EnvBedrock = []string{"AWS_BEARER_TOKEN_BEDROCK"} }), "AWS_BEARER_TOKEN_BEDROCK holds", "unset AWS_BEARER_TOKEN_BEDROCK", 0,
		input("", "")},
	{"user-virtual-mfa",
		input(section("a", keyA, secretA), "", online(fresh())), "has an authenticator app for MFA (mfa/dev)", "security key", 2,
		input(section("a", keyA, secretA), "", person(func(u *facts.UserFacts) {
			u.MFA.Value = []string{"arn:aws:iam::619888638459:u2f/user/dev/k", "GAHT12345678"}
		}))},
	{"environment-key",
		input("", "", func(in *Input) {
			in.AWSFiles.EnvKeys, in.AWSFiles.EnvKeyID = []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}, keyA
		}), "with key " + keyA, "unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY", 0,
		input("", "")},
	{"cli-history",
		input("", "[default]\ncli_history = enabled\n"), "cli_history", "aws configure set cli_history disabled --profile default", 1,
		input("", "[default]\ncli_history = disabled\n")},
	{"cli-history-file",
		input("", "", func(in *Input) { in.AWSFiles.History = home.FileFact{Path: "/h/history.db", Exists: true} }), "recorded", `rm "/h/history.db"`, 0,
		input("", "[default]\ncli_history = enabled\n", func(in *Input) { in.AWSFiles.History = home.FileFact{Path: "/h", Exists: true} })},
	{"key-with-token",
		input(section("a", keyA, secretA, "aws_session_token = "+tokenA), ""), "session token beside", "", 4,
		input(section("a", keySession, secretA, "aws_session_token = "+tokenA), "")},
	{"key-in-config",
		input("", section("profile a", keyA, secretA)), "in the config file", "", 2,
		input(section("a", keyA, secretA), "[profile a]\nregion = x\n")},
	{"session-key",
		input(section("a", keySession, secretA, "aws_session_token = "+tokenA), ""), "expires by itself", "", 2,
		input(section("a", keySession, secretA), "")},
	{"session-key-no-token",
		input(section("a", keySession, secretA), ""), "no session token", "", 2,
		input(section("a", keySession, secretA, "aws_session_token = "+tokenA), "")},
	{"id-without-secret",
		input("[a]\naws_access_key_id = "+keyA+"\n", ""), "without a secret", "", 2,
		input(section("a", keyA, secretA), "")},
	{"secret-without-id",
		input("[a]\naws_secret_access_key = "+secretA+"\n", ""), "without a key ID", "", 2,
		input(section("a", keyA, secretA), "")},
	{"empty-key",
		input(section("a", "", ""), ""), "without a value", "", 2,
		input("[a]\nregion = x\n", "")},
	{"not-an-access-key",
		input(section("a", secretB, secretA), ""), "40 characters", "", 2,
		input(section("a", "minioadmin", secretA, "endpoint_url = http://localhost:9000"), "")},
	{"example-key",
		input(section("a", keyExample, secretA), ""), "example", "", 2,
		input(section("a", keyOld, secretA), "")},
	{"file-quirk",
		input(section("a", keyA, secretA, "region : x"), ""), "a : between name and value", "write = instead", 4,
		input(section("a", keyA, secretA)+"[b]\nregion : x\n", "")}, // b holds no key
	{"static-key",
		input(section("a", keyA, secretA), ""), "works until", "", 2,
		input(section("a", keyCanary, secretA)+section("b", keySession, secretB), "")},
	{"misspelt-setting",
		input("[dev]\naws_access_key = "+keyA+"\naws_secret_access_key = "+secretA+"\n", ""), `a setting aws_access_key, which no tool reads; did you mean aws_access_key_id?`, "write aws_access_key_id", 2,
		input("[dev]\naws_access_key = "+keyA+"\n"+section("", keyB, secretB)[3:], "")},
	{"swapped-pair",
		input("[dev]\naws_access_key_id = "+secretA+"\naws_secret_access_key = "+keyA+"\n", ""), `profile "dev" has its key ID and secret swapped`, "swap the two values", 3,
		input(section("dev", keyA, secretA), "")},
	{"impossible-secret",
		input(section("dev", keyA, secretA+"%"), ""), `the secret of profile "dev" has 41 characters and ends in %`, "aws configure --profile dev", 3,
		input("[dev]\nendpoint_url = https://minio.example\n"+section("", keyA, secretA+"%")[3:], "")},
	{"region-name",
		input(section("dev", keyA, secretA)+"region = useast1\n", ""), `useast1 is not a region; did you mean us-east-1?`, "aws configure set region us-east-1 --profile dev", 5,
		input(section("dev", keyA, secretA)+"region = us-east-1\n", "")},
	{"region-name",
		input(section("dev", keyA, secretA)+"region = us-east-1a\n", ""), `us-east-1a is a zone, not a region; did you mean us-east-1?`, "aws configure set region us-east-1 --profile dev", 5,
		input(section("dev", keyA, secretA)+"region = eu-isoe-west-1\n[b]\nregion = auto\nendpoint_url = https://minio.example\n", "")},
	{"role-without-key",
		input(section("base", keyA, secretA), "[profile orphan]\nrole_arn = arn:aws:iam::123456789012:role/C\nsource_profile = nosuch\n"), `there is no profile "nosuch"`, "source_profile", 3,
		input(section("base", keyA, secretA), "[profile a]\nrole_arn = arn:aws:iam::123456789012:role/C\nsource_profile = b\n[profile b]\nrole_arn = arn:aws:iam::123456789012:role/D\nsource_profile = base\n")},
	{"shared-key",
		input(section("a", keyA, secretA)+section("b", keyA, secretA), ""), `profiles "a" and "b"`, "", 2,
		input(section("a", keyA, secretA), section("profile a", keyA, secretA))},
	{"canary-key",
		input(section("a", keyCanary, secretA), "", func(in *Input) { in.Offline = false }), "canary", "leave it", 2,
		input(section("a", keyA, secretA), "")},
	{"year-old-key",
		input(section("a", keyA, secretA), "", online(aged(366))), "366 days old; the limit is 90", "keycare rotate a", 2,
		input(section("a", keyA, secretA), "", online(aged(365)))},
	{"console-unused",
		input(section("a", keyA, secretA), "", person(password(200, 46))), "console password that has not been used for 46 days; the limit is 45", "aws iam delete-login-profile --user-name dev --profile a", 2,
		input(section("a", keyA, secretA), "", person(password(200, 45)))},
	{"admin-perhaps",
		input(section("a", keyA, secretA), "", person(func(u *facts.UserFacts) {
			u.Groups.Value = []facts.Group{{Name: "g", Inline: facts.Answered(inline("most", facts.GrantsPerhapsAll))}}
		})), "may be an administrator through inline policy most of group g", "aws iam get-group-policy --group-name g --policy-name most --profile a", 2,
		input(section("a", keyA, secretA), "", person(func(u *facts.UserFacts) { u.Inline.Value = inline("some", facts.GrantsSome) }))},
	{"root-virtual-mfa",
		input(section("a", keyA, secretA), "", acct(func(f *facts.AccountFacts) { f.RootVirtual.Value = true })), "an authenticator app", "security key", 2,
		input(section("a", keyA, secretA), "", acct(func(f *facts.AccountFacts) {
			f.RootVirtual.Value = true
			f.RootVirtual.Fail("needs iam:ListVirtualMFADevices")
		}))},
	{"signing-certificate",
		input(section("a", keyA, secretA), "", person(func(u *facts.UserFacts) { u.Certificates.Value = []string{"ASCAX"} })), "active signing certificate ASCAX", "aws iam delete-signing-certificate --user-name dev --certificate-id ASCAX --profile a", 2,
		input(section("a", keyA, secretA), "", person(func(u *facts.UserFacts) { u.Certificates.Fail("needs x") }))},
	{"service-credential",
		input(section("a", keyA, secretA), "", person(service(0))), "credential for codecommit.amazonaws.com, ACCAX, 20 days old, which works until someone deletes it", "aws iam delete-service-specific-credential --user-name dev --service-specific-credential-id ACCAX --profile a", 2,
		input(section("a", keyA, secretA), "", person(service(-day)))},
	{"password-expiry",
		input(section("a", keyA, secretA), "", acct(func(f *facts.AccountFacts) { f.Password.Value.MaxAge = 91 })), "for 91 days (should be 90)", "--max-password-age 90 --profile a", 2,
		input(section("a", keyA, secretA), "", acct(func(f *facts.AccountFacts) { f.Password.Value.MaxAge = 90 }))},
	{"key-and-password",
		input(section("a", keyA, secretA), "", person(func(u *facts.UserFacts) { u.Password.Value.Exists = true })), "console password beside key " + keyA, "aws login", 2,
		input(section("a", keyA, secretA), "", person(func(u *facts.UserFacts) { u.Password.Value.Exists = true; u.Password.Fail("needs x") }))},
	{"cache-mode",
		input("", "", otherFiles(home.OtherFiles{Caches: []home.Cache{{Dir: "/home/u/.aws/sso/cache", Files: []home.FileFact{{Path: "a", Exists: true, Mode: 0o640, ModeKnown: true}, {Path: "b", Exists: true, Mode: 0o604, ModeKnown: true}}}}})), "2 open files in this AWS cache: every user can read it", `chmod -R go-rwx "/home/u/.aws/sso/cache"`, 0,
		input("", "")},
	{"legacy-file",
		input("", "", keyFiles("/home/u/.boto", copies.OldTool)), ".boto holds a key", `rm "/home/u/.boto"`, 0,
		input("", "")},
	{"link-outside",
		input(section("a", keyA, secretA), "", otherFiles(linkOutside)), "is a link to /mnt/c/credentials", "only you can read", 0,
		input("", section("profile a", keyA, secretA), otherFiles(linkOutside))},
	{"key-in-history",
		input(section("a", keyA, secretA), "", scanned(copies.Copy{KeyID: keyA, Tier: copies.OwnCurrent, Path: "/home/u/src/api", Inner: "conf.env", Git: true, Parts: copies.ID | copies.Secret})),
		"in api (Git history, conf.env); not pushed as far as this clone knows", "keycare rotate a", 0,
		input(section("a", keyA, secretA), "", scanned(copies.Copy{KeyID: keyA, Tier: copies.OwnCurrent, Path: "/home/u/src/api/conf.env", Parts: copies.Secret}))},
	{"own-key-copy",
		input(section("a", keyA, secretA), "", scanned(copies.Copy{KeyID: keyA, Tier: copies.OwnCurrent, Path: "/home/u/.env", Line: 3, Parts: copies.Secret, Forms: []copies.Form{copies.Base64}, Exposed: true})),
		"secret of key " + keyA + " is in .env, as base64; other users", "keycare rotate a --grace 24h", 3,
		input(section("a", keyA, secretA), "", scanned())},
	{"own-account-key",
		input(section("a", keyA, secretA), "", scanned(copies.Copy{KeyID: keyB, Key: -1, Tier: copies.OwnAccount, Path: "/home/u/x.zip", Inner: "p/.env", Line: 3, Parts: copies.ID, Near: true})),
		"the ID of key " + keyB + ", and what may be its secret, are in x.zip (p/.env)", "find out who", 0,
		input(section("a", keyA, secretA), "", scanned(copies.Copy{KeyID: keyB, Key: -1, Tier: copies.WithSecret, Path: "/home/u/.env", Parts: copies.ID, Near: true}))},
	{"other-aws-key",
		input(section("a", keyA, secretA), "", scanned(copies.Copy{KeyID: keyB, Key: -1, Tier: copies.WithSecret, Path: "/home/u/.env", Line: 1, Parts: copies.ID, Near: true})),
		"may be its secret, are in .env", "owner of the account", 1,
		input(section("a", keyA, secretA), "", scanned(copies.Copy{KeyID: keyB, Key: -1, Tier: copies.IDOnly, Path: "/home/u/.env", Parts: copies.ID}))},
}

// scanned is an input with what a scan found; keyA is a profile's.
func scanned(all ...copies.Copy) func(*Input) {
	return func(in *Input) {
		in.Found = &Found{Result: copies.Result{Copies: all}, Keys: []copies.Key{{ID: keyA, State: copies.Current, Profiles: []string{"a"}}}}
	}
}
