package report

import (
	"reflect"
	"strings"
	"testing"

	"keycare/credfile/facts"
)

// A finding that is missing because AWS did not answer a question is never missing
// in silence: the report is incomplete, and says that a finding of such a severity
// may be missing.
func TestNoFindingGoesInSilence(t *testing.T) {
	lostAnswers := 0
	for _, c := range ruleCases {
		for id, o := range c.fires.Online {
			before := Audit(c.fires)
			if !before.Complete && c.rule != "unreadable-file" {
				t.Errorf("%s: incomplete though all was answered: %q", c.rule, before.Incomplete)
			}
			eachAnswer(reflect.ValueOf(&o).Elem(), "", func(name string, answer reflect.Value) {
				lostAnswers++
				was := reflect.ValueOf(answer.Interface()) // a copy
				answer.FieldByName("Value").SetZero()
				answer.Addr().MethodByName("Lose").Call([]reflect.Value{reflect.ValueOf(facts.Throttle)})
				c.fires.Online[id] = o
				after := Audit(c.fires)
				answer.Set(was)
				c.fires.Online[id] = o
				if !after.Complete == o.Rejected || len(after.Incomplete) == 0 != o.Rejected {
					t.Errorf("%s without %s: complete %v, %q", c.rule, name, after.Complete, after.Incomplete)
				}
				left := map[string]bool{}
				for _, f := range after.Findings {
					left[f.Fingerprint] = true
				}
				for _, f := range before.Findings {
					if !left[f.Fingerprint] && !after.Undecided(f.Severity) {
						t.Errorf("%s without %s: the finding %s (%s) is gone, and the report does not say that one may be missing", c.rule, name, f.Rule, f.Severity)
					}
				}
			})
		}
	}
	if lostAnswers < 500 {
		t.Errorf("only %d answers were lost", lostAnswers)
	}
}

// eachAnswer calls f with every answer that is known, however deep.
func eachAnswer(v reflect.Value, name string, f func(name string, answer reflect.Value)) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			eachAnswer(v.Elem(), name, f)
		}
	case reflect.Slice:
		for i := range v.Len() {
			eachAnswer(v.Index(i), name, f)
		}
	case reflect.Struct:
		if v.CanAddr() && v.Addr().MethodByName("Lose").IsValid() && v.Addr().MethodByName("Known").Call(nil)[0].Bool() {
			f(name, v)
		}
		for i := range v.NumField() {
			if field := v.Type().Field(i); field.IsExported() {
				eachAnswer(v.Field(i), strings.TrimPrefix(name+"."+field.Name, "."), f)
			}
		}
	}
}

// What nobody wanted to ask, or may ask, is no gap: it was said beforehand, and a
// finding tells it.
func TestIncomplete(t *testing.T) {
	lost := changed(func(o *facts.Online) { *o = o.AllLost(facts.TimedOut); o.User, o.Account = nil, nil })
	known := lost
	known.Identity = fresh().Identity // from an earlier audit
	for _, c := range []struct {
		desc      string
		in        Input
		says      string // empty: complete
		undecided Severity
	}{
		{"all is answered", input(section("a", keyA, secretA), "", online(fresh())), "", Clean},
		{"offline", input(section("a", keyA, secretA), ""), "", Clean},
		{"never asked", input(section("a", keyA, secretA), "", online(facts.Online{KeyID: keyA}.AllUnknown(facts.NotAsked))), "", Clean},
		{"denied", input(section("a", keyA, secretA), "", person(func(u *facts.UserFacts) { u.Attached.Fail("needs iam:ListAttachedUserPolicies") })), "", Clean},
		{"no answer", input(section("a", keyA, secretA), "", online(lost)), "1 of 1 key could not be checked in full: no answer from AWS (it took too long)", Critical},
		{"no answer, but the owner is known", input(section("a", keyA, secretA), "", online(known)), "1 of 1 key could not be checked in full: no answer from AWS (it took too long)", Critical},
		{"the last use", input(section("a", keyA, secretA), "", online(changed(func(o *facts.Online) { o.LastUsed.Lose(facts.Throttle) }))), "1 of 1 key could not be checked in full: AWS is throttling", Medium},
		{"the use of another key", input(section("a", keyA, secretA), "", other(true, 20), func(in *Input) { in.Online[keyA].Others.Value[0].LastUsed.Lose(facts.TooMany) }), "1 of 1 key could not be checked in full: too many keys", Clean},
		{"a rule that is off", input(section("a", keyA, secretA), "", acct(func(f *facts.AccountFacts) { f.RootUse.Lose(facts.Throttle) }), func(in *Input) { in.Policy.Off = []string{"root-used"} }), "1 of 1 key could not", Clean},
		{"a severity of the settings", input(section("a", keyA, secretA), "", acct(func(f *facts.AccountFacts) { f.RootUse.Lose(facts.Throttle) }), func(in *Input) { in.Policy.Severity = map[string]Severity{"root-used": High} }), "1 of 1 key could not", High},
	} {
		t.Run(c.desc, func(t *testing.T) {
			r := Audit(c.in)
			if says := strings.Join(r.Incomplete, "\n"); r.Complete != (c.says == "") || !strings.HasPrefix(says, c.says) {
				t.Errorf("complete %v, %q", r.Complete, says)
			}
			for _, level := range []Severity{Info, Low, Medium, High, Critical, AboveAll} {
				if got := r.Undecided(level); got != (level <= c.undecided) {
					t.Errorf("undecided at %s: %v", level, got)
				}
			}
		})
	}
}
