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

var nastyIndents = []string{"", "", "", "", "", " ", "  ", "\t", "\v", "\u00a0", "    "}

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
		b.WriteString(pick(r, nastyIndents[:5+r.IntN(7)]) + "[" + pick(r, nastyHeaders) + "]" + pick(r, nastyTails) + pick(r, nastyEnds))
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
		case 3, 4:
			for _, name := range []string{nameID, nameSecret, nameToken}[:2+r.IntN(2)] {
				b.WriteString(pick(r, nastyIndents[:6]) + name + " = " + pick(r, nastyValues) + pick(r, nastyEnds))
			}
		default:
			delim := pick(r, []string{" = ", " = ", "=", "=", " : ", "\t=\t", " =\u00a0"})
			b.WriteString(pick(r, nastyIndents) + pick(r, nastyNames) + delim + pick(r, nastyValues) + pick(r, nastyEnds))
		}
	}
	text := b.String()
	if r.IntN(10) == 0 {
		text = strings.TrimRight(text, "\r\n")
	}
	return text
}
