package report

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"keycare/credfile/copies"
	"keycare/credfile/home"
	"keycare/credfile/show"
)

var (
	ruleRootKeyFile = &Rule{
		ID: "root-key-file", About: AboutFile, Severity: Critical, Because: "as for root-key; AWS gives the file this name",
		Title:   "Downloaded root key",
		Why:     "this is the name the AWS console gives to a downloaded root key",
		Sources: []string{"CIS AWS Foundations 7.0.0 2.4", "AWS Security Hub IAM.4"},
		Repair:  Repair{Text: "make sure the root key in it is deleted in the AWS console, then delete the file"},
	}
	ruleBackupCopy = &Rule{
		ID: "backup-copy", About: AboutFile, Severity: Medium, Because: "the key in it works until the old key is deleted",
		Title:   "Copy of a key file",
		Why:     "its keys are forgotten, backed up and shared more easily than those in the credentials file",
		Sources: []string{srcBest},
		Repair:  Repair{Text: "if every key in it is also in a profile", Command: "rm {file}"},
	}
	ruleKeyDownload = &Rule{
		ID: "key-download", About: AboutFile, Severity: Medium, Because: "as for backup-copy",
		Title:   "Key file downloaded from the AWS console",
		Why:     "the key belongs only in the credentials file",
		Sources: []string{srcBest},
		Repair:  Repair{Text: "if every key in it is also in a profile", Command: "rm {file}"},
	}
	ruleKeycareLeftover = &Rule{
		ID: "keycare-leftover", About: AboutFile, Severity: Medium, Because: "it holds keys, and a rotation is unfinished",
		Title:   "File of an interrupted rotation",
		Why:     "keycare was stopped in the middle of a rotation and left a file with keys",
		Sources: []string{srcBest},
		Repair:  Repair{Command: "keycare resume"},
	}
	ruleLegacyFile = &Rule{
		ID: "legacy-file", About: AboutFile, Severity: Medium, Because: "as for backup-copy; the AWS CLI reads some of them even today",
		Title:   "Key in an older tool's file",
		Why:     "a rotation does not change it, and it is easily forgotten",
		Sources: []string{srcPrecedence, "boto, s3cmd, s3fs and Elastic Beanstalk configuration files"},
		Repair:  Repair{Text: "point the tool at the AWS credentials file, then", Command: "rm {file}"},
	}
)

// copyRules are about files beside the shared files that hold keys.
var copyRules = []*Rule{ruleRootKeyFile, ruleBackupCopy, ruleKeyDownload, ruleKeycareLeftover, ruleLegacyFile}

// keyFileRules are the rules for the places that have one of their own, by place.
var keyFileRules = map[copies.Place]struct {
	rule *Rule
	what string
}{
	copies.RootFile: {ruleRootKeyFile, "%s is a downloaded root key"},
	copies.Download: {ruleKeyDownload, "%s is a key file from the AWS console"},
	copies.AWSCopy:  {ruleBackupCopy, "%s is a copy with keys in it"},
	copies.Leftover: {ruleKeycareLeftover, "%s is left over from an interrupted rotation"},
	copies.OldTool:  {ruleLegacyFile, "%s holds a key"},
}

// lookAtCopies judges the files that are looked into for their names.
func lookAtCopies(a *auditor) {
	deleted := a.in.deletedKeys()
	for i := range a.in.KeyFiles {
		s := &a.in.KeyFiles[i]
		r, ok := keyFileRules[s.Place]
		if !ok {
			continue
		}
		f := Finding{File: s.Path, What: fmt.Sprintf(r.what, filepath.Base(s.Path)), Repair: a.keyFileRepair(s, deleted)}
		if open := s.Fact.Mode.Perm() & s.Reach & everyRight; s.Place == copies.OldTool && s.Fact.ModeKnown && open != 0 {
			f.What += ", and has " + TooOpen{FileFact: s.Fact, open: open}.How()
		}
		if ids := s.KeyIDs(); len(ids) > 0 && s.Place != copies.Leftover && !slices.ContainsFunc(ids, func(id string) bool { return !deleted[id] }) {
			f.Severity, f.Repair = Info, do("rm {file}").filled(&f, a.goos)
			f.What += fmt.Sprintf("; what is in it is deleted in AWS (%s)", strings.Join(ids, ", "))
		}
		a.add(r.rule, f, s.Path)
	}
}

// deletedKeys are the keys that are known to be deleted at AWS.
func (in *Input) deletedKeys() map[string]bool {
	deleted := make(map[string]bool)
	for _, k := range in.OwnKeys {
		if k.State == copies.Deleted {
			deleted[k.ID] = true
		}
	}
	return deleted
}

// keyFileRepair is what to do about a file that may hold the only copy of a key. It
// is empty where the repair of the rule will do.
func (a *auditor) keyFileRepair(s *home.KeyFile, deleted map[string]bool) Repair {
	remove := do("rm {file}").filled(&Finding{File: s.Path}, a.goos)
	if s.Place == copies.Leftover || remove == renameFirst {
		return Repair{}
	}
	var lone, held []string
	for _, id := range s.KeyIDs() {
		switch {
		case a.inventory.byID[id] != nil:
			held = append(held, id)
		case !deleted[id]:
			lone = append(lone, id)
		}
	}
	switch {
	case s.Place == copies.OldTool && len(lone) == 0:
		return Repair{}
	case len(held)+len(lone) == 0 || a.in.Set == nil:
		return say("check that no key you need is only in this file; then " + remove.Command)
	case len(lone) > 0:
		return say(a.loneKeys(s, lone) + "; then " + remove.Command)
	case s.Place == copies.RootFile:
		f := Finding{Profiles: a.inventory.byID[held[0]].profiles()}
		return say(fmt.Sprintf("its key is that of %s: first replace it (%s), then %s", show.Names(f.Profiles),
			do("keycare replace-root --profile {profile}").filled(&f, a.goos), remove.Command))
	}
	return remove
}

// loneKeys is what to do about keys that are in a file and in no profile. One that
// is in use, or is to stay because its user's other key goes, is not to be
// deleted.
func (a *auditor) loneKeys(s *home.KeyFile, ids []string) string {
	says := fmt.Sprintf("it holds key %s that is in no profile: ", ids[0])
	that, it := "that key", "it"
	if len(ids) > 1 {
		says = fmt.Sprintf("it holds keys %s that are in no profile: ", strings.Join(ids, ", "))
		that, it = "those keys", "them"
	}
	for _, id := range ids {
		other, arn, found := a.otherKeyOf(id)
		switch {
		case found && !other.unused && other.unknown == "":
			return says + fmt.Sprintf("%s is in use (%s); put it into a profile", id, other.inWords())
		case found && a.idleKeys[arn].id != "" && a.idleKeys[arn].id != id:
			return says + fmt.Sprintf("keep %s, because the other key of its user is unused; put it into a profile", id)
		}
	}
	if s.Place == copies.RootFile {
		return says + "sign in as root and delete " + that + " under Security credentials"
	}
	return says + fmt.Sprintf("if nothing uses %s, delete %s in AWS, otherwise put %s into a profile", that, it, it)
}
