package credfile

import (
	"fmt"
	"slices"
	"strings"
)

// Mend is one repair of a quirk: an edit that keeps every key and setting as it
// is read, and every other byte.
type Mend struct {
	Diagnostic
	What string // what is done, as a command: "remove the byte order mark"
	Diff string // the lines before and after, secrets redacted
	// Moves names the profiles for which the Go SDK reads another key afterwards:
	// the one that the AWS CLI reads.
	Moves []string

	kind  FileKind
	edits []edit
}

// mostMends bounds the repairs of one run; each is proved with all readers.
const mostMends = 500

// Mend repairs the quirks of both files one after another. A repair is offered
// to accept only if it is proved to be safe: the AWS CLI reads every setting of
// every profile as before (or, where it rejects the file, the Go SDK does), and
// where the two read a key they read the same one afterwards, or at least not
// less alike. It returns the files with the accepted repairs.
func (s *Set) Mend(accept func(Mend) (bool, error)) (*Set, []Mend, error) {
	var done []Mend
	refused := map[string]bool{}
	start := s
	for len(done)+len(refused) < mostMends {
		m, after := s.nextMend(start, refused)
		if after == nil {
			break
		}
		ok, err := accept(m)
		if err != nil {
			return s, done, err
		}
		if !ok {
			refused[m.key(s)] = true
			continue
		}
		done, s = append(done, m), after
	}
	return s, done, nil
}

// holdsKey reports whether a part of a key stands in a section.
func (f *File) holdsKey(sec Section) bool {
	return slices.ContainsFunc(f.Lines[sec.First:sec.Last], func(l Line) bool {
		return l.Kind == Property && isKeyName(strings.ToLower(l.Name.In(f.Text)))
	})
}

// key names a repair, wherever it moves.
func (m Mend) key(s *Set) string {
	f := s.Files()[m.kind]
	line := ""
	if n := m.Pos.Line - 1; n < len(f.Lines) {
		line = f.Lines[n].In(f.Text)
	}
	return fmt.Sprint(m.kind, m.Quirk, m.Profile, line)
}

// nextMend finds a repair that is safe and not refused; after is nil if there is
// none.
func (s *Set) nextMend(start *Set, refused map[string]bool) (Mend, *Set) {
	for k, f := range s.Files() {
		for _, d := range f.Diagnostics() {
			what, edits := f.repair(d)
			m := Mend{Diagnostic: d, What: what, kind: FileKind(k), edits: edits}
			if len(edits) == 0 || refused[m.key(s)] {
				continue
			}
			if after := s.mended(start, m); after != nil {
				m.Diff = mendDiff(f, after.Files()[k].Text, edits)
				m.Moves = s.moved(start, after)
				return m, after
			}
		}
	}
	return Mend{}, nil
}

// mended returns the files with a repair, nil if it is not safe.
func (s *Set) mended(start *Set, m Mend) *Set {
	f := s.Files()[m.kind]
	texts := [2]string{s.Credentials.Text, s.Config.Text}
	edited, err := applyEdits(f.Text, m.edits)
	if err != nil || edited == f.Text {
		return nil
	}
	if back, err := undoEdits(edited, f.Text, m.edits); err != nil || back != f.Text {
		return nil
	}
	texts[m.kind] = edited
	if s.One {
		texts = [2]string{edited, edited}
	}
	after := newSet(s.Paths, texts[CredentialsFile], texts[ConfigFile], s.One)
	after.Missing = s.Missing
	if !s.sameReadings(after) || !start.keptBy(after) {
		return nil
	}
	return after
}

// mostTried and largestTried bound what Mendable looks at: each repair is proved
// with all readers.
const mostTried, largestTried = 50, 64 << 10

// Mendable returns the quirks that Mend offers to repair as the files are now. Of
// large files, and of many quirks, some may be missing.
func (s *Set) Mendable() map[Diagnostic]bool {
	able := map[Diagnostic]bool{}
	if len(s.Credentials.Text)+len(s.Config.Text) > largestTried {
		return able
	}
	tried := 0
	for k, f := range s.Files() {
		for _, d := range f.Diagnostics() {
			what, edits := f.repair(d)
			if len(edits) == 0 {
				continue
			}
			if tried++; tried > mostTried {
				return able
			}
			able[d] = s.mended(s, Mend{Diagnostic: d, What: what, kind: FileKind(k), edits: edits}) != nil
		}
	}
	return able
}

// moved are the profiles for which the Go SDK reads a key at the start, and with
// this repair another one, or none. The sum of the repairs counts: what one takes
// away, a later one may replace by another.
func (s *Set) moved(start, after *Set) (profiles []string) {
	for _, p := range start.Profiles() {
		was, is := start.SDK(p), after.SDK(p)
		before := s.SDK(p)
		unchanged := before.same(is) || before.None != "" && is.None != ""
		if was.None == "" && !was.same(is) && !unchanged {
			profiles = append(profiles, p)
		}
	}
	return profiles
}
