package report

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"keycare/credfile"
	"keycare/credfile/home"
)

// lookAtPlaces judges the names of the files and the failures to read them.
func lookAtPlaces(a *auditor) {
	for _, doubt := range a.set.Paths.Doubts {
		a.add("doubtful-path", Finding{What: doubt}, doubt)
	}
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
			f.What, f.Fix = "you have no permission to read it: permission denied", a.openUp(f.File)
		}
		a.add("unreadable-file", f, f.File, subject)
	}
}

// openUp is the command that makes a file readable to its owner, by what keeps it
// shut: the folder, its mode, or its owner. It is empty where that is not known.
func (a *auditor) openUp(path string) string {
	fill := func(template string, f home.FileFact) string {
		if f.OwnedByOther {
			template = `sudo chown "$(id -un)" {file}`
		}
		return fix(template, &Finding{File: f.Path}, a.in.Local.GOOS)
	}
	for _, f := range a.in.Local.Files {
		if f.Path == path && f.ModeKnown {
			return fill("chmod 600 {file}", f)
		}
	}
	for _, d := range a.in.Local.Dirs {
		if d.Path == filepath.Dir(path) && d.ModeKnown && (d.OwnedByOther || d.Mode&0o100 == 0) {
			return fill("chmod 700 {file}", d)
		}
	}
	return ""
}

// unread names the files that are known to be there and could not be read.
func (a *auditor) unread() (paths []string) {
	for _, err := range a.in.ReadErrors {
		for _, f := range a.in.Local.Files {
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

// lookAtFiles judges modes, owners and links of what holds keys.
func lookAtFiles(a *auditor) {
	holding := false
	for _, f := range a.in.Local.Files {
		// A file that could not be read is taken for one that holds keys.
		if !f.Exists || !a.survey.holds[f.Kind] && len(a.in.ReadErrors) == 0 {
			continue
		}
		holding = true
		// The AWS CLI's own rule: any bit for group or others.
		if f.ModeKnown && f.Mode.Perm()&^0o700 != 0 {
			a.add("file-mode", Finding{File: f.Path,
				What: fmt.Sprintf("the %s file with keys has mode %04o: %s", f.Kind, f.Mode.Perm(), openTo(f.Mode))}, f.Path)
		}
		if f.OwnedByOther {
			a.add("file-owner", Finding{File: f.Path,
				What: fmt.Sprintf("the %s file with keys belongs to another user", f.Kind)}, f.Path)
		}
		if f.HardLinks > 1 {
			a.add("hard-link", Finding{File: f.Path,
				What: fmt.Sprintf("the %s file with keys has %d names (hard links)", f.Kind, f.HardLinks)}, f.Path)
		}
	}
	if !holding {
		return
	}
	for _, d := range a.in.Local.Dirs {
		if !d.Exists {
			continue
		}
		if d.ModeKnown && d.Mode.Perm()&0o022 != 0 {
			a.add("folder-mode", Finding{File: d.Path,
				What: fmt.Sprintf("the folder of the key file has mode %04o: %s", d.Mode.Perm(), openTo(d.Mode&0o022))}, d.Path)
		}
		if d.OwnedByOther {
			a.add("file-owner", Finding{File: d.Path, What: "the folder of the key file belongs to another user"}, d.Path)
		}
	}
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

var siblingRules = map[home.SiblingKind]struct{ rule, what string }{
	home.RootCSV:     {"root-key-file", "%s is the file of a root key"},
	home.KeyDownload: {"key-download", "%s is a key file from the AWS console"},
	home.BackupCopy:  {"backup-copy", "%s is a copy with keys in it"},
	home.Leftover:    {"keycare-leftover", "%s is left from a rotation that was interrupted"},
}

func lookAtSiblings(a *auditor) {
	for _, s := range a.in.Local.Siblings {
		if r, ok := siblingRules[s.Kind]; ok {
			a.add(r.rule, Finding{File: s.Path, What: fmt.Sprintf(r.what, filepath.Base(s.Path)), Fix: a.siblingFix(s)}, s.Path)
		}
	}
}

// siblingFix is what to do about a file that may hold the only copy of a key. It
// is empty where the repair of the rule will do.
func (a *auditor) siblingFix(s home.Sibling) string {
	remove := fix("rm {file}", &Finding{File: s.Path}, a.in.Local.GOOS)
	if s.Kind == home.Leftover || strings.HasPrefix(remove, "rename") {
		return ""
	}
	var lone, held []string
	for _, id := range s.KeyIDs {
		if a.survey.byID[id] == nil {
			lone = append(lone, id)
		} else {
			held = append(held, id)
		}
	}
	switch {
	case len(s.KeyIDs) == 0 || a.in.Set == nil:
		return "see whether a key that somebody needs stands in it alone; if not, " + remove
	case len(lone) > 0:
		return a.loneFix(s, lone) + "; then " + remove
	case s.Kind == home.RootCSV:
		f := Finding{Profiles: a.survey.byID[held[0]].profiles()}
		return fmt.Sprintf("its key is that of %s: first replace it (%s), then %s", someNames(f.Profiles),
			fix("keycare replace-root --profile {profile}", &f, a.in.Local.GOOS), remove)
	}
	return remove
}

// loneFix is what to do about keys that are in a file and in no profile. One that
// is in use, or is to stay because its user's other key goes, is not to be
// deleted.
func (a *auditor) loneFix(s home.Sibling, ids []string) string {
	says := fmt.Sprintf("it holds key %s that is in no profile: ", ids[0])
	that, it := "that key", "it"
	if len(ids) > 1 {
		says = fmt.Sprintf("it holds keys %s that are in no profile: ", strings.Join(ids, ", "))
		that, it = "those keys", "them"
	}
	for _, id := range ids {
		other, arn, found := a.otherKeyOf(id)
		switch {
		case found && !other.spare && other.unknown == "":
			return says + fmt.Sprintf("%s is in use (%s); put it into a profile", id, other.says())
		case found && a.spare[arn].id != "" && a.spare[arn].id != id:
			return says + fmt.Sprintf("keep %s, for nothing uses the other key of its user; put it into a profile", id)
		}
	}
	if s.Kind == home.RootCSV {
		return says + "sign in as root and delete " + that + " under Security credentials"
	}
	return says + fmt.Sprintf("if nothing uses %s, delete %s in AWS, or else put %s into a profile", that, it, it)
}

// lookBeside judges what else in the home folder concerns keys.
func lookBeside(a *auditor) {
	for _, c := range a.in.Beside.Caches {
		a.add("cache-mode", Finding{File: c.Dir,
			What: fmt.Sprintf("%s in this cache of AWS's tools: %s", count(c.Open, "open file"), openTo(c.Worst))}, c.Dir)
	}
	for _, path := range a.in.Beside.Legacy {
		a.add("legacy-file", Finding{File: path, What: fmt.Sprintf("%s holds a key", filepath.Base(path))}, path)
	}
	for _, f := range a.in.Beside.Outside {
		if a.survey.holds[f.Kind] || len(a.in.ReadErrors) > 0 {
			a.add("link-outside", Finding{File: f.Path, What: fmt.Sprintf("the %s file with keys is a link to %s", f.Kind, f.Target)}, f.Path)
		}
	}
}

func lookAtEnvironment(a *auditor) {
	names := a.in.Local.EnvKeys
	if len(names) == 0 {
		return
	}
	f := Finding{KeyID: a.in.Local.EnvKeyID, Fix: "unset " + strings.Join(names, " ")}
	if a.in.Local.GOOS == "windows" {
		f.Fix = "Remove-Item Env:" + strings.Join(names, ", Env:")
	}
	verb := " is set"
	if len(names) > 1 {
		verb = " are set"
	}
	f.What = strings.Join(names, ", ") + verb + " in the environment"
	if f.KeyID != "" {
		f.What += ", with key " + f.KeyID
		if k := a.survey.byID[f.KeyID]; k != nil {
			f.Profiles = k.profiles()
			f.What += " of " + someNames(f.Profiles)
		}
	}
	a.add("environment-key", f, names...)
}

// lookAtHistory judges the AWS CLI's record of its calls. One enabled profile is
// a finding for each profile, since each has its own line to mend.
func lookAtHistory(a *auditor) {
	enabled := false
	for _, s := range a.survey.subjects {
		if s.ways&hasHistory == 0 || !strings.EqualFold(a.set.Setting(s.name, "cli_history"), "enabled") {
			continue
		}
		enabled = true
		if s.selected {
			a.add("cli-history", a.atHeader(Finding{Profiles: []string{s.name},
				What: fmt.Sprintf("profile %q has cli_history = enabled", s.name)}, s), s.name)
		}
	}
	h := a.in.Local.History
	if h.Exists && h.ModeKnown && h.Mode.Perm()&^0o700 != 0 {
		a.add("file-mode", Finding{File: h.Path,
			What: fmt.Sprintf("the AWS CLI's record of calls has mode %04o: %s", h.Mode.Perm(), openTo(h.Mode))}, h.Path)
	}
	if h.Exists && !enabled {
		a.add("cli-history-file", Finding{File: h.Path, What: "the AWS CLI recorded calls here while cli_history was enabled"}, h.Path)
	}
}

// atHeader fills in the place of a subject's first header, in the config file if
// it has one there.
func (a *auditor) atHeader(f Finding, s *subject) Finding {
	for _, kind := range []credfile.FileKind{credfile.ConfigFile, credfile.CredentialsFile} {
		if h := s.in[kind]; h != nil {
			return a.at(f, kind, a.set.Files()[kind].Sections[h.sections[0]].First+1, 1)
		}
	}
	return f
}
