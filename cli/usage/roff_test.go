package usage

import (
	"testing"
)

func TestRoff(t *testing.T) {
	m := &roff{}
	m.macro("SH", `a "quoted" -b`)
	m.text(".hidden 'x' back\\slash ~ ^ `. Next... one")
	m.verbatim("'first\n.second\n")
	const want = ".SH \"a \\(dqquoted\\(dq \\-b\"\n\\&.hidden \\(aqx\\(aq back\\eslash \\(ti \\(ha \\(ga.\nNext... one\n.PP\n.nf\n\\(aqfirst\n\\&.second\n.fi\n"
	if got := m.String(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
