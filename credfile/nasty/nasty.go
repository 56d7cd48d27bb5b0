// Package nasty makes shared files for tests that hold one reader against another:
// mostly what a person may write, with each oddity that is known to divide the
// readers.
package nasty

import (
	"math/rand/v2"
	"strings"
)

const (
	nameID       = "aws_access_key_id"
	nameSecret   = "aws_secret_access_key"
	nameToken    = "aws_session_token"
	nameOldToken = "aws_security_token"
)

// SharedID and SharedSecret are a pair that often stands in several places, of
// both files.
const (
	SharedID     = "AKIAZAVB57H55F3T4OLD"
	SharedSecret = "old+secret/old+secret/old+secret/old+sec"
)

// StrayID stands in lines that most tools skip, and now and then behind something
// that makes one of them read it.
const StrayID = "AKIAZAVB57H55F3T4STR"

const strayPair = nameID + " = " + StrayID + "\n# " + nameSecret + " = str+secret/str+secret/str+secret/str+sec"

var names = []string{
	nameID, nameSecret, nameToken, nameOldToken, "region", "s3", "AWS_ACCESS_KEY_ID",
	"aws_secret_Access_key", `"aws_access_key_id"`, "aws access key", "", "a", "İ", "\u212Aey", "export x",
	nameID + "\u00a0", nameSecret + "\u3000", "\u2028" + nameID, "aws_access_key\u200b_id", nameSecret + "\x1f",
}

// settings are settings by which a tool may reject a profile.
var settings = []string{
	"role_arn = arn:aws:iam::123456789012:role/r", "source_profile = dev", "source_profile = default", "source_profile = nosuch", "source_profile = a b",
	"credential_source = Environment", "credential_process = x", "web_identity_token_file = /t", "retry_mode = legacy", "retry_mode = standard",
	"retry_mode =", "max_attempts = 3", "max_attempts = x", "defaults_mode = Legacy", "defaults_mode = x", "sso_session = s", "sso_session = t",
	"sso_region = x", "ec2_metadata_service_endpoint_mode = ipv5", "disable_request_compression = True", "disable_clock_skew_correction = false",
	"request_min_compression_size_bytes = 0x10", "request_min_compression_size_bytes = -1", "account_id_endpoint_mode = off",
	"request_checksum_calculation = WHEN_REQUIRED", "response_checksum_validation = never",
}

var values = []string{
	"", "", "AKIAIOSFODNN7EXAMPLE", "AKIAZAVB57H55F3T4BKH", "secret/with+40", "abc#def", "abc # note", "abc ; note", "abc\t# note",
	`"quoted"`, `'quoted'`, `"`, `'`, `"open`, "`tick`", "`tick", `"""three"""`, "#hash", "; semi", "a = b", "a:b", `ends\`, "%(region)s",
	"${HOME}", "\u00a0x\v", "pässwörd", "\x00", "x\x00y", "\x1cx", "\u0085x", "\u2028", "v\fw", "[x]", "]", "[",
}

var headers = []string{
	"default", "default", "profile default", "dev", "profile dev", "profile  dev", "profile\tdev", `profile "dev"`, `"dev"`, " dev ", "a b",
	"profile a b", "DEFAULT", "Default", "a#b", "a;b", "", " ", "profile", "profile ", "profile profile dev", "profile profile a",
	"profile 'a b'", `profile a\ b`, `profile "a`, "profiledev x", "sso-session s", "a.b", "a]b", "[a", "\u00a0dev", "x\vy", "default\x1c",
}

var tails = []string{"", "", "", "", "", " # note", "; note", " junk", " # [old]", "]", " \t", "\v"}

var indents = []string{"", "", "", "", "", " ", "  ", "\t", "\v", "\u00a0", "    ", "\u3000", "\f", "\u0085", "\u2028", "\u00a0 ", "\x1e"}

var ends = []string{"\n", "\n", "\n", "\n", "\n", "\r\n", "\r\n", "\r", "\n\n", "\n \n", "\n\t\n"}

var lines = []string{
	"# comment", "; comment", "  # indented", "junk", " continued", "  continued more", "= no name", ": no name", "[open", "rem x", "// x",
	"\u0085", "\x1f", "\xff", "\uFEFF", "#\rx=1", "   \t", "a\u2028b=1",
	"# " + nameID + " = " + SharedID, "# old\r" + nameID + " = " + SharedID, "#" + nameSecret + "=" + SharedSecret, "export AWS_ACCESS_KEY_ID=" + SharedID,
	"# " + strayPair, "#\r" + strayPair, "export " + strayPair, "; " + strayPair, "\u00a0" + strayPair,
}

func pick(r *rand.Rand, of []string) string { return of[r.IntN(len(of))] }

// Text returns a random shared file.
func Text(r *rand.Rand) string {
	var b strings.Builder
	if r.IntN(40) == 0 {
		b.WriteString("\uFEFF")
	}
	header := func() {
		b.WriteString(pick(r, indents[:5+r.IntN(len(indents)-4)]) + "[" + pick(r, headers) + "]" + pick(r, tails) + pick(r, ends))
	}
	if r.IntN(12) != 0 {
		header()
	}
	for range r.IntN(9) {
		switch r.IntN(10) {
		case 0, 1:
			header()
		case 2:
			b.WriteString(pick(r, lines) + pick(r, ends))
		case 3:
			b.WriteString(pick(r, settings) + pick(r, ends))
		case 4:
			for _, name := range []string{nameID, nameSecret, nameToken}[:2+r.IntN(2)] {
				b.WriteString(pick(r, indents[:6]) + name + " = " + pick(r, values) + pick(r, ends))
			}
		case 5, 6: // mostly as it should be, so that many can be edited
			indent, gap, end := "", pick(r, []string{" ", " ", "", "\u00a0"}), pick(r, ends[:7])
			if r.IntN(6) == 0 {
				indent = pick(r, indents)
			}
			b.WriteString(indent + nameID + gap + "= " + SharedID + end + indent + nameSecret + gap + "= " + SharedSecret + end)
		default:
			delim := pick(r, []string{" = ", " = ", "=", "=", " : ", "\t=\t", " =\u00a0", "\u3000= ", "\u00a0=\f"})
			b.WriteString(pick(r, indents) + pick(r, names) + delim + pick(r, values) + pick(r, ends))
		}
	}
	text := b.String()
	if r.IntN(10) == 0 {
		text = strings.TrimRight(text, "\r\n")
	}
	return text
}

// Pair returns a credentials and a config file. Half of the pairs have few
// oddities, so that most tools agree about them: keys of both files, one of them
// in several places, unusual spaces, indents, carriage returns, comments.
func Pair(r *rand.Rand) (credentials, config string) {
	if r.IntN(2) == 0 {
		return Text(r), Text(r)
	}
	return tame(r, ""), tame(r, "profile ")
}

func tame(r *rand.Rand, prefix string) string {
	var b strings.Builder
	end := pick(r, []string{"\n", "\n", "\r\n"})
	odd := r.IntN(3) == 0
	for _, name := range []string{"default", "dev", "a.b", "prod"}[:1+r.IntN(4)] {
		if name == "default" {
			b.WriteString("[default]" + end)
		} else {
			b.WriteString("[" + prefix + name + "]" + end)
		}
		indent, gap := "", " "
		if odd {
			indent, gap = pick(r, indents[4:]), pick(r, []string{" ", "", "\t", "\u00a0", "\u3000", "\f"})
		}
		write := func(name, value string) { b.WriteString(indent + name + gap + "=" + gap + value + end) }
		switch r.IntN(4) {
		case 0, 1:
			write(nameID, SharedID)
			write(nameSecret, SharedSecret)
		case 2:
			write(nameID, "AKIAZAVB57H55F3T4BKH")
			write(nameSecret, "bkh+secret/bkh+secret/bkh+secret/bkh+sec")
		}
		switch r.IntN(6) {
		case 0:
			b.WriteString(pick(r, settings) + end)
		case 1:
			b.WriteString("# a note" + end)
		case 2:
			write("region", "eu-west-1")
		}
		switch r.IntN(20) {
		case 0:
			b.WriteString(pick(r, lines) + end)
		case 1, 2:
			b.WriteString(pick(r, []string{"# ", "#", "; ", "#\r", "\u3000# "}) + strayPair + end)
		}
	}
	return b.String()
}
