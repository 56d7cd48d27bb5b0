package credfile

import (
	"math/rand/v2"
	"strings"
)

// Texts for tests that hold one reader against another: mostly what a person
// may write, with each oddity that is known to divide the readers.

var nastyNames = []string{
	nameID, nameSecret, nameToken, nameOldToken, "region", "s3", "AWS_ACCESS_KEY_ID",
	"aws_secret_Access_key", `"aws_access_key_id"`, "aws access key", "", "a", "İ", "\u212Aey", "export x",
	nameID + "\u00a0", nameSecret + "\u3000", "\u2028" + nameID, "aws_access_key\u200b_id", nameSecret + "\x1f",
}

// nastySettings are settings by which a tool may reject a profile.
var nastySettings = []string{
	"role_arn = arn:aws:iam::123456789012:role/r", "source_profile = dev", "source_profile = default", "source_profile = nosuch", "source_profile = a b",
	"credential_source = Environment", "credential_process = x", "web_identity_token_file = /t", "retry_mode = legacy", "retry_mode = standard",
	"retry_mode =", "max_attempts = 3", "max_attempts = x", "defaults_mode = Legacy", "defaults_mode = x", "sso_session = s", "sso_session = t",
	"sso_region = x", "ec2_metadata_service_endpoint_mode = ipv5", "disable_request_compression = True", "disable_clock_skew_correction = false",
	"request_min_compression_size_bytes = 0x10", "request_min_compression_size_bytes = -1", "account_id_endpoint_mode = off",
	"request_checksum_calculation = WHEN_REQUIRED", "response_checksum_validation = never",
}

var nastyValues = []string{
	"", "", "AKIAIOSFODNN7EXAMPLE", "AKIAZAVB57H55F3T4BKH", "secret/with+40", "abc#def", "abc # note", "abc ; note", "abc\t# note",
	`"quoted"`, `'quoted'`, `"`, `'`, `"open`, "`tick`", "`tick", `"""three"""`, "#hash", "; semi", "a = b", "a:b", `ends\`, "%(region)s",
	"${HOME}", "\u00a0x\v", "pässwörd", "\x00", "x\x00y", "\x1cx", "\u0085x", "\u2028", "v\fw", "[x]", "]", "[",
}

var nastyHeaders = []string{
	"default", "default", "profile default", "dev", "profile dev", "profile  dev", "profile\tdev", `profile "dev"`, `"dev"`, " dev ", "a b",
	"profile a b", "DEFAULT", "Default", "a#b", "a;b", "", " ", "profile", "profile ", "profile profile dev", "profile profile a",
	"profile 'a b'", `profile a\ b`, `profile "a`, "profiledev x", "sso-session s", "a.b", "a]b", "[a", "\u00a0dev", "x\vy", "default\x1c",
}

var nastyTails = []string{"", "", "", "", "", " # note", "; note", " junk", " # [old]", "]", " \t", "\v"}

var nastyIndents = []string{"", "", "", "", "", " ", "  ", "\t", "\v", "\u00a0", "    ", "\u3000", "\f", "\u0085", "\u2028", "\u00a0 ", "\x1e"}

var nastyEnds = []string{"\n", "\n", "\n", "\n", "\n", "\r\n", "\r\n", "\r", "\n\n", "\n \n", "\n\t\n"}

var nastyLines = []string{
	"# comment", "; comment", "  # indented", "junk", " continued", "  continued more", "= no name", ": no name", "[open", "rem x", "// x",
	"\u0085", "\x1f", "\xff", "\uFEFF", "#\rx=1", "   \t", "a\u2028b=1",
}

func pick(r *rand.Rand, of []string) string { return of[r.IntN(len(of))] }

// nastyText returns a random shared file.
func nastyText(r *rand.Rand) string {
	var b strings.Builder
	if r.IntN(40) == 0 {
		b.WriteString("\uFEFF")
	}
	header := func() {
		b.WriteString(pick(r, nastyIndents[:5+r.IntN(len(nastyIndents)-4)]) + "[" + pick(r, nastyHeaders) + "]" + pick(r, nastyTails) + pick(r, nastyEnds))
	}
	if r.IntN(12) != 0 {
		header()
	}
	for range r.IntN(9) {
		switch r.IntN(10) {
		case 0, 1:
			header()
		case 2:
			b.WriteString(pick(r, nastyLines) + pick(r, nastyEnds))
		case 3:
			b.WriteString(pick(r, nastySettings) + pick(r, nastyEnds))
		case 4:
			for _, name := range []string{nameID, nameSecret, nameToken}[:2+r.IntN(2)] {
				b.WriteString(pick(r, nastyIndents[:6]) + name + " = " + pick(r, nastyValues) + pick(r, nastyEnds))
			}
		default:
			delim := pick(r, []string{" = ", " = ", "=", "=", " : ", "\t=\t", " =\u00a0", "\u3000= ", "\u00a0=\f"})
			b.WriteString(pick(r, nastyIndents) + pick(r, nastyNames) + delim + pick(r, nastyValues) + pick(r, nastyEnds))
		}
	}
	text := b.String()
	if r.IntN(10) == 0 {
		text = strings.TrimRight(text, "\r\n")
	}
	return text
}
