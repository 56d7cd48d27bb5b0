package report

import (
	"slices"
	"strings"
	"testing"
)

// finding is one of a rule, as an audit files it.
func finding(rule, key, account string, repair Repair) Finding {
	r := RuleByID(rule)
	f := Finding{Rule: rule, Severity: r.Severity, KeyID: key, Account: account, Repair: repair, Profiles: []string{"p-" + key}, File: "/c"}
	f.Subject = f.subject(r.About)
	return f
}

func reportOf(fs ...Finding) *Report {
	slices.SortStableFunc(fs, func(a, b Finding) int { return int(b.Severity - a.Severity) })
	return &Report{Findings: fs, Files: []string{"/c"}}
}

// commands are those of the first steps, or their texts, with how many findings
// each ends.
func commands(r *Report) string {
	var all []string
	for _, f := range FirstFixes(r) {
		what := f.Command
		if what == "" {
			what = f.Text
		}
		all = append(all, what+" "+strings.Repeat("*", len(f.Ends)))
	}
	return strings.Join(all, "; ")
}

func TestFirstFixes(t *testing.T) {
	rotate := func(name string) Repair { return do("keycare rotate " + name) }
	const deactivate = "aws iam update-access-key --status Inactive"
	rootMFA := finding("root-no-mfa", "", "1", ruleRootNoMFA.Repair)
	mode := finding("file-mode", "", "", do("chmod 600 x"))
	owner := finding("file-owner", "", "", do("sudo chown x"))
	for name, c := range map[string]struct {
		in   []Finding
		want string
	}{
		"nothing":        {nil, ""},
		"only info":      {[]Finding{finding("static-key", "A", "1", ruleStaticKey.Repair)}, ""},
		"worst first":    {[]Finding{finding("old-key", "A", "1", rotate("a")), mode, rootMFA}, ruleRootNoMFA.Repair.Text + " *; keycare fix *; keycare rotate a *"},
		"three at most":  {[]Finding{finding("old-key", "A", "1", rotate("a")), mode, rootMFA, finding("root-key", "R", "1", do("keycare replace-root --profile r"))}, ruleRootNoMFA.Repair.Text + " *; keycare replace-root --profile r *; keycare fix *"},
		"fix does both":  {[]Finding{mode, finding("file-quirk", "", "", Repair{"write it without quotes", "keycare fix"})}, "keycare fix **"},
		"another's file": {[]Finding{mode, owner}, "sudo chown x *"},
		"one rotation for all": {[]Finding{finding("year-old-key", "A", "1", rotate("a")), finding("old-key", "B", "1", rotate(`"b c"`)), finding("old-key", "C", "2", rotate("-- -x"))},
			`keycare rotate a "b c" -- -x ***`},
		"many rotations": {[]Finding{finding("old-key", "A", "1", rotate("a")), finding("old-key", "B", "1", rotate("b")), finding("old-key", "C", "2", rotate("c")),
			finding("old-key", "D", "1", rotate("d")), finding("old-key", "E", "1", rotate("e")), finding("old-key", "F", "1", rotate("f"))}, "keycare rotate --due ******"},
		"two rules, one key": {[]Finding{finding("year-old-key", "A", "1", rotate("a")), finding("old-generation-key", "A", "1", rotate("a"))}, "keycare rotate a **"},
		"interrupted":        {[]Finding{rootMFA, finding("rotation-unfinished", "A", "1", do("keycare resume"))}, "keycare resume *; " + ruleRootNoMFA.Repair.Text + " *"},
		"old and unused": {[]Finding{finding("year-old-key", "A", "1", Repair{"see unused-key; if it is needed", "keycare rotate a"}), finding("unused-key", "A", "1", Repair{"if nothing needs it", deactivate})},
			"keycare rotate a **"},
		"unused": {[]Finding{finding("unused-key", "A", "1", Repair{"if nothing needs it", deactivate})}, "deactivate the key if nothing needs it *"},
		"no CLI": {[]Finding{finding("file-rejected", "", "", say("delete the line")), finding("cli-history", "", "", Repair{"first fix file-rejected, then", "aws configure"})}, "delete the line *"},
		"a key goes, so no other is touched": {[]Finding{finding("admin-attached", "A", "1", Repair{"then", "aws iam detach-user-policy"}), finding("year-old-key", "B", "1", rotate("b")), finding("year-old-key", "C", "2", rotate("c"))},
			"keycare rotate b c **"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := commands(reportOf(c.in...)); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// Whatever is known of the two keys of a user, the first steps do not take one
// away and touch the other.
func TestFirstFixesLeaveAKey(t *testing.T) {
	steps := 0
	for _, first := range []int{neverUsed, 1, 60, -1} {
		for _, second := range []int{neverUsed, 2, 46, 65, -1} {
			for _, both := range []bool{false, true} {
				in := twoKeys(first, second, both)
				for id, o := range in.Online {
					o.Created.Value = now.Add(-500 * day) // so that both are to be rotated, too
					in.Online[id] = o
				}
				fixes := FirstFixes(Audit(in))
				away, keys := 0, 0
				for _, f := range fixes {
					steps++
					if f.takesAway() {
						away++
					}
					if slices.ContainsFunc(f.Ends, (*Finding).signs) {
						keys++
					}
				}
				if away > 0 && keys > 1 {
					t.Errorf("%d, %d, %v: one step takes away, and another is about the same user: %s", first, second, both, commands(Audit(in)))
				}
			}
		}
	}
	if steps < 40 {
		t.Errorf("only %d steps", steps)
	}
}

// A rotation is not proposed where the settings bar keycare from the key.
func TestFirstFixesBarred(t *testing.T) {
	in := input(section("bait", keyOld, secretA), "")
	if got := commands(Audit(in)); !strings.HasPrefix(got, "keycare rotate bait *") {
		t.Errorf("got %s", got)
	}
	in.NeverCall = func(profile, _ string) bool { return profile == "bait" }
	if got := commands(Audit(in)); !strings.HasPrefix(got, "your settings say never to call AWS with this key") {
		t.Errorf("got %s", got)
	}
}

// A step ends what it says: each finding belongs to one step at most.
func TestFirstFixesEndOnce(t *testing.T) {
	seen := map[*Finding]bool{}
	for _, f := range FirstFixes(Audit(twoKeys(1, 2, true))) {
		for _, e := range f.Ends {
			if seen[e] {
				t.Errorf("two steps end %s", e.Rule)
			}
			seen[e] = true
		}
	}
}
