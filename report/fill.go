package report

import (
	"keycare/credfile/show"
	"slices"
	"strings"
)

// renameFirst is the repair where a path or a profile's name cannot stand in a
// command line that is shown and copied.
var renameFirst = say("rename it first: its name has characters that cannot be used in a command")

// filled fills in the placeholders of a rule's repair. They are said at Rule.
func (r Repair) filled(f *Finding, goos string) Repair {
	if !strings.Contains(r.Text+r.Command, "{") {
		return r
	}
	profile := "default"
	if len(f.Profiles) > 0 {
		profile = f.Profiles[0]
	}
	path, name := show.Quoted(f.File, goos), show.Word(profile, goos)
	aboutFile := strings.Contains(r.Command, "{file}") || strings.Contains(r.Command, "{folder}")
	if aboutFile && path == "" || !aboutFile && name == "" {
		return renameFirst
	}
	if rest, ok := strings.CutPrefix(r.Command, "rm "); ok && goos == "windows" {
		r.Command = "del " + rest
	}
	fill := strings.NewReplacer("{file}", path, "{folder}", path, "{profile}", name, "{arg}", show.Arg(profile, goos), "{key}", f.KeyID)
	return Repair{fill.Replace(r.Text), fill.Replace(r.Command)}
}

// iam is a repair by a command of the AWS CLI about IAM, with the profile of f.
func iam(text string, f *Finding, goos string, argv ...string) Repair {
	argv = slices.Concat([]string{"aws", "iam"}, argv)
	if len(f.Profiles) > 0 {
		argv = append(argv, "--profile", f.Profiles[0])
	}
	command := show.Command(goos, argv...)
	if command == "" {
		return renameFirst
	}
	return Repair{text, command}
}

// afterRejected is a repair where the AWS CLI rejects a file, so that none of its
// commands works. It could not even write the file.
func (r Repair) afterRejected() Repair {
	const first = "fix file-rejected first"
	switch {
	case !strings.HasPrefix(r.Command, "aws "):
		return r
	case r.Text == "":
		return Repair{first + ", then", r.Command}
	case strings.HasPrefix(r.Command, "aws configure "):
		return say(first + "; then " + r.Text)
	}
	return Repair{first + "; then " + r.Text, r.Command}
}
