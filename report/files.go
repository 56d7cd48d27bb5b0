package report

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"keycare/credfile/home"
	"keycare/credfile/show"
)

var (
	ruleFileOwner = &Rule{
		ID: "file-owner", About: AboutFile, Severity: High, Because: "the owner can read and change it whatever the mode says",
		Title:   "Key file or folder owned by another user",
		Why:     "its owner can read or replace your keys at any time",
		Sources: []string{"AWS CLI file permission rule, by extension"},
		Repair:  Repair{Command: `sudo chown "$(id -un)" {file}`},
	}
	ruleUnreadableFile = &Rule{
		ID: "unreadable-file", About: AboutFile, Severity: High, Because: "what could not be checked may be the worst of all",
		Title:   "Unreadable file",
		Why:     "the keys in it could not be checked",
		Sources: []string{srcShared},
		Repair:  Repair{Text: "fix what the message says, then", Command: "keycare audit"},
	}
	ruleDoubtfulPath = &Rule{
		ID: "doubtful-path", About: AboutMachine, Severity: Medium, Because: "tools may use keys from a file nobody looks at",
		Title:   "Doubtful file path",
		Why:     "tools may read other files than you think, or different ones",
		Sources: []string{"AWS SDKs and Tools Reference Guide, location of the shared files"},
		Repair:  Repair{Text: "set the variable to the full path of the file you mean"},
	}
	ruleHardLink = &Rule{
		ID: "hard-link", About: AboutFile, Severity: Medium, Because: "the other name exposes the keys in a place nobody looks after",
		Title:   "Key file with a second name",
		Why:     "the same keys are also under another path, where a rotation would leave the old ones; keycare refuses to rotate it",
		Sources: []string{srcBest},
		Repair:  Repair{Command: ownFile},
	}
	ruleLinkOutside = &Rule{
		ID: "link-outside", About: AboutFile, Severity: Medium, Because: "the folder may be shared, synced or published",
		Title:   "Key file outside your home folder",
		Why:     "the file is a link to somewhere else, where others may be able to read it",
		Sources: []string{srcBest},
		Repair:  Repair{Text: "make sure only you can read that folder, or replace the link with the file itself"},
	}
)

// fileRules are about the shared files and their folders.
var fileRules = []*Rule{ruleFileOwner, ruleUnreadableFile, ruleDoubtfulPath, ruleHardLink, ruleLinkOutside}

// judgePaths judges the names of the files.
func (a *auditor) judgePaths() {
	for _, doubt := range a.set.Paths.Doubts {
		a.add(ruleDoubtfulPath, Finding{What: doubt}, doubt)
	}
	if len(a.set.Paths.Doubts) > 0 {
		return
	}
	for kind, f := range a.set.Files() {
		name := a.set.Paths.Variables[kind]
		if name == "" || !slices.Contains(a.set.Missing, f.Path) || f.Path == "/dev/null" || strings.EqualFold(f.Path, "nul") {
			continue
		}
		what := fmt.Sprintf("%s names a file that does not exist, so tools find nothing there", name)
		switch {
		case strings.Trim(f.Path, `"'`) != f.Path:
			what += ": the quotes in it are part of its name"
		case strings.HasPrefix(f.Path, "file://"):
			what += ": it takes a path, not a URL"
		}
		a.add(ruleDoubtfulPath, Finding{What: what, File: show.Field(f.Path)}, name, "missing")
	}
}

// judgeFailures judges the failures to read them.
func (a *auditor) judgeFailures() {
	for _, err := range a.in.ReadErrors {
		if err == nil {
			continue
		}
		f := Finding{What: err.Error()}
		subject := f.What
		var at *fs.PathError
		if errors.As(err, &at) {
			f.File = at.Path
		}
		if f.File != "" && errors.Is(err, fs.ErrPermission) {
			f.What, f.Repair = "you do not have permission to read it", a.openUp(f.File)
		}
		a.add(ruleUnreadableFile, f, f.File, subject)
	}
}

// openUp is the command that makes a file readable to its owner, by what keeps it
// shut: the folder, its mode, or its owner. It is empty where that is not known.
func (a *auditor) openUp(path string) Repair {
	fill := func(command, back string, f home.FileFact) Repair {
		if f.OwnedByOther {
			command = back
		}
		return do(command).filled(&Finding{File: f.Path}, a.goos)
	}
	for _, f := range a.in.AWSFiles.Files {
		if f.Path == path && f.ModeKnown {
			return fill("chmod 600 {file}", `sudo chown "$(id -un)" {file}`, f)
		}
	}
	for _, d := range a.in.AWSFiles.Dirs {
		if d.OwnedByOther && filepath.Base(d.Path) != ".aws" {
			continue // not the reader's to change
		}
		if d.Path == filepath.Dir(path) && d.ModeKnown && (d.OwnedByOther || d.Mode&0o100 == 0) {
			return fill("chmod 700 {file}", folderBack, d)
		}
	}
	return Repair{}
}

// folderBack gives a user a folder back that a run as root has left.
const folderBack = `sudo chown -R "$(id -un)" {file}`

// unread names the files that are known to be there and could not be read.
func (a *auditor) unread() (paths []string) {
	for _, err := range a.in.ReadErrors {
		for _, f := range a.in.AWSFiles.Files {
			if err != nil && f.Path != "" && strings.Contains(err.Error(), f.Path) && !slices.Contains(paths, f.Path) {
				paths = append(paths, f.Path)
			}
		}
	}
	if len(paths) == 0 && len(a.in.ReadErrors) > 0 {
		return []string{"the AWS files"}
	}
	return paths
}

// lookAtFiles judges the two files: their names, whether they can be read, whose
// they are, and where links lead.
func lookAtFiles(a *auditor) {
	a.judgePaths()
	a.judgeFailures()
	a.judgeOwners()
	a.linksOutside()
}

// judgeOwners judges owners and links of what holds keys.
func (a *auditor) judgeOwners() {
	holding := false
	for _, f := range a.in.AWSFiles.Files {
		// A file that could not be read is taken for one that holds keys.
		if !f.Exists || !a.inventory.holdsKeys[f.Kind] && len(a.in.ReadErrors) == 0 {
			continue
		}
		holding = true
		file := fmt.Sprintf("the %s file with keys", f.Kind)
		if !a.inventory.holdsKeys[f.Kind] {
			file = fmt.Sprintf("the %s file", f.Kind) // nobody has seen keys in it
		}
		if f.OwnedByOther {
			a.add(ruleFileOwner, Finding{File: f.Path, What: file + " belongs to another user"}, f.Path)
		}
		if f.HardLinks > 1 {
			a.add(ruleHardLink, Finding{File: f.Path,
				What: fmt.Sprintf("%s has %d names (hard links)", file, f.HardLinks)}, f.Path)
		}
	}
	if !holding {
		return
	}
	for _, d := range a.in.AWSFiles.Dirs {
		if !d.Exists {
			continue
		}
		// A folder of the system's is not the reader's to change.
		switch {
		case d.OwnedByRoot && d.OwnedByOther && filepath.Base(d.Path) == ".aws" && len(a.in.ReadErrors) == 0:
			f := Finding{Severity: Medium, File: d.Path, What: "the key folder belongs to root, as after a run by root, so no key in it can be rotated"}
			f.Repair = do(folderBack).filled(&f, a.goos)
			a.add(ruleFileOwner, f, d.Path)
		case d.OwnedByOther && !d.OwnedByRoot:
			a.add(ruleFileOwner, Finding{File: d.Path, Repair: moveAway, What: "the key folder belongs to another user"}, d.Path)
		}
	}
}

// moveAway is the repair where a key file lies in a folder of somebody else's.
var moveAway = say("move the file into a folder of your own, normally ~/.aws, and point AWS_SHARED_CREDENTIALS_FILE or AWS_CONFIG_FILE at it")

// linksOutside judges links that lead out of the home folder.
func (a *auditor) linksOutside() {
	for _, f := range a.in.OtherFiles.Outside {
		if a.inventory.holdsKeys[f.Kind] || len(a.in.ReadErrors) > 0 {
			a.add(ruleLinkOutside, Finding{File: f.Path, What: fmt.Sprintf("the %s file with keys is a link to %s", f.Kind, f.Target)}, f.Path)
		}
	}
}
