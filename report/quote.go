package report

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"keycare/credfile"
)

// quotePath writes a path for a command line, always in quotes.
func quotePath(path, goos string) string {
	special := "\"$`\\!"
	if goos == "windows" {
		special = "\"%" // cmd; a backslash is a part of every path
	}
	switch {
	case !printable(path):
		return "" // no command line that could be shown and copied
	case !strings.ContainsAny(path, special):
		return `"` + path + `"`
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}

// quoteName writes a profile name for a command line, in quotes where it needs
// them.
func quoteName(name, goos string) string {
	if name != "" && strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./+:@,") == "" {
		return name
	}
	return quotePath(name, goos)
}

// quoteArg is quoteName for an argument by itself, which must not be taken for
// a flag.
func quoteArg(name, goos string) string {
	if strings.HasPrefix(name, "-") {
		return "-- " + quoteName(name, goos)
	}
	return quoteName(name, goos)
}

// printable reports whether s shows as itself on every terminal. Control
// characters and marks of writing direction do not.
func printable(s string) bool {
	return utf8.ValidString(s) && strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
}

// isKeyID reports whether id has the form of an AWS access key ID, so that it
// is safe to show: a secret in the wrong line has not.
func isKeyID(f credfile.KeyFacts) bool {
	if len(f.ID) < 16 || len(f.ID) > 32 || f.Kind == credfile.Unknown || f.Kind == credfile.NotAKey {
		return false
	}
	for i := range len(f.ID) {
		if c := f.ID[i]; (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// fix fills in the template of a rule.
func fix(template string, f *Finding, goos string) string {
	if !strings.Contains(template, "{") {
		return template
	}
	profile := "default"
	if len(f.Profiles) > 0 {
		profile = f.Profiles[0]
	}
	path := quotePath(f.File, goos)
	name := quoteName(profile, goos)
	aboutFile := strings.Contains(template, "{file}") || strings.Contains(template, "{folder}")
	if aboutFile && path == "" || !aboutFile && name == "" {
		return "rename it first: its name has characters that cannot be shown"
	}
	if goos == "windows" {
		if rest, ok := strings.CutPrefix(template, "rm "); ok {
			template = "del " + rest
		}
	}
	return strings.NewReplacer("{file}", path, "{folder}", path, "{profile}", name,
		"{arg}", quoteArg(profile, goos), "{key}", f.KeyID).Replace(template)
}

// commandWords begin a repair that is a command.
var commandWords = []string{"aws", "keycare", "rm", "del", "chmod", "sudo", "cp", "unset", "Remove-Item"}

// splitFix cuts a repair into what it says and the command at its end; one of
// the two may be empty.
func splitFix(s string) (says, command string) {
	from := len(s)
	for _, word := range commandWords {
		if strings.HasPrefix(s, word+" ") {
			return "", s
		}
		if i := strings.Index(s, ": "+word+" "); i >= 0 {
			from = min(from, i+1)
		}
	}
	return s[:from], strings.TrimPrefix(s[from:], " ")
}

// afterMending is a repair where the AWS CLI does not work before file-rejected is
// mended. It could not even write the file.
func afterMending(s string) string {
	says, command := splitFix(s)
	switch {
	case !strings.HasPrefix(command, "aws "):
		return s
	case says == "":
		return "first mend file-rejected, then: " + command
	case strings.HasPrefix(command, "aws configure "):
		return "first mend file-rejected; then " + strings.TrimSuffix(says, ":")
	}
	return "first mend file-rejected; then " + s
}

// someNames is a list of at most four profile names for a sentence.
func someNames(names []string) string {
	const most = 4
	switch n := len(names); {
	case n == 0:
		return "a section that no tool reads as a profile"
	case n == 1:
		return fmt.Sprintf("profile %q", names[0])
	case n > most:
		return fmt.Sprintf("profiles %q, %q, %q and %d more", names[0], names[1], names[2], n-3)
	}
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = fmt.Sprintf("%q", name)
	}
	last := len(quoted) - 1
	return "profiles " + strings.Join(quoted[:last], ", ") + " and " + quoted[last]
}

// profileFlag makes an AWS CLI command use the profile of f.
func profileFlag(f Finding, a *auditor) string {
	if len(f.Profiles) == 0 {
		return ""
	}
	name := quoteName(f.Profiles[0], a.in.Local.GOOS)
	if name == "" {
		return ""
	}
	return " --profile " + name
}
