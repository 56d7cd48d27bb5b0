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
	if fs := of(r, "secret-mismatch"); len(fs) != 1 || fs[0].Repair.String() != `the secret of profile "b" works: copy it to profile "a", or delete the key's lines there` {
		t.Errorf("got %+v", fs)
	}
	in.Online[keyA] = facts.Online{KeyID: keyA, Rejected: true}
	if fs := of(Audit(in), "secret-mismatch"); len(fs) != 1 || !strings.HasPrefix(fs[0].Repair.String(), "AWS accepts none of them") {
		t.Errorf("got %+v", fs)
	}
}

// A dead key is said to be deleted only where every partition has said so.
func TestRejectedKeyElsewhere(t *testing.T) {
	gov := changed(func(o *facts.Online) { o.Region = "us-gov-west-1" })
	gov.Identity.Value.ARN = strings.Replace(gov.Identity.Value.ARN, "arn:aws:", "arn:aws-us-gov:", 1)
	for _, c := range []struct {
		online       facts.Online
		what, repair string
	}{
		{facts.Online{Rejected: true}, "is not accepted by AWS", "enter a working key, or set the region if this is a GovCloud or China key: aws configure --profile a"},
		{facts.Online{Rejected: true, Partitions: true}, "is not accepted by AWS", "enter a working key, or delete the profile's key lines: aws configure --profile a"},
		{gov, "works only in partition aws-us-gov", "write the region into the profile: aws configure set region us-gov-west-1 --profile a"},
	} {
		fs := of(Audit(input(section("a", keyA, secretA), "", online(c.online))), "key-rejected")
		if len(fs) != 1 || !strings.Contains(fs[0].What, c.what) || fs[0].Repair.String() != c.repair {
			t.Errorf("got %+v, want %s; %s", fs, c.what, c.repair)
		}
	}
}
