package report

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"keycare/credfile"
	"keycare/credfile/copies"
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
	ruleCopyMode = &Rule{
		ID: "copy-mode", About: AboutFile, Severity: High, Because: "as for file-mode: a key in a copy works as well",
		Title:   "Copy of a key open to others",
		Why:     "other users of this machine can read the keys in it, whatever the mode of the key file itself",
		Sources: []string{srcCLIMode + ", by extension"},
		Repair:  Repair{Command: "chmod 600 {file}"},
	}
)

// modeRules are about modes that give others too much.
var modeRules = []*Rule{ruleFileMode, ruleCopyMode, ruleFolderMode, ruleCacheMode}

// TooOpen is a file or a folder that others have rights to which they should not
// have. OwnedByOther says that only its owner can mend that.
type TooOpen struct {
	home.FileFact
	Take fs.FileMode // the rights to take away
	open fs.FileMode // those of them that others can make use of
	rule *Rule
	what string // it is, in a sentence
	keys []string
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
			all = append(all, TooOpen{FileFact: f, Take: f.Mode.Perm() & bits, open: f.Mode.Perm() & bits, rule: rule, what: what})
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
	return append(all, copiesTooOpen(in)...)
}

// copiesTooOpen lists the copies of keys that others can get at. One of which AWS
// says that none of its keys works is only in the way.
func copiesTooOpen(in Input) (all []TooOpen) {
	deleted := in.deletedKeys()
	dead := func(id string) bool {
		o := in.Online[id]
		return o.Rejected || o.Status.Known() && o.Status.Value == "Inactive" || deleted[id]
	}
	for i := range in.KeyFiles {
		s := &in.KeyFiles[i]
		ids := s.KeyIDs()
		live := slices.DeleteFunc(slices.Clone(ids), dead)
		open := s.Fact.Mode.Perm() & s.Reach & everyRight
		if open == 0 || !s.Fact.ModeKnown || s.Closed || s.Place == copies.Leftover || s.Place == copies.OldTool || len(ids) > 0 && len(live) == 0 {
			continue
		}
		what := "the download "
		if s.Place == copies.AWSCopy {
			what = "the copy "
		}
		what += show.Flow(filepath.Base(s.Path))
		switch n := len(live); {
		case n == 1:
			what += " with key " + live[0]
		case n > 1:
			what += fmt.Sprintf(" with %d keys, %s among them,", n, live[0])
		default:
			what += " with keys in it"
		}
		all = append(all, TooOpen{FileFact: s.Fact, Take: s.Fact.Mode.Perm() & everyRight, open: open, rule: ruleCopyMode, what: what, keys: live})
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
			case t.rule == ruleCopyMode && t.OwnedByOther && len(t.Others) == 0:
				f.Repair = do("sudo chmod 600 {file}").filled(&f, a.goos)
			case len(t.Others) > 0:
				f.Repair = icacls(t.FileFact, a.in.AWSFiles.User)
			}
			if len(t.keys) > 0 {
				f.KeyID = t.keys[0]
				if k := a.inventory.byID[f.KeyID]; k != nil {
					f.Profiles = k.profiles()
				}
			}
			a.add(t.rule, f, t.Path)
		}
	}
	for _, c := range a.in.OtherFiles.Caches {
		all := TooOpen{FileFact: home.FileFact{Path: c.Dir, Mode: fs.ModeDir}}
		for _, f := range c.Files {
			all.Take |= f.Mode.Perm() & everyRight
			for _, o := range f.Others {
				if !slices.Contains(all.Others, o) {
					all.Others = append(all.Others, o)
				}
			}
		}
		all.open = all.Take
		f := Finding{File: c.Dir, What: fmt.Sprintf("%s in this AWS cache: ", show.Count(len(c.Files), "open file"))}
		if len(all.Others) == 0 {
			f.What += openTo(all.open)
		} else {
			f.What += all.How()
			if f.Repair = icacls(all.FileFact, a.in.AWSFiles.User); f.Repair != renameFirst {
				f.Repair.Command += " /T" // what is in it
			}
		}
		a.add(ruleCacheMode, f, c.Dir)
	}
}

// How says what is too much: in the mode, or in the access list.
func (t TooOpen) How() string {
	if len(t.Others) == 0 {
		return fmt.Sprintf("mode %04o: %s", t.Mode.Perm(), openTo(t.open))
	}
	var names []string
	for _, o := range t.Others {
		names = append(names, o.Name)
	}
	right := "read"
	if t.open&writeRight != 0 {
		right = "change"
	}
	return fmt.Sprintf("an access list that lets others %s it: %s", right, show.Flow(strings.Join(names, ", ")))
}

// icacls is the repair of a file or a folder by its access list.
func icacls(f home.FileFact, user string) Repair {
	var sids []string
	for _, o := range f.Others {
		sids = append(sids, o.SID)
	}
	command := show.Icacls(f.Path, f.Mode.IsDir(), user, sids...)
	if command == "" {
		return renameFirst
	}
	return do(command)
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
