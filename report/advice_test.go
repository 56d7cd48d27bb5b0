package report

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"keycare/credfile/facts"
)

// lastUse is the use of a key so many days ago; below zero it is unknown.
func lastUse(days int) facts.Answer[facts.Use] {
	if days < 0 {
		return facts.Answer[facts.Use]{Unknown: "needs iam:GetAccessKeyLastUsed"}
	}
	return facts.Answer[facts.Use]{Value: facts.Use{At: now.Add(-time.Duration(days)*day - time.Hour), Service: "s3", Region: "eu-central-1"}}
}

const neverUsed = 1 << 20

// twoKeys is a user with keyA, made 80 days ago, in profile a, and keyB, of 70
// days, which is in profile b if both is set. They were used so many days ago.
func twoKeys(first, second int, both bool) Input {
	use := func(days int) facts.Answer[facts.Use] {
		if days == neverUsed {
			return facts.Answer[facts.Use]{}
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
		{neverUsed, 2, false, []string{"key " + keyB + " is in use (s3 in eu-central-1, 2026-10-31): find out by whom; if you want only that one, put it into profile \"a\"; nothing uses key " + keyA,
			takesA + " --profile a", "cannot sign, and only an administrator can switch it on again"}},
		{1, 2, false, []string{"is in use (s3 in eu-central-1"}},
		{1, 45, false, []string{"is in use"}},
		{1, 46, false, []string{takesB + " --profile a", "which can be undone"}},
		{1, neverUsed, false, []string{takesB + " --profile a"}},
		{60, 50, false, []string{takesB + " --profile a", "nothing uses key " + keyB + " of the same user either"}},
		{60, -1, false, []string{"when it was used last is unknown (AWS denies iam:GetAccessKeyLastUsed); nothing uses key " + keyA, takesA}},
		{1, -1, false, []string{"find out who uses key " + keyB + " before you touch it"}},
		{60, 2, true, []string{takesA + " --profile b", `see the finding about profile "a", and keep the other key`}},
		{60, 65, true, []string{takesB + " --profile a", `see the finding about profile "b"`, "nothing uses key " + keyB + " of the same user either"}},
		{1, 2, true, []string{`let profiles "a" and "b" use one of the two`}},
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

// A key in flight goes with its rotation, so the user's other spare key is told.
func TestSpareInFlight(t *testing.T) {
	in := twoKeys(70, 60, true)
	in.Rotations = []facts.Rotation{{Old: keyOld, New: keyA, Stage: "unfinished", Journal: true}}
	fs := of(Audit(in), "unused-key")
	if len(fs) != 2 || fs[0].Repair.String() != "keycare resume" || !strings.Contains(fs[1].Repair.String(), "--status Inactive --access-key-id "+keyB) {
		t.Errorf("got %+v", fs)
	}
}

func TestGrace(t *testing.T) {
	zone := time.FixedZone("CET", 3600)
	for _, c := range []struct {
		until     time.Time
		what, fix string
	}{
		{now.Add(time.Hour), "still active until 2026-11-02 11:00 CET", `nothing to do before that; then "keycare resume" retires the old key`},
		{now, "its grace ended on 2026-11-02 10:00 CET", "keycare resume"},
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
	in = ruleCases[0].fires
	in.Rotations = []facts.Rotation{{ID: "1", Old: keyA, Root: true, Account: "619888638459", Stage: "unfinished", Journal: true}}
	if fs := of(Audit(in), "root-key"); len(fs) != 1 || fs[0].Repair.String() != "keycare resume" {
		t.Errorf("got %+v", fs)
	}
}

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

// What is not asked on purpose does not ask for another audit.
func TestNotAsked(t *testing.T) {
	in := input(section("a", keyA, secretA)+section("b", keyA, secretA), "", func(in *Input) { in.Offline = false })
	in.NeverCall = func(profile, id string) bool { return profile == "b" && id == keyA }
	fs := of(Audit(in), "unknown-facts")
	if len(fs) != 1 || fs[0].Severity != Info || !strings.HasSuffix(fs[0].What, "the settings say never to ask AWS about it") || !strings.HasSuffix(fs[0].Repair.String(), "keycare settings") {
		t.Errorf("got %+v", fs)
	}
	in.NeverCall = nil
	if fs := of(Audit(in), "unknown-facts"); len(fs) != 1 || fs[0].Severity != Low || fs[0].Repair.String() == "keycare audit" {
		t.Errorf("got %+v", fs)
	}
	r := Audit(input("[a]\naws_access_key_id = "+keyA+"\n", "", func(in *Input) { in.Offline = false }))
	if len(of(r, "unknown-facts")) != 0 || len(of(r, "id-without-secret")) != 1 || r.Unknown != 0 {
		t.Errorf("got %s", jsonText(t, r))
	}
}

// What stays unknown has the repair that fits its reason.
func TestUnknownRepairs(t *testing.T) {
	for why, want := range map[string]string{
		"needs iam:ListAccessKeys":                                     "have an administrator allow them; the policy: keycare policy",
		"no answer from AWS (the connection is refused)":               "keycare audit",
		"too many keys for one audit: ask for this one with --profile": "keycare audit --profile a",
	} {
		fs := of(Audit(input(section("a", keyA, secretA), "", online(changed(func(o *facts.Online) { o.Created.Unknown = why })))), "unknown-facts")
		if len(fs) != 1 || fs[0].Repair.String() != want {
			t.Errorf("%s: got %+v", why, fs)
		}
	}
	root := func(why string) func(*Input) {
		return acct(func(f *facts.AccountFacts) { f.RootUse.Unknown = why })
	}
	for why, want := range map[string]Severity{facts.NoReport: Low, "needs iam:GetCredentialReport": Info, "no answer from AWS": Low} {
		if fs := of(Audit(input(section("a", keyA, secretA), "", root(why))), "unknown-account"); len(fs) != 1 || fs[0].Severity != want {
			t.Errorf("%s: got %+v", why, fs)
		}
	}
	both := acct(func(f *facts.AccountFacts) {
		f.RootUse.Unknown, f.Password.Unknown = "needs iam:GetCredentialReport", "needs iam:GetAccountPasswordPolicy"
	})
	if fs := of(Audit(input(section("a", keyA, secretA), "", both)), "unknown-account"); len(fs) != 1 || fs[0].Severity != Low ||
		!strings.HasSuffix(fs[0].What, "AWS denies iam:GetAccountPasswordPolicy, iam:GetCredentialReport") {
		t.Errorf("got %+v", fs)
	}
}

// An old key that nobody uses is to be looked at before it is rotated; a key that
// does not work is not said to work.
func TestAgeAndUse(t *testing.T) {
	for days, rule := range map[int]string{100: "old-key", 400: "year-old-key"} {
		o := aged(days)
		o.LastUsed = lastUse(60)
		in := input(section("a", keyA, secretA), "", online(o))
		if fs := of(Audit(in), rule); len(fs) != 1 || fs[0].Repair.String() != "see unused-key; if it is needed: keycare rotate a" {
			t.Errorf("got %+v", fs)
		}
		in.Policy.Off = []string{"unused-key"}
		if fs := of(Audit(in), rule); len(fs) != 1 || fs[0].Repair.String() != "keycare rotate a" {
			t.Errorf("got %+v", fs)
		}
		in.Policy.Exceptions = []Exception{{Rule: "old-key", Until: now.Add(day)}}
		if fs := of(Audit(in), rule); len(fs) != 0 {
			t.Errorf("an exception for old-key does not cover %s", rule)
		}
		in.Policy.Exceptions[0].Rule = "year-old-key"
		if fs := of(Audit(in), rule); len(fs) != 0 != (rule == "old-key") {
			t.Errorf("%s: got %+v", rule, fs)
		}
	}
	for _, o := range []facts.Online{{Rejected: true}, changed(func(o *facts.Online) { o.Status.Value = "Inactive" })} {
		if fs := of(Audit(input(section("a", keyA, secretA), "", online(o))), "static-key"); len(fs) != 0 {
			t.Errorf("got %+v", fs)
		}
	}
}

// A limit that is no number of days is neither tightened nor shown as another one.
func TestPartsOfDays(t *testing.T) {
	for hours, want := range map[int]string{36: "", 37: "is 1.5 days old, the limit is 1.5", 60: "is 2.5 days old, the limit is 1.5"} {
		in := input(section("a", keyA, secretA), "", online(changed(func(o *facts.Online) {
			o.Created.Value = now.Add(-time.Duration(hours) * time.Hour)
		})))
		in.Policy.MaxAge = 36 * time.Hour
		fs := of(Audit(in), "old-key")
		if len(fs) > 1 || (len(fs) == 1) != (want != "") || len(fs) == 1 && !strings.HasSuffix(fs[0].What, want) {
			t.Errorf("%d hours: got %+v", hours, fs)
		}
	}
}
