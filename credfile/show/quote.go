package show

import "strings"

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
		return windowsQuoted(s)
	case !strings.ContainsAny(s, "\"$`\\!"):
		return `"` + s + `"`
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// windowsQuoted uses double quotes, which both shells take, unless one of them
// would expand something. cmd cannot hide a "%" and neither passes a quote on as
// it is; no file's name has one.
func windowsQuoted(s string) string {
	switch {
	case strings.ContainsAny(s, "\"%\u201c\u201d\u201e"):
		return ""
	case strings.ContainsAny(s, "$`"): // PowerShell expands them; only there are single quotes known
		if strings.ContainsAny(s, "\u2018\u2019\u201a\u201b") {
			return ""
		}
		return "'" + strings.ReplaceAll(s, "'", "''") + "'"
	case strings.HasSuffix(s, `\`):
		return `"` + s + `\"` // C programs read \" as a quote
	}
	return `"` + s + `"`
}

// bare reports whether a word means itself to every shell of a system.
func bare(s, goos string) bool {
	safe := "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./+:"
	if goos == "windows" {
		safe += `\` // "@" and "," mean something to PowerShell
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
// these arguments.
func Command(goos string, argv ...string) string {
	words := make([]string, len(argv))
	for i, a := range argv {
		if words[i] = a; bare(a, goos) {
			continue
		}
		if words[i] = Quoted(a, goos); words[i] == "" {
			return ""
		}
	}
	return strings.Join(words, " ")
}
