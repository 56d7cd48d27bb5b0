package credfile

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"keycare/credfile/show"
	"keycare/credfile/sorting"
)

// Place is one place that holds a key: a section of one of the two files.
type Place struct {
	Kind    FileKind
	Path    string
	Profile string
	Line    int // of the access key ID, counted from 1

	id, secret Span
	held       Pair
}

func (p Place) String() string {
	return fmt.Sprintf("%s:%d (profile %s)", p.Path, p.Line, show.Name(p.Profile))
}

// Swap asks for the pair To wherever a pair of From stands, in both files.
// Where From has more than one pair, an ID of one with the secret of another is
// taken for a place too: an AWS CLI that writes one setting at a time can leave
// such a mixture.
type Swap struct {
	From []Pair
	To   Pair
}

// Plan is a Swap worked out on the texts of a Set: proved, not yet written.
type Plan struct {
	Swap   Swap
	Places []Place
	Before *Set
	// After is Before with the swap made, and where PlanEach made the plan with
	// its other swaps too.
	After *Set

	copies []copyChange

	oldIDs, oldSecrets map[string]bool // of Swap.From, while the swap is proved
}

// Plan works the swap out and proves it: every reader reads the old pair before
// and the new pair after in every place, no other profile reads differently,
// bytes outside the values are unchanged, and no other setting mentions the old
// key. Places may be empty, where no From stands anywhere.
func (s *Set) Plan(sw Swap) (*Plan, error) {
	if !plainKey(sw.To) {
		return nil, fmt.Errorf("key %s: ID or secret has characters that no AWS key has", show.KeyID(sw.To.ID))
	}
	if len(s.Paths.Doubts) > 0 {
		return nil, fmt.Errorf("%s", s.Paths.Doubts[0])
	}
	p := &Plan{Swap: sw, Before: s}
	var edits [2][]edit
	for k, f := range s.Files() {
		places, err := f.places(sw)
		if err != nil {
			return nil, err
		}
		for _, pl := range places {
			edits[k] = append(edits[k], edit{pl.id, sw.To.ID}, edit{pl.secret, sw.To.Secret.Reveal()})
		}
		p.Places = append(p.Places, places...)
	}
	if err := p.edit(edits); err != nil {
		return nil, err
	}
	if err := p.editCopies(); err != nil {
		return nil, err
	}
	for _, pl := range p.Places {
		if err := p.provePlace(pl); err != nil {
			return p, err
		}
	}
	return p, p.proveRest()
}

// edit makes After of Before with the edits, which can be taken back.
func (p *Plan) edit(edits [2][]edit) error {
	if p.Before.One {
		both := slices.Concat(edits[:]...)
		edits = [2][]edit{both, both}
	}
	var texts [2]string
	for k, f := range p.Before.Files() {
		var err error
		if texts[k], err = applyEdits(f.Text, edits[k]); err != nil {
			return fmt.Errorf("%s: %w (a bug; nothing was changed)", f.Path, err)
		}
		if back, err := undoEdits(texts[k], f.Text, edits[k]); err != nil || back != f.Text {
			return fmt.Errorf("%s: the edit cannot be taken back byte for byte (a bug; nothing was changed)", f.Path)
		}
	}
	p.After = newSet(p.Before.Paths, texts[CredentialsFile], texts[ConfigFile], p.Before.One)
	p.After.Missing = p.Before.Missing
	return nil
}

// Changed reports whether the plan changes the file of that kind. One file for
// both is written under the credentials file's name alone.
func (p *Plan) Changed(k FileKind) bool {
	if p.Before.One {
		return k == CredentialsFile && len(p.Places) > 0
	}
	return slices.ContainsFunc(p.Places, func(pl Place) bool { return pl.Kind == k })
}

// proveRest proves what lies outside the places: no tool reads another setting
// differently, and no old key is left.
func (p *Plan) proveRest() error {
	p.oldIDs, p.oldSecrets = map[string]bool{}, map[string]bool{}
	for _, old := range p.Swap.From {
		p.oldIDs[old.ID], p.oldSecrets[old.Secret.Reveal()] = true, true
	}
	for k, f := range p.Before.Files() {
		if !p.Changed(FileKind(k)) && !p.Before.One {
			continue
		}
		for _, v := range []struct {
			tool          Tool
			before, after *view
		}{{ToolCLI, p.Before.cli[k], p.After.cli[k]}, {ToolSDK, p.Before.sdk[k], p.After.sdk[k]}} {
			if what := p.otherChange(v.before, v.after); what != "" {
				return fmt.Errorf("%s: the edit would change what the %s reads elsewhere (%s); nothing was changed", f.Path, v.tool, what)
			}
		}
	}
	gone := maps.Clone(p.oldIDs)
	delete(gone, p.Swap.To.ID)
	for _, f := range p.After.Files() {
		mentions := f.mentionsOf(gone)
		for _, old := range p.Swap.From {
			if at := mentions[old.ID]; len(at) > 0 {
				return fmt.Errorf("%s:%d mentions key %s where keycare cannot change it: make it a plain \"%s = ...\" line of a profile, or delete it",
					f.Path, f.At(at[0]).Line, show.KeyID(old.ID), nameID)
			}
		}
	}
	return nil
}

// provePlace holds the readings of one place, alone and with the other file,
// against the swap.
func (p *Plan) provePlace(pl Place) error {
	before, err := p.Before.only(pl.Kind).Agreed(pl.Profile)
	if err != nil {
		return err
	}
	if !before.Pair.Equal(pl.held) {
		return fmt.Errorf("%s: the tools read another key than the one in the file", pl)
	}
	if !before.Token.Empty() {
		return fmt.Errorf("%s: there is a session token beside the key, so it is no long-term key of its own; delete the session token line if it is left over", pl)
	}
	after, err := p.After.only(pl.Kind).Agreed(pl.Profile)
	if err != nil {
		return err
	}
	if !after.Pair.Equal(p.Swap.To) || !after.Token.Empty() {
		return fmt.Errorf("%s: after the edit the tools would not read the new key", pl)
	}
	if before, err = p.Before.Agreed(pl.Profile); err != nil {
		return err
	}
	if after, err = p.After.Agreed(pl.Profile); err != nil {
		return err
	}
	if before.Pair.Equal(pl.held) && !after.Pair.Equal(p.Swap.To) {
		return fmt.Errorf("%s: after the edit the tools would not read the new key", pl)
	}
	return nil
}

// otherChange compares two views of one file and returns the name of a setting
// that differs in another way than the swap asks for.
func (p *Plan) otherChange(before, after *view) string {
	if before.refused != nil || after.refused != nil {
		return "the whole file"
	}
	if !slices.Equal(before.order, after.order) {
		return "the sections"
	}
	for _, name := range before.order {
		b, a := before.byName[name].settings, after.byName[name].settings
		if len(a) != len(b) {
			return "section " + name
		}
		for i := range b {
			if a[i] != b[i] && !p.swapped(b[i], a[i]) {
				return fmt.Sprintf("%s in section %s", b[i].name, name)
			}
		}
	}
	return ""
}

func (p *Plan) swapped(b, a setting) bool {
	if b.name != a.name || b.line != a.line || a.nested || b.nested {
		return false
	}
	return b.name == nameID && p.oldIDs[b.value] && a.value == p.Swap.To.ID ||
		b.name == nameSecret && p.oldSecrets[b.value] && a.value == p.Swap.To.Secret.Reveal()
}

// places finds the sections of f that hold a pair of sw.From.
func (f *File) places(sw Swap) ([]Place, error) {
	ids := map[string]bool{}
	for _, old := range sw.From {
		ids[old.ID] = true
	}
	return f.placesIn(sw, f.mentionsOf(ids))
}

// placesIn is places where it is known at which bytes the IDs stand.
func (f *File) placesIn(sw Swap, mentions map[string][]int) ([]Place, error) {
	var found []Place
	for _, old := range sw.From {
		if old.Equal(sw.To) && len(sw.From) == 1 {
			return nil, fmt.Errorf("old and new key are the same")
		}
		for _, at := range mentions[old.ID] {
			if f.readAsOther(at) {
				continue
			}
			pl, err := f.placeAt(at, sw)
			if err != nil {
				return nil, err
			}
			if !pl.held.Equal(sw.To) {
				found = append(found, pl)
			}
		}
	}
	sorting.By(found, func(a, b Place) int { return a.id.Start - b.id.Start })
	return slices.CompactFunc(found, func(a, b Place) bool { return a.id == b.id }), nil
}

// readAsOther reports whether byte at stands in a section that is the other
// file's.
func (f *File) readAsOther(at int) bool {
	return f.othersSection(f.sectionAt(f.At(at).Line - 1))
}

// placeAt returns the place whose access key ID stands at byte at.
func (f *File) placeAt(at int, sw Swap) (Place, error) {
	n := f.At(at).Line - 1
	l := f.Lines[n]
	sec := f.sectionAt(n)
	pl := Place{Kind: f.Kind, Path: f.Path, Profile: sec.Profile, Line: n + 1, id: l.Value}
	id := pl.id.In(f.Text)
	if l.Kind == Comment {
		return pl, fmt.Errorf("%s:%d: a carriage return ends the comment here, so that the AWS CLI reads the key that follows: \"keycare fix\" writes a line end, or delete the line",
			f.Path, n+1)
	}
	if l.Kind != Property || !strings.EqualFold(l.Name.In(f.Text), nameID) ||
		!slices.ContainsFunc(sw.From, func(p Pair) bool { return p.ID == id }) {
		return pl, fmt.Errorf("%s:%d mentions the key where keycare cannot change it: make it a plain \"%s = ...\" line of a profile, or delete it",
			f.Path, n+1, nameID)
	}
	if sec.Profile == "" {
		return pl, fmt.Errorf("%s:%d: the key is below a header that no AWS tool reads as a profile: delete that section or fix its header", f.Path, n+1)
	}
	secrets := 0
	for i, l := range f.Lines[sec.First:sec.Last] {
		switch {
		case l.Kind != Property:
		case strings.EqualFold(l.Name.In(f.Text), nameSecret):
			pl.secret = l.Value
			secrets++
		case strings.EqualFold(l.Name.In(f.Text), nameID) && sec.First+i != n:
			return pl, fmt.Errorf("%s:%d: profile %s has more than one line %s (the other is line %d): delete one of them, then go on",
				f.Path, n+1, show.Name(sec.Profile), nameID, sec.First+i+1)
		}
	}
	if secrets != 1 {
		return pl, fmt.Errorf("%s:%d: profile %s has %d lines %s beside this key, not one", f.Path, n+1, show.Name(sec.Profile), secrets, nameSecret)
	}
	secret := pl.secret.In(f.Text)
	if !slices.ContainsFunc(sw.From, func(p Pair) bool { return p.Secret.Reveal() == secret }) {
		return pl, fmt.Errorf("%s:%d: profile %s holds key %s with another secret than the one that is rotated: put the right secret there, or delete the section",
			f.Path, n+1, show.Name(sec.Profile), show.KeyID(id))
	}
	pl.held = Pair{id, NewSecret(secret)}
	return pl, nil
}

func (f *File) sectionAt(line int) Section {
	i, _ := slices.BinarySearchFunc(f.Sections, line, func(s Section, line int) int {
		switch {
		case s.Last <= line:
			return -1
		case s.First > line:
			return 1
		}
		return 0
	})
	return f.Sections[i]
}

// mentionsOf is mentions for many texts at once, in one pass over the file; a
// text that no line holds is left out.
func (f *File) mentionsOf(texts map[string]bool) map[string][]int {
	found := map[string][]int{}
	if len(texts) < 4 { // the search for one text is faster by far
		for text := range texts {
			if at := f.mentions(text); len(at) > 0 {
				found[text] = at
			}
		}
		return found
	}
	sizes := map[int]bool{}
	for text := range texts {
		sizes[len(text)] = true
	}
	delete(sizes, 0)
	for size := range sizes {
		for i := 0; i+size <= len(f.Text); i++ {
			text := f.Text[i : i+size]
			if !texts[text] {
				continue
			}
			at := found[text]
			if len(at) > 0 && i < at[len(at)-1]+size || f.inComment(i) {
				continue
			}
			found[text] = append(at, i)
		}
	}
	return found
}

// plainKey reports whether a pair has only characters that AWS puts into keys:
// anything else could end a value early for some reader.
func plainKey(p Pair) bool {
	ok := func(s string, more string) bool {
		return len(s) >= 4 && len(s) <= 256 && !strings.ContainsFunc(s, func(r rune) bool {
			return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune(more, r))
		})
	}
	return ok(p.ID, "_-") && ok(p.Secret.Reveal(), "+/=._-")
}
