package format

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mattn/go-runewidth"

	"keycare/credfile/show"
	"keycare/report"
)

// longCommand is the length, in bytes, from which a command is shown once.
const longCommand = 120

// mostShown is how many findings of one rule are shown one by one.
const mostShown = 5

// details writes findings with everything about them, those of one rule
// together.
func (t *tableWriter) details(found []*report.Finding) {
	said := report.Clean
	for i, g := range report.Groups(found, true) {
		if s := g[0].Severity; s != said {
			if said = s; i > 0 {
				t.b.WriteByte('\n')
			}
			fmt.Fprintf(&t.b, "%s\n", t.color(strings.ToUpper(s.String()), severityStyles[s]))
		}
		t.rule(g)
	}
}

// rule writes findings of one rule.
func (t *tableWriter) rule(g report.Group) {
	t.b.WriteByte('\n')
	t.wrapped("  ", titleOf(g[0].Rule, true), show.Bold)
	t.wrapped("  ", show.Sentence(g[0].Why)+".", show.Faint)
	shown := g
	if !t.All {
		shown = g[:min(len(g), mostShown)]
	}
	for i, f := range shown {
		t.finding(f)
		// One repair for several findings is said once, after the last of them.
		if i+1 == len(shown) || shown[i+1].Repair != f.Repair {
			t.repair(f.Repair)
		}
	}
	if n := len(g) - len(shown); n > 0 {
		t.wrapped("    ", fmt.Sprintf("and %d more: --details --all", n), show.Faint)
	}
	for _, source := range g[0].Sources {
		if link := report.Link(source); link != "" {
			source += ": " + link
		}
		t.wrapped("    ", "source: "+source, show.Faint)
	}
}

func (t *tableWriter) finding(f *report.Finding) {
	where := t.place(f, true)
	what := show.Flow(f.What)
	const mark, under = "  - ", "    "
	if where != "" && runewidth.StringWidth(mark+what+"  "+where) <= t.Width {
		fmt.Fprintf(&t.b, "%s%s  %s\n", mark, what, t.color(where, show.Faint))
		return
	}
	for i, line := range t.lines(under, what) {
		if i == 0 {
			line = mark + strings.TrimPrefix(line, under)
		}
		t.b.WriteString(line + "\n")
	}
	if where != "" {
		t.b.WriteString(under + t.color(where, show.Faint) + "\n")
	}
}

// repair writes a repair. In front of a command stand only spaces, also where it
// ends a sentence. Of a long command that was shown before, only what is
// different is.
func (t *tableWriter) repair(r report.Repair) {
	const indent = "      "
	text, command := r.Text, show.Flow(r.Command)
	if len(command) > longCommand {
		for _, long := range t.long {
			if different, ok := beyond(long, command); ok {
				text = strings.TrimPrefix(text+"; ", "; ") + "the long command above"
				if different != "" {
					text += ", with " + different
				}
				command = ""
				break
			}
		}
		if command != "" {
			t.long = append(t.long, command)
		}
	}
	if text != "" && command != "" {
		text += ":"
	}
	if text != "" {
		t.wrapped(indent, text, show.Green)
	}
	if command != "" {
		t.b.WriteString(indent + t.color(command, show.Green) + "\n")
	}
}

// beyond is what command has beside another one of which it has everything, but
// for the profile. ok is false if it lacks more.
func beyond(shown, command string) (different string, ok bool) {
	const profile = " --profile "
	has, _, _ := strings.Cut(shown, profile)
	words := strings.Fields(command)
	for _, word := range strings.Fields(has) {
		i := slices.Index(words, word)
		if i < 0 {
			return "", false
		}
		words = slices.Delete(words, i, i+1)
	}
	different = strings.Join(words, " ")
	if _, of, ok := strings.Cut(shown, profile); ok {
		different = strings.TrimSpace(strings.TrimSuffix(different, strings.TrimSpace(profile)+" "+of))
	}
	return different, has != ""
}
