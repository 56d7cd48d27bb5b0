package report

import (
	"slices"
	"strings"
)

// Fix is something to do, and the findings that it ends, the worst first.
type Fix struct {
	Repair
	Ends Group
}

// mostFixes is how many first steps a report names.
const mostFixes = 3

// FirstFixes are at most three things to do first: each ends as many of the worst
// findings as one step can, of those that the steps before it leave. No two of
// them together take away what signs. An interrupted rotation comes before all:
// nothing else is done to the files until it is finished.
func FirstFixes(r *Report) (first []Fix) {
	all, ended, touched := candidates(r), map[*Finding]bool{}, touches{}
	take := func(f Fix) {
		touched.note(f)
		f.Ends = slices.DeleteFunc(slices.Clone(f.Ends), func(e *Finding) bool { return ended[e] })
		for _, e := range f.Ends {
			ended[e] = true
		}
		first = append(first, f)
	}
	if i := slices.IndexFunc(all, func(f Fix) bool { return f.Command == "keycare resume" }); i >= 0 {
		take(all[i])
	}
	for len(first) < mostFixes {
		best, worth := -1, Counts{}
		for i := range all {
			if c := all[i].counts(ended); c.worseThan(worth) && !touched.conflict(all[i]) {
				best, worth = i, c
			}
		}
		if best < 0 {
			break
		}
		take(all[best])
	}
	return first
}

func (f Fix) counts(ended map[*Finding]bool) (c Counts) {
	for _, e := range f.Ends {
		if !ended[e] {
			*c.at(e.Severity)++
		}
	}
	return c
}

// worseThan compares by the worst severity in which two counts differ.
func (c Counts) worseThan(other Counts) bool {
	for _, s := range Severities {
		if n := c.Of(s) - other.Of(s); n != 0 {
			return n > 0
		}
	}
	return false
}

// candidates are all steps that end a finding, in the order of the worst.
func candidates(r *Report) (all []Fix) {
	at := map[string]int{}
	add := func(key string, repair Repair, f *Finding) {
		i, ok := at[key]
		if !ok {
			i = len(all)
			at[key] = i
			all = append(all, Fix{Repair: repair})
		}
		all[i].Ends = append(all[i].Ends, f)
	}
	owned := map[string]bool{} // files of other users
	for _, f := range r.At(Info) {
		owned[f.File] = owned[f.File] || f.Rule == ruleFileOwner.ID
	}
	rotated := map[string]bool{} // keys that a plain rotation is proposed for
	for _, f := range r.At(Low) {
		rotated[f.KeyID] = rotated[f.KeyID] || f.rotates()
	}
	for _, f := range r.At(Low) {
		switch command := f.Repair.Command; {
		case f.Repair == (Repair{}), f.Rule != ruleFileRejected.ID && strings.Contains(f.Repair.Text, ruleFileRejected.ID),
			command == "keycare audit" && f.Severity <= Low, slices.Contains(fixModes, f.Rule) && owned[f.File]:
			// Nothing can be done about it yet.
		case command == "keycare fix", slices.Contains(fixModes, f.Rule) && command != "":
			add("fix", do("keycare fix"), f)
		case command == "keycare resume":
			add("resume", do(command), f)
		case f.rotates(), rotated[f.KeyID] && slices.Contains(endedByNewKey, f.Rule):
			add("rotate", do("keycare rotate"), f)
		case f.KeyID != "" && slices.Contains(keyDecisions, f.Rule), f.KeyID != "" && strings.Contains(f.Repair.Text, ruleUnusedKey.ID):
			add("decide "+f.KeyID, say("deactivate the key if nothing needs it"), f)
			if decide := &all[at["decide "+f.KeyID]]; decide.Command == "" && strings.HasPrefix(command, "keycare rotate ") {
				decide.Repair = Repair{"if the key is needed (--details says how to deactivate it)", command}
			}
		case command != "":
			add(f.Repair.String(), f.Repair, f)
		default:
			add(f.Repair.Text+"\x00"+f.joinedBy(), f.Repair, f)
		}
	}
	if i, ok := at["rotate"]; ok {
		all[i].Command = rotateAll(all[i].Ends)
	}
	return all
}

var (
	// fixModes are the rules whose findings "keycare fix" ends too.
	fixModes = []string{ruleFileMode.ID, ruleCopyMode.ID, ruleFolderMode.ID, ruleCacheMode.ID}
	// endedByNewKey are the rules that a new key in the place of an old one ends.
	endedByNewKey = []string{ruleYearOldKey.ID, ruleOldKey.ID, ruleOldGenerationKey.ID}
	// keyDecisions are those where a person has to say whether the key is needed.
	keyDecisions = []string{ruleUnusedKey.ID, ruleSetupKey.ID}
	// takingAway are the rules whose repair takes a key, a right or a way to sign in
	// away.
	takingAway = []string{ruleUnusedKey.ID, ruleSetupKey.ID, ruleTwoActiveKeys.ID, ruleInactiveKeyKept.ID, ruleKeyQuarantined.ID, ruleAdminAttached.ID,
		ruleConsoleUnused.ID, ruleAccountNotAllowed.ID, ruleTwoWaysToSign.ID, ruleStaticKeyWhereSSO.ID, ruleKeyInactive.ID, ruleStrayKey.ID}
)

// rotates reports whether a rotation, without further thought, ends f.
func (f *Finding) rotates() bool {
	return f.Repair.Text == "" && f.KeyID != "" && strings.HasPrefix(f.Repair.Command, "keycare rotate ")
}

// mostNamed is how many profiles a command names one by one.
const mostNamed = 5

// rotateAll is one command for all keys of findings that a rotation ends.
func rotateAll(ends Group) string {
	var names, likeFlags []string
	keys := map[string]bool{}
	for _, f := range ends {
		if !f.rotates() || keys[f.KeyID] {
			continue
		}
		keys[f.KeyID] = true
		name := strings.TrimPrefix(f.Repair.Command, "keycare rotate ")
		if after, ok := strings.CutPrefix(name, "-- "); ok {
			likeFlags = append(likeFlags, after)
		} else {
			names = append(names, name)
		}
	}
	if len(keys) > mostNamed {
		return "keycare rotate --due"
	}
	if len(likeFlags) > 0 {
		names = append(append(names, "--"), likeFlags...)
	}
	return "keycare rotate " + strings.Join(names, " ")
}

// touches are the accounts and keys in which the steps so far change what signs;
// true where one of them takes something away.
type touches map[string]bool

func (t touches) note(f Fix) {
	away := f.takesAway()
	for _, e := range f.Ends {
		if e.signs() {
			t["account "+e.Account] = t["account "+e.Account] || away
			t["key "+e.KeyID] = t["key "+e.KeyID] || away && e.KeyID != ""
		}
	}
}

// conflict reports whether f and one of the steps before it are about keys or
// users of one account, and one of the two takes something away there: together
// they might leave nothing that signs.
func (t touches) conflict(f Fix) bool {
	away := f.takesAway()
	return slices.ContainsFunc(f.Ends, func(e *Finding) bool {
		inAccount, there := t["account "+e.Account]
		ofKey, same := t["key "+e.KeyID]
		return e.signs() && (inAccount || ofKey || away && (there || same && e.KeyID != ""))
	})
}

func (f Fix) takesAway() bool {
	return slices.ContainsFunc(f.Ends, func(e *Finding) bool { return slices.Contains(takingAway, e.Rule) })
}

// signs reports whether f is about something that signs.
func (f *Finding) signs() bool {
	return slices.Contains([]SubjectType{AboutKey, AboutUser, AboutProfile}, f.Subject.Type)
}
