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
	if goos == "windows" {
		return r.onWindows(f, profile)
	}
	path, name := show.Quoted(f.File, goos), show.Word(profile, goos)
	aboutFile := strings.Contains(r.Command, "{file}") || strings.Contains(r.Command, "{folder}")
	if aboutFile && path == "" || !aboutFile && name == "" {
		return renameFirst
	}
	fill := strings.NewReplacer("{file}", path, "{folder}", path, "{profile}", name, "{arg}", show.Arg(profile, goos), "{key}", f.KeyID)
	return Repair{fill.Replace(r.Text), fill.Replace(r.Command)}
}

// onWindows is filled for cmd and PowerShell, which both know copy, move and del.
func (r Repair) onWindows(f *Finding, profile string) Repair {
	if show.SecretLike(profile) && !strings.Contains(r.Command, "{file}") && !strings.Contains(r.Command, "{folder}") {
		return renameFirst
	}
	fill := strings.NewReplacer("{file}", f.File, "{folder}", f.File, "{profile}", profile, "{key}", f.KeyID)
	var steps []string
	for _, template := range windowsSteps(r.Command) {
		var argv []string
		for _, word := range strings.Fields(template) {
			if word != "{arg}" {
				argv = append(argv, fill.Replace(word))
				continue
			}
			if strings.HasPrefix(profile, "-") {
				argv = append(argv, "--")
			}
			argv = append(argv, profile)
		}
		command := show.Command("windows", argv...)
		if command == "" {
			return renameFirst
		}
		steps = append(steps, command)
	}
	last := len(steps) - 1
	text := strings.Join(append([]string{fill.Replace(r.Text)}, steps[:last]...), ", then ")
	return Repair{strings.TrimPrefix(text, ", then "), steps[last]}
}

// windowsSteps are the commands of Windows that do what one of sh does.
func windowsSteps(command string) []string {
	switch rest, remove := strings.CutPrefix(command, "rm "); {
	case remove:
		return []string{"del " + rest}
	case command == ownFile:
		return []string{"copy {file} {file}.new", "del {file}", "move {file}.new {file}"}
	}
	return []string{command}
}

// ownFile gives a file's text a file without a second name.
const ownFile = "cp -p {file} {file}.new && mv {file}.new {file}"

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
