package report

import (
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"keycare/credfile"
	"keycare/credfile/show"
)

var (
	ruleReadersDisagree = &Rule{
		ID: "readers-disagree", About: AboutProfile, Severity: High, Because: "a tool silently uses a different key than the file seems to say",
		Title:   "AWS tools read different keys",
		Why:     "what you test with one tool is not what another one does; keycare does not rotate a key that tools read differently",
		Sources: []string{srcReadings},
	}
	ruleFileRejected = &Rule{
		ID: "file-rejected", About: AboutFile, Severity: Medium, Because: "it breaks a tool, but visibly",
		Title:   "File that a tool rejects",
		Why:     "that tool finds no profiles at all, and keycare does not edit the file until every tool can read it",
		Sources: []string{srcReadings},
	}
	ruleNotRotatable = &Rule{
		ID: "not-rotatable", About: AboutProfile, Severity: Medium, Because: "the key works, but cannot be rotated until this is fixed",
		Title:   "Key that keycare would not rotate",
		Why:     "keycare checks its edits with a third reader, and does not change what that one reads differently",
		Sources: []string{srcReadings},
	}
	ruleFileQuirk = &Rule{
		ID: "file-quirk", About: AboutFile, Severity: Low, Because: "it does not change which key is read, but other settings or other tools may differ",
		Title:   "Syntax that tools read differently",
		Why:     "another tool, or a newer version, may read it differently",
		Sources: []string{srcReadings},
	}
)

// readerRules are about how AWS's tools read the files.
var readerRules = []*Rule{ruleReadersDisagree, ruleFileRejected, ruleNotRotatable, ruleFileQuirk}

// lookAtReaders judges where AWS's tools read the files differently.
func lookAtReaders(a *auditor) {
	r := &readers{auditor: a, told: make(map[quirkOf]bool), mendable: a.set.Mendable()}
	for kind, f := range a.set.Files() {
		r.diags[kind] = f.Diagnostics()
		d := r.diags[kind]
		sort.SliceStable(d, func(i, j int) bool { return d[i].Pos.Line < d[j].Pos.Line })
	}
	if !r.refusals() {
		for _, s := range a.inventory.profiles {
			if s.selected && s.name != "" {
				r.compare(s)
			}
		}
	}
	for kind := range r.diags {
		r.quirks(credfile.FileKind(kind))
	}
}

// LeftToPerson counts the findings of an audit about how tools read the files that
// "keycare fix" does not repair.
func LeftToPerson(set *credfile.Set, now time.Time) (n int) {
	for _, f := range Audit(Input{Set: set, Offline: true, Now: now}).Findings {
		about := slices.ContainsFunc(readerRules, func(r *Rule) bool { return r.ID == f.Rule })
		if about && f.Repair.Command != "keycare fix" {
			n++
		}
	}
	return n
}

type readers struct {
	*auditor
	diags [2][]credfile.Diagnostic // by FileKind, in the order of lines
	told  map[quirkOf]bool
	// mendable are those that "keycare fix" offers to repair.
	mendable map[credfile.Diagnostic]bool
}

// quirkOf is a quirk of a profile in a file, of which one finding is enough.
type quirkOf struct {
	kind    credfile.FileKind
	profile string
	quirk   credfile.Quirk
}

// refusals reports whether a tool rejects a file, with one finding for each such
// file. A tool names only the file that it meets first, so each file is also
// tried by itself.
func (r *readers) refusals() bool {
	const anyProfile = "default"
	if r.set.CLI(anyProfile).Refused == nil && r.set.SDK(anyProfile).Refused == nil {
		return false
	}
	p := r.set.Paths
	alone := [2]*credfile.Set{
		credfile.NewSet(credfile.Paths{Credentials: p.Credentials}, r.set.Credentials.Text, ""),
		credfile.NewSet(credfile.Paths{Config: p.Config}, "", r.set.Config.Text),
	}
	for kind, set := range alone {
		var f Finding
		for _, read := range []credfile.Reading{set.CLI(anyProfile), set.SDK(anyProfile)} {
			if read.Refused == nil {
				continue
			}
			why, repair, line := r.reason(credfile.FileKind(kind), read.Refused.Refusal)
			if f.What == "" {
				f = r.at(f, credfile.FileKind(kind), line, 0)
				f.What, f.Repair = fmt.Sprintf("the %s rejects the whole %s file: %s", read.Tool, credfile.FileKind(kind), why), repair
			} else {
				f.What += fmt.Sprintf("; so does the %s: line %d: %s", read.Tool, read.Refused.Line, why)
			}
		}
		if f.What != "" {
			r.add(ruleFileRejected, f, credfile.FileKind(kind).String(), f.File)
		}
	}
	return true
}

// reason says why a file is rejected, in the words of the quirk in that line
// where there is one, and marks that quirk as told.
func (r *readers) reason(kind credfile.FileKind, ref credfile.Refusal) (why string, repair Repair, line int) {
	f := r.set.Files()[kind]
	for _, d := range r.diags[kind] {
		// What stands twice below a header that nobody sees is no fault of its own.
		if (d.Quirk == "header-glued" || d.Quirk == "header-hidden") && d.Pos.Line < ref.Line && sectionAt(f, d.Pos.Line) == sectionAt(f, ref.Line) {
			r.told[quirkOf{kind, d.Profile, d.Quirk}] = true
			return credfile.QuirkTexts[d.Quirk].What, r.quirkRepair(d), d.Pos.Line
		}
		if t := credfile.QuirkTexts[d.Quirk]; d.Pos.Line == ref.Line && t.Whole {
			r.told[quirkOf{kind, d.Profile, d.Quirk}] = true
			return t.What, r.quirkRepair(d), ref.Line
		}
	}
	return withoutTexts(ref.Why), say("fix or delete the line"), ref.Line
}

// compare judges one profile's readings.
func (r *readers) compare(s *profile) {
	cli, sdk := r.set.CLI(s.name), r.set.SDK(s.name)
	if cli.None != "" && sdk.None != "" {
		return // agreed, if only about nothing; half a key has its own rules
	}
	r.rejected(s, cli)
	if cli.None == "" && sdk.None == "" && cli.Pair.Equal(sdk.Pair) && cli.Token.Equal(sdk.Token) {
		r.rotatable(s, cli)
		return
	}
	c := r.cause(s, cli, sdk)
	f := r.at(Finding{Profiles: []string{s.name}, Repair: c.repair}, c.kind, c.pos.Line, c.pos.Col)
	if cli.Pair.ID == sdk.Pair.ID && show.IsKeyID(cli.Pair.ID) {
		f.KeyID = cli.Pair.ID
	}
	f.What = fmt.Sprintf("profile %s: %s, because of %s", show.Name(s.name), difference(cli, sdk), c.what)
	r.add(ruleReadersDisagree, f, s.name)
}

// rejected tells of a setting beside the key for which the Go SDK rejects the
// whole profile.
func (r *readers) rejected(s *profile, cli credfile.Reading) {
	rej := r.set.SDKRejects(s.name)
	if rej == nil {
		return
	}
	f := r.at(Finding{Profiles: []string{s.name}}, rej.Kind, rej.Line, 1)
	reads := "reads no key here"
	if cli.None == "" {
		reads = "reads " + strings.TrimPrefix(finds(cli), "a ")
		if show.IsKeyID(cli.Pair.ID) {
			f.KeyID = cli.Pair.ID
		}
	}
	f.What = fmt.Sprintf("profile %s: the AWS CLI %s, the Go SDK (terraform and others) rejects the profile: %s; a rotation goes by the key alone", show.Name(s.name), reads, rej.Why)
	f.Repair = say("fix or delete the setting " + rej.Setting)
	if strings.HasSuffix(rej.Why, "without role_arn") {
		f.Repair = say("delete the line " + rej.Setting + ", or add the role_arn that it is for")
	}
	r.add(ruleReadersDisagree, f, s.name, "rejected", rej.Setting)
}

// rotatable says beforehand that a rotation would be refused because ini.v1, by
// which keycare checks its edits, reads another key. That takes a quirk.
func (r *readers) rotatable(s *profile, cli credfile.Reading) {
	quirky := slices.ContainsFunc(r.diags[cli.From], func(d credfile.Diagnostic) bool { return d.Profile == s.name })
	if facts := credfile.FactsOf(cli.Pair.ID); !quirky || facts.Kind != credfile.LongTerm || facts.Canary {
		return
	}
	_, err := r.set.Agreed(s.name)
	var differ *credfile.DisagreementError
	if !errors.As(err, &differ) || len(differ.Causes) == 0 {
		return
	}
	d := differ.Causes[0]
	t := credfile.QuirkTexts[d.Quirk]
	f := Finding{Profiles: []string{s.name}, Repair: r.quirkRepair(d), File: d.Path, Line: d.Pos.Line, Col: d.Pos.Col,
		What: fmt.Sprintf("profile %s: ini.v1 does not read the key that the AWS CLI and the Go SDK read, because of %s", show.Name(s.name), t.What)}
	if show.IsKeyID(cli.Pair.ID) {
		f.KeyID = cli.Pair.ID
	}
	r.add(ruleNotRotatable, f, s.name)
}

// difference says what each tool reads.
func difference(cli, sdk credfile.Reading) string {
	switch {
	case cli.None != "" || sdk.None != "" || cli.Pair.ID != sdk.Pair.ID:
		a, b := finds(cli), finds(sdk)
		if a == b {
			b = "another one"
		}
		return fmt.Sprintf("the AWS CLI finds %s, the Go SDK finds %s", a, b)
	case !cli.Pair.Equal(sdk.Pair):
		return fmt.Sprintf("the AWS CLI and the Go SDK find %s with different secrets", finds(cli))
	case cli.Token.Empty():
		return "the Go SDK finds a session token beside the key, the AWS CLI does not"
	case sdk.Token.Empty():
		return "the AWS CLI finds a session token beside the key, the Go SDK does not"
	}
	return "the AWS CLI and the Go SDK find different session tokens"
}

func finds(r credfile.Reading) string {
	switch {
	case r.None != "":
		return r.None
	case show.IsKeyID(r.Pair.ID):
		return "key " + r.Pair.ID
	}
	return fmt.Sprintf("a key ID of %d characters", len(r.Pair.ID))
}

// cause is what makes readings differ, and how to mend it.
type cause struct {
	kind   credfile.FileKind
	pos    credfile.Position
	what   string
	repair Repair
}

func (r *readers) causeOf(kind credfile.FileKind, d credfile.Diagnostic) cause {
	t := credfile.QuirkTexts[d.Quirk]
	return cause{kind, d.Pos, fmt.Sprintf("%s (%s)", t.What, t.Tools), r.quirkRepair(d)}
}

// quirkRepair is how to mend a quirk, by a command where there is one.
func (r *readers) quirkRepair(d credfile.Diagnostic) Repair {
	says := credfile.QuirkTexts[d.Quirk].Repair
	if r.mendable[d] {
		return Repair{says, "keycare fix"}
	}
	return say(says)
}

// cause looks for what makes the readings of s differ: the quirk nearest to the
// key, then any other in its sections, then what needs no quirk.
func (r *readers) cause(s *profile, cli, sdk credfile.Reading) cause {
	var far *cause
	for kind, h := range s.in {
		if h == nil {
			continue
		}
		for _, i := range h.sections {
			d, near := r.nearest(credfile.FileKind(kind), i, h)
			if d == nil {
				continue
			}
			c := r.causeOf(credfile.FileKind(kind), *d)
			if near {
				r.told[quirkOf{credfile.FileKind(kind), d.Profile, d.Quirk}] = true
				return c
			}
			far = &c
		}
	}
	creds, config := s.in[credfile.CredentialsFile], s.in[credfile.ConfigFile]
	if creds != nil && config != nil {
		switch {
		case config.token.isSet() && !creds.token.isSet() && cli.None == "" && sdk.None == "" && cli.Pair.Equal(sdk.Pair):
			return cause{credfile.ConfigFile, credfile.Position{Line: config.token.line, Col: config.token.col},
				"the session token in the config file, which the Go SDK adds to the key from the credentials file",
				say("delete the session token from the config file, or move it next to its key")}
		case creds.id.isSet() != creds.secret.isSet():
			half := creds.id
			if !half.isSet() {
				half = creds.secret
			}
			return cause{credfile.CredentialsFile, credfile.Position{Line: half.line, Col: half.col},
				"half a key in the credentials file beside a key in the config file",
				say("delete that half, or complete it and delete the key in the config file")}
		}
	}
	if far != nil {
		return *far
	}
	for kind, diags := range r.diags {
		for _, d := range diags {
			if d.Quirk == "default-caps" {
				return r.causeOf(credfile.FileKind(kind), d)
			}
		}
	}
	f := r.atHeader(Finding{}, s)
	kind := credfile.CredentialsFile
	if f.File == r.set.Config.Path {
		kind = credfile.ConfigFile
	}
	return cause{kind, credfile.Position{Line: f.Line, Col: f.Col}, "the way the profile is written",
		say("rewrite the profile: its header, then one name = value per line")}
}

// nearest returns the quirk of a section that is the likeliest cause, and
// whether it is in a line of the key or a header.
func (r *readers) nearest(kind credfile.FileKind, section int, h *fileEntry) (*credfile.Diagnostic, bool) {
	sec := r.set.Files()[kind].Sections[section]
	header, next := sec.First+1, sec.Last+1 // line numbers count from 1
	diags := r.diags[kind]
	from := sort.Search(len(diags), func(i int) bool { return diags[i].Pos.Line >= header })
	var far *credfile.Diagnostic
	for i := from; i < len(diags) && diags[i].Pos.Line <= next; i++ {
		d := &diags[i]
		line := d.Pos.Line
		switch {
		case !splitsTools[d.Quirk]:
		case line == next:
			if slices.Contains(aboutHeaders, d.Quirk) {
				return d, true
			}
		case line == header || line == h.id.line || line == h.secret.line || line == h.token.line:
			return d, true
		case far == nil:
			far = d
		}
	}
	return far, false
}

// quirks judges what is left: writings on which tools differ, where they concern
// a key or the whole file, or where the AWS CLI and the Go SDK are among those
// tools, or where what stands below a header is lost.
func (r *readers) quirks(kind credfile.FileKind) {
	f := r.set.Files()[kind]
	for _, d := range r.diags[kind] {
		t := credfile.QuirkTexts[d.Quirk]
		q := quirkOf{kind, d.Profile, d.Quirk}
		section, lost := sectionAt(f, d.Pos.Line), ""
		if lostHeaders[d.Quirk] {
			lost = f.Sections[section].Raw
			q.profile += "\x00" + lost
		}
		if r.told[q] {
			continue
		}
		anywhere := t.Whole || splitsTools[d.Quirk] || lost != ""
		var names []string
		if d.Profile != "" {
			s := r.inventory.byName[d.Profile]
			if s == nil || !s.selected && !t.Whole || !anywhere && !s.holdsKey(kind) {
				continue
			}
			names = []string{d.Profile}
		} else if !t.Whole && !r.inventory.bareSections[kind][section] && (lost == "" || len(r.in.Profiles) > 0) {
			continue
		}
		r.told[q] = true
		says := t.What
		if plainName().MatchString(lost) {
			says += ", [" + lost + "]"
		}
		subject := []string{kind.String(), d.Profile, string(d.Quirk)}
		if d.Profile == "" && lost != "" {
			subject = append(subject, lost)
		}
		r.add(ruleFileQuirk, r.at(Finding{Profiles: names, What: says + ": " + t.Tools, Repair: r.quirkRepair(d)},
			kind, d.Pos.Line, d.Pos.Col), subject...)
	}
}
