package credfile

import (
	"fmt"
	"slices"
	"strings"
)

// edit replaces the bytes of a span.
type edit struct {
	Span
	text string
}

// applyEdits returns text with the edits made. Everything outside the spans is
// kept as it is. Spans that overlap are an error.
func applyEdits(text string, edits []edit) (string, error) {
	if len(edits) == 0 {
		return text, nil
	}
	edits = slices.SortedFunc(slices.Values(edits), func(a, b edit) int { return a.Start - b.Start })
	var b strings.Builder
	b.Grow(len(text) + 64*len(edits))
	at := 0
	for _, e := range edits {
		if e.Start < at {
			return "", fmt.Errorf("two edits overlap at byte %d", e.Start)
		}
		b.WriteString(text[at:e.Start])
		b.WriteString(e.text)
		at = e.End
	}
	b.WriteString(text[at:])
	return b.String(), nil
}

// undoEdits puts the old values back into the edited text, to prove that
// nothing else was changed.
func undoEdits(edited, old string, edits []edit) (string, error) {
	edits = slices.SortedFunc(slices.Values(edits), func(a, b edit) int { return a.Start - b.Start })
	back := make([]edit, len(edits))
	shift := 0
	for i, e := range edits {
		start := e.Start + shift
		back[i] = edit{Span{start, start + len(e.text)}, e.In(old)}
		shift += len(e.text) - (e.End - e.Start)
	}
	return applyEdits(edited, back)
}
