package credfile

import (
	"fmt"
	"strings"
)

// Diff shows the lines that the plan changes, secrets redacted. Where newID is
// not empty it stands for the new key's ID.
func (p *Plan) Diff(newID string) string {
	var b strings.Builder
	for k, f := range p.Before.Files() {
		if !p.Changed(FileKind(k)) {
			continue
		}
		fmt.Fprintf(&b, "--- %s\n+++ %s\n", f.Path, f.Path)
		for _, pl := range p.Places {
			if pl.Kind != FileKind(k) && !p.Before.One {
				continue
			}
			fmt.Fprintf(&b, "@@ profile %s @@\n", pl.Profile)
			id := p.Swap.To.ID
			if newID != "" {
				id = newID
			}
			p.lineDiff(&b, f, pl.id, pl.held.ID, id)
			p.lineDiff(&b, f, pl.secret, redacted+" old", redacted+" new")
		}
	}
	for _, c := range p.copies {
		fmt.Fprintf(&b, "--- %s\n+++ %s\n", c.Path, c.Path)
		for _, old := range p.Swap.From { // the lines may hold other secrets
			for _, n := range c.lines(old.ID) {
				fmt.Fprintf(&b, "@@ line %d: access key ID @@\n", n)
			}
			for _, n := range c.lines(old.Secret.Reveal()) {
				fmt.Fprintf(&b, "@@ line %d: secret access key @@\n", n)
			}
		}
	}
	return b.String()
}

// lineDiff writes the line of a span twice, with old and with text in the span's place.
func (p *Plan) lineDiff(b *strings.Builder, f *File, at Span, old, text string) {
	l := f.Lines[f.At(at.Start).Line-1]
	head, tail := f.Text[l.Start:at.Start], strings.TrimRight(f.Text[at.End:l.End], "\r\n")
	fmt.Fprintf(b, "-%s%s%s\n+%s%s%s\n", head, old, tail, head, text, tail)
}
