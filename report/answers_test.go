package report

import (
	"keycare/credfile/facts"
	"strings"
	"testing"
)

// Only the profiles with the wrong secret are told, and which secret works.
func TestWrongSecret(t *testing.T) {
	in := input(section("a", keyA, secretA)+section("b", keyA, secretB), "", online(changed(func(o *facts.Online) { o.WrongSecret = []string{"a"} })))
	r := Audit(in)
	checkNoSecret(t, r)
	fs := of(r, "key-rejected")
	if len(fs) != 1 || len(fs[0].Profiles) != 1 || fs[0].Profiles[0] != "a" || fs[0].Line != 3 || !strings.Contains(fs[0].What, "its secret is wrong") {
		t.Errorf("got %+v", fs)
	}
	if fs := of(r, "secret-mismatch"); len(fs) != 1 || fs[0].Repair.String() != `the secret of profile "b" works: take it over into profile "a", or delete the key's lines there` {
		t.Errorf("got %+v", fs)
	}
	in.Online[keyA] = facts.Online{KeyID: keyA, Rejected: true}
	if fs := of(Audit(in), "secret-mismatch"); len(fs) != 1 || !strings.HasPrefix(fs[0].Repair.String(), "AWS accepts none of them") {
		t.Errorf("got %+v", fs)
	}
}
