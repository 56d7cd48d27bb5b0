package report

import (
	"fmt"
	"io/fs"
	"strings"

	"keycare/credfile"
	"keycare/credfile/home"
	"keycare/credfile/show"
)

var (
	ruleFileMode = &Rule{
		ID: "file-mode", About: AboutFile, Severity: High, Because: "every other user of this machine can take the keys without a trace",
		Title:   "Key file open to others",
		Why:     "other users of this machine can read or change the keys in it",
		Sources: []string{srcCLIMode},
		Repair:  Repair{Command: "chmod 600 {file}"},
	}
	ruleFolderMode = &Rule{
		ID: "folder-mode", About: AboutFile, Severity: High, Because: "anyone who can write to the folder can replace your file with theirs",
		Title:   "Key folder open to others",
		Why:     "other users of this machine can replace the files in it, including keys and commands",
		Sources: []string{srcCLIMode},
		Repair:  Repair{Command: "chmod go-w {folder}"},
	}
	ruleCacheMode = &Rule{
		ID: "cache-mode", About: AboutFile, Severity: Medium, Because: "as for file-mode, but its contents expire within hours or weeks",
		Title:   "AWS caches open to others",
		Why:     "the session keys and sign-ins in them work for anyone who reads them, until they expire",
		Sources: []string{srcCLIMode},
		Repair:  Repair{Command: "chmod -R go-rwx {folder}"},
	}
)

// modeRules are about modes that give others too much.
var modeRules = []*Rule{ruleFileMode, ruleFolderMode, ruleCacheMode}

// TooOpen is a file or a folder that others have rights to which they should not
// have. OwnedByOther says that only its owner can mend that.
type TooOpen struct {
	home.FileFact
	Take fs.FileMode // the rights to take away
	rule *Rule
	what string // it is, in a sentence
}

// Want is its mode without them.
func (t TooOpen) Want() fs.FileMode { return t.Mode.Perm() &^ t.Take }

const (
	everyRight fs.FileMode = 0o077 // of the group and of others: the AWS CLI's own rule
	writeRight fs.FileMode = 0o022
)

// TooOpenIn lists what is too open, by the modes in in: the audit tells each, and
// "keycare fix" mends each. Files of AWS's caches are one finding a folder.
func TooOpenIn(in Input) []TooOpen {
	if in.Set == nil {
		return tooOpen(in, [2]bool{})
	}
	return tooOpen(in, takeInventory(in.Set, nil).holdsKeys)
}

// tooOpen is TooOpenIn; holds says which of the two files has keys.
func tooOpen(in Input, holds [2]bool) (all []TooOpen) {
	check := func(f home.FileFact, bits fs.FileMode, rule *Rule, what string) {
		// In a sticky folder, such as /tmp, nobody can replace another's file.
		if f.Exists && f.ModeKnown && f.Mode.Perm()&bits != 0 && f.Mode&fs.ModeSticky == 0 {
			all = append(all, TooOpen{f, f.Mode.Perm() & bits, rule, what})
		}
	}
	there := false
	for _, f := range in.AWSFiles.Files {
		there = there || f.Exists
		switch kind := f.Kind.String(); {
		case holds[f.Kind]:
			check(f, everyRight, ruleFileMode, "the "+kind+" file with keys")
		case len(in.ReadErrors) > 0: // nobody has seen whether it has keys
			check(f, everyRight, ruleFileMode, "the "+kind+" file")
		case f.Kind == credfile.CredentialsFile && in.Set != nil && strings.TrimSpace(in.Set.Credentials.Text) != "":
			check(f, everyRight, ruleFileMode, "the "+kind+" file")
		default: // nobody's secret, but AWS's tools run commands that it names
			check(f, writeRight, ruleFileMode, "the "+kind+" file")
		}
	}
	if there {
		for _, d := range in.AWSFiles.Dirs {
			check(d, writeRight, ruleFolderMode, "the key folder")
		}
	}
	check(in.AWSFiles.History, everyRight, ruleFileMode, "the AWS CLI's record of calls")
	for _, c := range in.OtherFiles.Caches {
		for _, f := range c.Files {
			check(f, everyRight, ruleCacheMode, "")
		}
	}
	return all
}

// lookAtModes judges what others may do with the files.
func lookAtModes(a *auditor) {
	for _, t := range tooOpen(a.in, a.inventory.holdsKeys) {
		if t.rule != ruleCacheMode {
			f := Finding{File: t.Path, What: t.what + " has " + t.How()}
			switch {
			case t.rule == ruleFolderMode && t.OwnedByOther:
				f.Repair = moveAway
			case len(t.Others) > 0:
				f.Repair = icacls(t.FileFact, a.in.AWSFiles.User)
			}
			a.add(t.rule, f, t.Path)
		}
	}
	for _, c := range a.in.OtherFiles.Caches {
		var worst fs.FileMode
		for _, f := range c.Files {
			worst |= f.Mode.Perm() & everyRight
		}
		a.add(ruleCacheMode, Finding{File: c.Dir,
			What: fmt.Sprintf("%s in this AWS cache: %s", show.Count(len(c.Files), "open file"), openTo(worst))}, c.Dir)
	}
}

// How says what is too much: in the mode, or in the access list.
func (t TooOpen) How() string {
	if len(t.Others) == 0 {
		return fmt.Sprintf("mode %04o: %s", t.Mode.Perm(), openTo(t.Take))
	}
	var names []string
	for _, o := range t.Others {
		names = append(names, o.Name)
	}
	right := "read"
	if t.Take&writeRight != 0 {
		right = "change"
	}
	return fmt.Sprintf("an access list that lets others %s it: %s", right, show.Flow(strings.Join(names, ", ")))
}

// icacls is the command that leaves a file or a folder to its user and the system
// (https://learn.microsoft.com/windows-server/administration/windows-commands/icacls).
func icacls(f home.FileFact, user string) Repair {
	all := ":F"
	if f.Mode.IsDir() {
		all = ":(OI)(CI)F"
	}
	argv := []string{"icacls", f.Path, "/inheritance:r", "/grant:r", user + all, "*S-1-5-18" + all, "*S-1-5-32-544" + all, "/remove"}
	for _, o := range f.Others {
		argv = append(argv, "*"+o.SID)
	}
	command := show.Command("windows", argv...)
	if command == "" {
		return renameFirst
	}
	return Repair{Command: command}
}

// openTo says who can do what, the widest right first.
func openTo(m fs.FileMode) string {
	who := func(bits fs.FileMode) string {
		switch {
		case m&bits&0o007 != 0:
			return "every user"
		default:
			return "its group"
		}
	}
	switch {
	case m&0o022 != 0:
		return who(0o022) + " can change it"
	case m&0o044 != 0:
		return who(0o044) + " can read it"
	}
	return who(0o011) + " has a right that only you should have"
}
