package rotate

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"keycare/rotate/awstest"
	"keycare/rotate/state"
)

// leaked are the options of a rotation whose old key leaked.
func (w *world) leaked() *Options {
	o := w.options()
	o.Compromised, o.Retire = true, state.Deactivate
	return o
}

// tells is what a person's command does: it rotates or resumes, prints the results, and
// notes that.
func (w *world) tells(o *Options, act func(*Rotator) ([]Result, error)) ([]Result, error) {
	w.t.Helper()
	o.Tells = true
	rot := New(*o)
	results, err := act(rot)
	w.saw(err)
	for _, r := range results { // printed
		w.heard = w.heard || r.Leak != nil && r.Leak.Again == ""
	}
	if told := rot.Told(w.t.Context(), results); told != nil {
		w.saw(told)
		err = errors.Join(err, told)
	}
	return results, err
}

func (w *world) rotateLeaked(o *Options) ([]Result, error) {
	w.t.Helper()
	return w.tells(o, func(rot *Rotator) ([]Result, error) { return rot.Rotate(w.t.Context(), "default") })
}

func (w *world) resumeLeaked(o *Options) ([]Result, error) {
	w.t.Helper()
	return w.tells(o, func(rot *Rotator) ([]Result, error) { return rot.Resume(w.t.Context()) })
}

// checkLeakedEnd fails unless a rotation of a leaked key has ended: the files hold the new
// key, and the old one is Inactive or gone.
func (w *world) checkLeakedEnd() {
	w.t.Helper()
	w.checkWorking()
	if p := w.inFiles(); p.ID == w.old.ID || w.status(w.old.ID) == awstest.Active {
		w.t.Errorf("the files hold %s, and the leaked key %s is %s", p.ID, w.old.ID, w.status(w.old.ID))
	}
	if !w.heard {
		w.t.Error("nobody was told what the leaked key did")
	}
	w.checkKeys(2)
	w.checkClosed()
	w.checkSecrets()
	w.checkTaken()
}

// finishLeaked resumes until nothing is left to do, asks once more where all was taken
// back, and checks the end.
func (w *world) finishLeaked() {
	w.t.Helper()
	for range 4 {
		_, err := w.resumeLeaked(w.options())
		w.checkHalf()
		if err == nil {
			break
		}
	}
	w.passes(watchFor + time.Minute)
	_, _ = w.resumeLeaked(w.options())
	if w.inFiles().ID != w.old.ID {
		w.checkLeakedEnd()
	} else { // it was rolled back, or never begun
		w.checkWorking()
		w.checkClosed()
		if w.status(w.old.ID) != awstest.Active {
			w.t.Error("the files hold a key that is off")
		}
	}
	w.iam.Close()
}

// checkOwed fails where the leaked key is off and neither was anybody told what it did,
// nor is it known that this is owed.
func (w *world) checkOwed() {
	w.t.Helper()
	if js, err := w.options().State.Journals(); w.status(w.old.ID) != awstest.Active && !w.heard && len(js) == 0 && err == nil {
		w.t.Error("what the leaked key did is lost")
	}
}

// onceOff lets calls go wrong, and fails if an old key that leaked is made Active again.
func (w *world) onceOff(o *Options, f func(awstest.Call) awstest.Fault) {
	off := false
	var mu sync.Mutex
	w.iam.SetFault(func(c awstest.Call) awstest.Fault {
		if !o.Compromised {
			return f(c)
		}
		mu.Lock()
		defer mu.Unlock()
		is := w.status(w.old.ID)
		if off && is == awstest.Active {
			w.t.Errorf("the leaked key is active again at call %d", c.N)
		}
		off = off || is == awstest.Inactive
		return f(c)
	})
}

func TestLeaked(t *testing.T) {
	for _, retire := range []state.Retirement{state.Deactivate, state.Delete} {
		w := newWorld(t)
		o := w.leaked()
		o.Retire = retire
		results, err := w.rotateLeaked(o)
		if err != nil || results[0].Outcome != Rotated {
			t.Fatal(results, err)
		}
		w.checkWorking()
		w.checkClosed()
		if want := map[state.Retirement]string{state.Deactivate: awstest.Inactive, state.Delete: "gone"}[retire]; w.status(w.old.ID) != want {
			t.Errorf("%s: the leaked key is %s", retire, w.status(w.old.ID))
		}
	}
}

// The leaked key is Inactive before the command of the settings runs, and stays so
// whatever becomes of that.
func TestLeakedAfterFails(t *testing.T) {
	for _, retire := range []state.Retirement{state.Deactivate, state.Delete} {
		t.Setenv(afterMode, "fails")
		w := withAfter(t)
		o := w.leaked()
		o.Retire = retire
		_, err := w.rotateLeaked(o)
		if !isHalf(err) || !strings.Contains(err.Error(), "the vault is sealed") {
			t.Fatalf("got %v", err)
		}
		if w.status(w.old.ID) != awstest.Inactive {
			t.Errorf("the leaked key is %s", w.status(w.old.ID))
		}
		w.checkHalf()
		if _, err := w.choose(false, true); !isHalf(err) || !strings.Contains(err.Error(), "leaked") {
			t.Errorf("an undo: %v", err)
		}
		t.Setenv(afterMode, "takes")
		if _, err := w.resumeLeaked(w.options()); err != nil {
			t.Error(err)
		}
		w.checkTaken()
		w.checkWorking()
		w.checkClosed()
		if w.status(w.old.ID) == awstest.Active || retire == state.Delete && w.owns(w.old.ID) {
			t.Errorf("the leaked key is %s", w.status(w.old.ID))
		}
	}
}

// A copy that is gone does not keep the leaked key Active; it keeps the rotation open.
func TestLeakedCopyGone(t *testing.T) {
	w := withCopies(t)
	o := w.leaked()
	gone := o.Copies[0]
	var met atomic.Bool
	w.iam.SetFault(func(c awstest.Call) awstest.Fault {
		if c.Action == "GetCallerIdentity" && w.inDefault().ID != w.old.ID && !met.Swap(true) {
			if err := os.Remove(gone); err != nil {
				t.Error(err)
			}
		}
		return awstest.Fault{}
	})
	_, err := w.rotateLeaked(o)
	if !isHalf(err) || !met.Load() || !strings.Contains(err.Error(), gone) {
		t.Fatalf("got %v", err)
	}
	if w.status(w.old.ID) != awstest.Inactive {
		t.Errorf("the leaked key is %s", w.status(w.old.ID))
	}
	if _, err = w.resumeLeaked(w.options()); !isHalf(err) {
		t.Fatalf("got %v", err)
	}
	delete(w.copies, gone)
	again := w.options()
	again.DropCopy = gone
	if _, err := w.resumeLeaked(again); err != nil {
		t.Fatal(err)
	}
	w.checkLeakedEnd()
}

// A program that puts the leaked key back into a file after it was made Inactive: the
// new key goes there again, the leaked one stays off, and the new secret is kept until
// a later run has found the files quiet.
func TestLeakedPutBack(t *testing.T) {
	w := newWorld(t)
	w.onceOff(w.leaked(), func(c awstest.Call) awstest.Fault {
		if c.Action == "ListAccessKeys" && w.status(w.old.ID) == awstest.Inactive && w.inDefault().ID != w.old.ID && !strings.Contains(w.said.String(), "replacing it again") {
			w.write(w.old.ID, w.old.Secret)
		}
		return awstest.Fault{}
	})
	_, err := w.rotateLeaked(w.leaked())
	if !isHalf(err) || !strings.Contains(err.Error(), "put the old key back") {
		t.Fatalf("got %v", err)
	}
	w.checkHalf()
	w.iam.SetFault(nil)
	if js, _ := w.options().State.Journals(); len(js) != 1 || !js[0].Compromised {
		t.Fatal("no journal is left of a leaked key", js)
	}
	if _, err := w.resumeLeaked(w.options()); err != nil {
		t.Fatal(err)
	}
	w.checkLeakedEnd()
}

// Somebody makes the leaked key Active again before the rotation is closed: it does not
// say that it is Inactive, and names what to do.
func TestLeakedOnAgain(t *testing.T) {
	t.Setenv(afterMode, "fails")
	w := withAfter(t)
	if _, err := w.rotateLeaked(w.leaked()); !isHalf(err) {
		t.Fatal(err)
	}
	w.iam.SetKeyStatus(w.old.ID, awstest.Active)
	t.Setenv(afterMode, "takes")
	_, err := w.resumeLeaked(w.options())
	if !isHalf(err) || !strings.Contains(err.Error(), "--access-key-id "+w.old.ID+" --status Inactive") {
		t.Fatalf("got %v", err)
	}
	w.iam.SetKeyStatus(w.old.ID, awstest.Inactive)
	if _, err := w.resumeLeaked(w.options()); err != nil {
		t.Fatal(err)
	}
	w.checkLeakedEnd()
}

// AWS has put the user in quarantine: another identity has to sign, and nothing is
// begun without one.
func TestLeakedQuarantine(t *testing.T) {
	w := newWorld(t)
	w.iam.SetPolicies(user, []string{"arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantineV3"}, nil)
	_, err := w.rotateLeaked(w.leaked())
	var refused *Refused
	if !errors.As(err, &refused) || !strings.Contains(err.Error(), "--auth-profile") || !strings.Contains(err.Error(), "--status Inactive") {
		t.Fatalf("got %v", err)
	}
	if slices.Contains(w.iam.Actions(), "CreateAccessKey") || w.inFiles().ID != w.old.ID {
		t.Error("something was begun")
	}
	w.checkClosed()
}

// A rotation that stopped half way goes on as one of a leaked key once a person says so.
func TestLeakedTakesUp(t *testing.T) {
	w := newWorld(t)
	o := w.options()
	o.Grace = MinGrace
	w.haltAt(o, "GetCallerIdentity", 3, awstest.FaultDropBefore)
	w.iam.SetFault(nil)
	results, err := w.rotateLeaked(w.leaked())
	if err != nil || results[0].Outcome != Rotated {
		t.Fatal(results, err)
	}
	w.checkLeakedEnd()
}

// With a session of the MFA device: the leaked key is made Inactive by a session of the
// new one, which takes a second code.
func TestLeakedMFA(t *testing.T) {
	w := newWorld(t)
	serial := w.iam.AddMFA(user, "phone", "123456")
	w.iam.RequireMFA(user, true)
	o := w.leaked()
	o.Auth.MFASerial = serial
	codes := 0
	o.MFACode = func(string) (string, error) { codes++; return fmt.Sprint(123455 + codes), nil }
	results, err := w.rotateLeaked(o)
	if err != nil || results[0].Outcome != Rotated || codes != 2 {
		t.Fatal(results, err, codes)
	}
	w.iam.RequireMFA(user, false)
	w.checkLeakedEnd()
}

// What CloudTrail tells is in the result: the sessions that go on and what a thief did,
// without what this rotation did itself.
func TestLeakTells(t *testing.T) {
	w := newWorld(t)
	w.iam.SetTrailDelay(0)
	now := w.clock.Now()
	session := func(role string, until time.Time) awstest.TrailEvent {
		e := awstest.TrailEvent{KeyID: w.old.ID, User: user, At: now.Add(-2 * time.Hour), Source: "sts.amazonaws.com", Name: "AssumeRole",
			Request:  map[string]any{"roleArn": role},
			Response: map[string]any{"credentials": map[string]any{"accessKeyId": "ASIAQAAAAAAAQAAAAAAA", "expiration": until.UTC().Format("Jan 2, 2006, 3:04:05 PM")}}}
		return e
	}
	w.iam.AddEvents(
		session("arn:aws:iam::123456789012:role/team/deploy", now.Add(time.Hour)),
		session("arn:aws:iam::123456789012:role/over", now.Add(-time.Hour)),
		session("arn:aws:iam::999999999999:role/partner", now.Add(time.Hour)),
		awstest.TrailEvent{KeyID: w.old.ID, User: user, At: now.Add(-time.Hour), Name: "CreateUser", Request: map[string]any{"userName": "support"}})
	results, err := w.rotateLeaked(w.leaked())
	if err != nil || results[0].Leak == nil || results[0].Leak.Calls == nil {
		t.Fatal(results, err)
	}
	l := results[0].Leak
	if len(l.Live) != 2 || len(l.Changes) != 1 || l.Changes[0].Action != "iam:CreateUser" || len(l.Calls.Changes) != 2 {
		t.Errorf("sessions %+v, changes %+v of %+v", l.Live, l.Changes, l.Calls.Changes)
	}
	if len(l.Commands) != 2 || !strings.Contains(l.Commands[0], "--user-name alice") || !strings.Contains(l.Commands[1], "--role-name deploy ") || !slices.Equal(l.Foreign, []string{"arn:aws:iam::999999999999:role/partner"}) {
		t.Errorf("commands %q, elsewhere %q", l.Commands, l.Foreign)
	}
	var policy struct {
		Statement []struct {
			Effect    string
			Condition struct{ DateLessThan map[string]time.Time }
		}
	}
	if err := json.Unmarshal(l.Policy, &policy); err != nil || policy.Statement[0].Effect != "Deny" {
		t.Fatal(err, string(l.Policy))
	}
	if at := policy.Statement[0].Condition.DateLessThan["aws:TokenIssueTime"]; at.Before(l.Inactive.Add(spreads)) || at.After(l.Inactive.Add(3*spreads)) {
		t.Errorf("the sessions until %v end, the key was inactive at %v", at, l.Inactive)
	}
}

// The key in the files replaced another one, which is in its grace: the way that is
// named makes room, and then the leaked key is replaced.
func TestLeakedInGrace(t *testing.T) {
	w := inGrace(t)
	first, leaked := w.old.ID, w.inFiles().ID
	_, err := w.rotateLeaked(w.leaked())
	if err == nil || isHalf(err) || !strings.Contains(err.Error(), "delete-access-key --user-name "+user+" --access-key-id "+first) || !strings.Contains(err.Error(), "keycare resume --keep-both default") {
		t.Fatalf("got %v", err)
	}
	w.iam.DeleteKey(first)
	if _, err := w.choose(true, false, "default"); err != nil {
		t.Fatal(err)
	}
	results, err := w.rotateLeaked(w.leaked())
	if err != nil || results[0].Outcome != Rotated || results[0].Old != leaked || w.status(leaked) != awstest.Inactive {
		t.Fatal(results, err)
	}
	w.checkWorking()
}

// A leaked key that is kept Inactive is not deleted unasked as long as CloudTrail tells
// of it; a person may say so, and afterwards --yes does.
func TestLeakedKept(t *testing.T) {
	for _, c := range []struct {
		after   time.Duration
		asks    bool
		deletes bool
	}{{2 * day, false, false}, {2 * day, true, true}, {91 * day, false, true}} {
		w := newWorld(t)
		if _, err := w.rotateLeaked(w.leaked()); err != nil {
			t.Fatal(err)
		}
		w.passes(c.after)
		o := w.options()
		if c.asks {
			o.Yes, o.Confirm = false, func(string) (bool, error) { return true, nil }
		}
		_, err := New(*o).Rotate(t.Context(), "default")
		w.saw(err)
		if kept := w.owns(w.old.ID); kept == c.deletes || (err == nil) != c.deletes || !c.deletes && !strings.Contains(err.Error(), "look at what it did") {
			t.Errorf("%+v: kept %v, %v", c, kept, err)
		}
		w.checkWorking()
	}
}
