package report

import (
	"fmt"
	"keycare/credfile/facts"
	"strings"
	"testing"
	"time"
)

// lastUse is the use of a key so many days ago; below zero it is unknown.
func lastUse(days int) facts.Answer[facts.Use] {
	if days < 0 {
		return facts.Unanswered[facts.Use]("needs iam:GetAccessKeyLastUsed")
	}
	return facts.Answered(facts.Use{At: now.Add(-time.Duration(days)*day - time.Hour), Service: "s3", Region: "eu-central-1"})
}

const neverUsed = 1 << 20

// twoKeys is a user with keyA, made 80 days ago, in profile a, and keyB, of 70
// days, which is in profile b if both is set. They were used so many days ago.
func twoKeys(first, second int, both bool) Input {
	use := func(days int) facts.Answer[facts.Use] {
		if days == neverUsed {
			return facts.Answered(facts.Use{})
		}
		return lastUse(days)
	}
	a := changed(func(o *facts.Online) {
		o.Created.Value, o.LastUsed = now.Add(-80*day-time.Hour), use(first)
		o.Others.Value = []facts.OtherKey{{ID: keyB, Active: true, Created: now.Add(-70*day - time.Hour), LastUsed: use(second)}}
	})
	in := input(section("a", keyA, secretA), "", online(a))
	if both {
		in = input(section("a", keyA, secretA)+section("b", keyB, secretB), "", online(a))
		in.Online[keyB] = changed(func(o *facts.Online) {
			o.KeyID, o.Created.Value, o.LastUsed = keyB, now.Add(-70*day-time.Hour), use(second)
			o.Others.Value = []facts.OtherKey{{ID: keyA, Active: true, Created: now.Add(-80*day - time.Hour), LastUsed: use(first)}}
		})
	}
	return in
}

// Of the two keys of a user a report takes away one at most, and never one that
// is in use or of which nobody knows.
func TestSecondKey(t *testing.T) {
	takesB, takesA := "--status Inactive --access-key-id "+keyB, "--status Inactive --access-key-id "+keyA
	for _, c := range []struct {
		first, second int
		both          bool
		has           []string // in the repairs
	}{
		{neverUsed, 2, false, []string{"key " + keyB + " is in use (s3 in eu-central-1, 2026-10-31): find out by whom; to keep only that one, put it into profile \"a\"; nothing uses key " + keyA,
			takesA + " --profile a", "stops working, and only an administrator can reactivate the key"}},
		{1, 2, false, []string{"is in use (s3 in eu-central-1"}},
		{1, 45, false, []string{"is in use"}},
		{1, 46, false, []string{takesB + " --profile a", "which can be undone"}},
		{1, neverUsed, false, []string{takesB + " --profile a"}},
		{60, 50, false, []string{takesB + " --profile a", "key " + keyB + " of the same user is unused too"}},
		{60, -1, false, []string{"its last use is unknown (AWS denies iam:GetAccessKeyLastUsed); nothing uses key " + keyA, takesA}},
		{1, -1, false, []string{"find out who uses key " + keyB + " before you touch it"}},
		{60, 2, true, []string{takesA + " --profile b", `see the finding about profile "a", and keep the other key`}},
		{60, 65, true, []string{takesB + " --profile a", `see the finding about profile "b"`, "key " + keyB + " of the same user is unused too"}},
		{1, 2, true, []string{`make profiles "a" and "b" use one of the two`}},
	} {
		t.Run(fmt.Sprintf("%+v", c), func(t *testing.T) {
			r := Audit(twoKeys(c.first, c.second, c.both))
			fixes := ""
			for _, f := range r.Findings {
				fixes += f.Repair.String() + "\n"
			}
			for _, text := range c.has {
				if !strings.Contains(fixes, text) {
					t.Errorf("%q is missing in\n%s", text, fixes)
				}
			}
			if strings.Contains(fixes, "delete-access-key") || strings.Contains(fixes, takesA) && strings.Contains(fixes, takesB) {
				t.Errorf("both keys go, or one for ever:\n%s", fixes)
			}
			if n := strings.Count(strings.Join(c.has, ""), "--status"); strings.Count(fixes, "--status") != n {
				t.Errorf("%d keys are told to be deactivated, want %d:\n%s", strings.Count(fixes, "--status"), n, fixes)
			}
			if len(of(r, "two-active-keys")) != 1 {
				t.Errorf("got %s", jsonText(t, r))
			}
		})
	}
	// keycare's own calls are no use that anybody makes.
	in := twoKeys(60, 1, true)
	second := in.Online[keyB]
	second.OwnUse = true
	in.Online[keyB] = second
	if fs := of(Audit(in), "two-active-keys"); len(fs) != 1 || strings.Contains(fs[0].Repair.String(), "aws") || !strings.Contains(fs[0].What, "last use unknown") {
		t.Errorf("got %+v", fs)
	}
}

// A key of another user signs with the user's name; one that works no longer, or
// that is to go itself, does not sign.
func TestOtherSigner(t *testing.T) {
	for _, c := range []struct {
		change func(*facts.Online)
		want   string
	}{
		{func(*facts.Online) {}, keyA + " --user-name dev --profile b"},
		{func(o *facts.Online) { o.Rejected = true }, keyA + " --profile a"},
		{func(o *facts.Online) { o.Status.Value = "Inactive" }, keyA + " --profile a"},
		{func(o *facts.Online) { o.Identity.Value.Account = "111122223333" }, keyA + " --profile a"},
		{func(o *facts.Online) { o.LastUsed = lastUse(60); o.Created.Value = now.Add(-70 * day) }, keyA + " --profile a"},
	} {
		in := input(section("a", keyA, secretA)+section("b", keyB, secretB), "", used(46))
		second := changed(func(o *facts.Online) {
			o.Identity.Value.ARN = "arn:aws:iam::619888638459:user/ops"
			c.change(o)
		})
		in.Online[keyB] = second
		fs := of(Audit(in), "unused-key")
		if len(fs) == 0 || !strings.HasSuffix(fs[0].Repair.String(), c.want) {
			t.Errorf("want %s, got %+v", c.want, fs)
		}
	}
}

// A key in flight goes with its rotation, so the user's other spare key is told.
func TestSpareInFlight(t *testing.T) {
	in := twoKeys(70, 60, true)
	in.Rotations = []facts.Rotation{{Old: keyOld, New: keyA, Stage: "unfinished", Journal: true}}
	fs := of(Audit(in), "unused-key")
	if len(fs) != 2 || fs[0].Repair.String() != "keycare resume" || !strings.Contains(fs[1].Repair.String(), "--status Inactive --access-key-id "+keyB) {
		t.Errorf("got %+v", fs)
	}
}
