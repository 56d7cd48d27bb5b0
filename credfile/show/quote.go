package show

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Word writes s, which may be a name in a file, as one word of a command line
// for the shell of a system (runtime.GOOS), in quotes where it needs them: sh,
// and on Windows one that cmd and PowerShell both read as meant. It is empty
// where no command line could be shown and copied, and for what may be a secret.
func Word(s, goos string) string {
	switch {
	case SecretLike(s):
		return ""
	case bare(s, goos):
		return s
	}
	return Quoted(s, goos)
}

// Quoted is Word for a path, always in quotes.
func Quoted(s, goos string) string {
	switch {
	case !Printable(s):
		return ""
	case goos == "windows":
		w, _ := bothQuoted(s)
		return w
	case !strings.ContainsAny(s, "\"$`\\!"):
		return `"` + s + `"`
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// The quotes that PowerShell takes for the plain ones.
const (
	doubleQuotes = "\"\u201c\u201d\u201e"
	singleQuotes = "'\u2018\u2019\u201a\u201b"
)

// bothQuoted is a word in double quotes, if cmd and PowerShell read it alike.
func bothQuoted(s string) (word string, ok bool) {
	if _, ok := cmdQuoted(s); !ok || strings.ContainsAny(s, "`"+doubleQuotes) || expandable(s) {
		return "", false
	}
	return `"` + s + `"`, true
}

// cmdQuoted is a word for cmd, which in quotes expands %NAME% and nothing else.
// A C program takes a backslash before the last quote for a part of it.
func cmdQuoted(s string) (word string, ok bool) {
	if strings.Contains(s, `"`) || strings.HasSuffix(s, `\`) || strings.Count(s, "%") > 1 {
		return "", false
	}
	return `"` + s + `"`, true
}

// powerQuoted is a word for PowerShell. Of a quote in it, each version makes
// something else for the program that gets it.
func powerQuoted(s string) (word string, ok bool) {
	if strings.Contains(s, `"`) || strings.HasSuffix(s, `\`) {
		return "", false
	}
	if both, ok := bothQuoted(s); ok {
		return both, true
	}
	var b strings.Builder
	for _, r := range s {
		if strings.ContainsRune(singleQuotes, r) {
			b.WriteRune(r)
		}
		b.WriteRune(r)
	}
	return "'" + b.String() + "'", true
}

// expandable reports whether PowerShell finds a variable in s within double
// quotes. In "\\server\home$\dana" there is none.
func expandable(s string) bool {
	for _, after := range strings.Split(s, "$")[1:] {
		r, size := utf8.DecodeRuneInString(after)
		if size > 0 && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("_{($^?:", r)) {
			return true
		}
	}
	return false
}

// bare reports whether a word means itself to every shell of a system.
func bare(s, goos string) bool {
	safe := "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./+:"
	if goos == "windows" {
		safe += `\` // "@" and "," mean something to PowerShell
		if strings.HasPrefix(s, "-") && strings.ContainsAny(s, ".:") {
			return false // PowerShell makes two words of "-a.b"
		}
	} else {
		safe += "@,"
	}
	return s != "" && strings.Trim(s, safe) == ""
}

// Arg is Word for an argument by itself, which must not be taken for a flag.
func Arg(s, goos string) string {
	w := Word(s, goos)
	if w != "" && strings.HasPrefix(s, "-") {
		return "-- " + w
	}
	return w
}

// Command is a command line that can be copied; empty where there is none for
// these arguments. Where cmd and PowerShell need different ones, it is
// PowerShell's, and a comment of its has that for cmd.
func Command(goos string, argv ...string) string {
	if goos != "windows" {
		return line(argv, func(s string) (string, bool) {
			w := Quoted(s, goos)
			return w, w != ""
		}, goos)
	}
	if slices.ContainsFunc(argv, func(s string) bool { return !Printable(s) }) {
		return ""
	}
	both := line(argv, bothQuoted, goos)
	power, plain := line(argv, powerQuoted, goos), line(argv, cmdQuoted, goos)
	switch cmdlet := literal[argv[0]]; {
	case !bare(argv[0], goos): // a string to PowerShell
		both, power = "", "& "+power
	case cmdlet != "" && strings.Contains(power, "["): // a pattern there
		both, power = "", cmdlet+strings.TrimPrefix(power, argv[0])
	}
	switch {
	case both != "" && both == plain && strings.Count(both, "%") < 2:
		return both
	case strings.TrimPrefix(power, "& ") == "":
		return ""
	case plain == "" || strings.Count(plain, "%") > 1:
		return power + "  # in PowerShell, not in cmd"
	}
	return power + "  # in cmd: " + plain
}

// literal are the cmdlets behind PowerShell's names for commands of cmd, told to
// take a path as it is.
var literal = map[string]string{
	"del": "Remove-Item -LiteralPath", "copy": "Copy-Item -LiteralPath", "move": "Move-Item -LiteralPath",
}

// line joins words; it is empty if one cannot be quoted.
func line(argv []string, quoted func(string) (string, bool), goos string) string {
	words := make([]string, len(argv))
	for i, a := range argv {
		if words[i] = a; bare(a, goos) {
			continue
		}
		w, ok := quoted(a)
		if !ok {
			return ""
		}
		words[i] = w
	}
	return strings.Join(words, " ")
}
