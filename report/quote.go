package report

import (
	"strings"

	"keycare/credfile/show"
)

// fix fills in the template of a rule.
func fix(template string, f *Finding, goos string) string {
	if !strings.Contains(template, "{") {
		return template
	}
	profile := "default"
	if len(f.Profiles) > 0 {
		profile = f.Profiles[0]
	}
	path := show.Quoted(f.File, goos)
	name := show.Word(profile, goos)
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
		"{arg}", show.Arg(profile, goos), "{key}", f.KeyID).Replace(template)
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

// profileFlag makes an AWS CLI command use the profile of f.
func profileFlag(f Finding, a *auditor) string {
	if len(f.Profiles) == 0 {
		return ""
	}
	name := show.Word(f.Profiles[0], a.in.Local.GOOS)
	if name == "" {
		return ""
	}
	return " --profile " + name
}
