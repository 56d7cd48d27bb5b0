package report

import (
	"keycare/credfile/facts"
	"strings"
	"testing"
	"time"
)

// The two keys of a rotation in flight are no finding, and neither goes before
// the rotation does.
func TestKeysInFlight(t *testing.T) {
	for _, c := range []struct {
		r    facts.Rotation
		want int
	}{
		{facts.Rotation{Old: keyB, New: keyA, Stage: "grace", Journal: true}, 0},
		{facts.Rotation{Old: keyA, New: keyB, Stage: "unfinished", Journal: true}, 0},
		{facts.Rotation{Old: keyA, Stage: "unfinished", Journal: true}, 0},
		{facts.Rotation{Old: keyOld, New: keyA, Stage: "grace", Journal: true}, 1},
		{facts.Rotation{Old: keyB, New: keyA, Stage: "watch", Journal: true}, 1},
		{facts.Rotation{Old: keyOld, New: keySession, Stage: "grace", Journal: true}, 1},
	} {
		in := twoKeys(60, 70, false)
		in.Rotations = []facts.Rotation{c.r}
		r := Audit(in)
		if fs := of(r, "two-active-keys"); len(fs) != c.want {
			t.Errorf("%+v: got %+v", c.r, fs)
		}
		if fs := of(r, "unused-key"); c.want == 0 && (len(fs) != 1 || fs[0].Repair.String() != "keycare resume") {
			t.Errorf("%+v: got %+v", c.r, fs)
		}
	}
}

func TestGrace(t *testing.T) {
	zone := time.FixedZone("CET", 3600)
	for _, c := range []struct {
		until     time.Time
		what, fix string
	}{
		{now.Add(time.Hour), "still active until 2026-11-02 11:00 CET", `nothing to do until then; "keycare resume" retires the old key afterwards`},
		{now, "its grace period ended 2026-11-02 10:00 CET", "keycare resume"},
		{time.Time{}, "still active", "keycare resume"},
	} {
		in := input("", "", rotation(facts.Rotation{ID: "1", Profile: "a", Old: keyA, New: keyB, Stage: "grace", Journal: true, Until: c.until}))
		in.Now = now.In(zone)
		fs := of(Audit(in), "rotation-in-grace")
		if len(fs) != 1 || !strings.HasSuffix(fs[0].What, c.what) || fs[0].Repair.String() != c.fix {
			t.Errorf("%v: got %+v", c.until, fs)
		}
	}
}

// While a root key is being replaced, that is to be finished.
func TestRootInFlight(t *testing.T) {
	in := input(section("a", keyA, secretA), "", acct(func(f *facts.AccountFacts) { f.Root.Value.Keys = 1 }))
	in.Rotations = []facts.Rotation{{ID: "1", Old: keyB, New: keyA, Root: true, Account: "619888638459", Stage: "unfinished", Journal: true}}
	if fs := of(Audit(in), "root-key-in-account"); len(fs) != 1 || fs[0].Repair.String() != "keycare resume" {
		t.Errorf("got %+v", fs)
	}
	in.Rotations[0].Account = "111122223333"
	if fs := of(Audit(in), "root-key-in-account"); len(fs) != 1 || !strings.HasPrefix(fs[0].Repair.String(), "sign in") {
		t.Errorf("got %+v", fs)
	}
	in = input(section("a", keyA, secretA), "", online(changed(func(o *facts.Online) {
		o.Identity.Value = facts.Identity{ARN: "arn:aws:iam::619888638459:root", UserID: "619888638459", Account: "619888638459"}
	})))
	in.Rotations = []facts.Rotation{{ID: "1", Old: keyA, Root: true, Account: "619888638459", Stage: "unfinished", Journal: true}}
	if fs := of(Audit(in), "root-key"); len(fs) != 1 || fs[0].Repair.String() != "keycare resume" {
		t.Errorf("got %+v", fs)
	}
}
