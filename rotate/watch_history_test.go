package rotate

import (
	"strings"
	"testing"
	"time"

	"keycare/rotate/awstest"
	"keycare/rotate/client"
)

// Of a key that CloudTrail says another request made nothing is offered, also
// where CloudTrail cannot be asked any more; it is left as it is.
func TestOthersKeyIsRemembered(t *testing.T) {
	w := newWorld(t)
	w.iam.SetTrailDelay(0)
	made := make(chan string, 1)
	w.on("CreateAccessKey", 1, awstest.Fault{Kind: awstest.FaultDropBefore, Before: func() {
		a, _ := w.connect(w.t.Context(), w.paths, "")
		p, err := a.Create(w.t.Context(), client.SignerOf(w.inFiles()), user, client.NewToken())
		if err != nil {
			t.Error(err)
		}
		made <- p.ID
	}})
	_, err := New(*w.options()).Rotate(t.Context(), "default")
	w.iam.SetFault(nil)
	var others string
	select {
	case others = <-made:
	default:
		t.Fatal("no key was asked for", err)
	}
	w.iam.Deny(user, "cloudtrail:LookupEvents")
	for range 3 {
		if err != nil && strings.Contains(err.Error(), "--delete-key") {
			t.Errorf("it is offered: %v", err)
		}
		if _, err := w.resumeWith(func(o *Options) { o.DeleteKey = others }); err == nil || w.status(others) != awstest.Active {
			t.Errorf("%v; the other's key is %s", err, w.status(others))
		}
		_, err = New(*w.options()).Rotate(t.Context(), "default")
		w.passes(watchFor)
		_, _ = w.resumeWith(nil)
	}
	if w.status(others) != awstest.Active {
		t.Errorf("it is %s", w.status(others))
	}
}

// A watch that can never ask AWS again closes with a line in the history, which
// guards the key it saw.
func TestBlindWatchIsInTheHistory(t *testing.T) {
	for name, end := range map[string]func(w *world){
		"key off":  func(w *world) { w.iam.SetKeyStatus(w.old.ID, awstest.Inactive) },
		"key gone": func(w *world) { w.iam.DeleteKey(w.old.ID) },
		"user gone": func(w *world) {
			w.iam.RemoveUser(user)
		},
	} {
		for _, seen := range []bool{false, true} {
			w := newWorld(t)
			ghost := ""
			if seen {
				w.lostText()
				ghost = w.fresh()
				_, _ = w.resumeWith(nil)
			} else {
				w.lose(1, awstest.FaultDropBefore)
				_, _ = New(*w.options()).Rotate(t.Context(), "default")
				w.iam.SetFault(nil)
			}
			end(w)
			w.passes(time.Hour)
			if _, err := w.resumeWith(nil); !isHalf(err) {
				t.Errorf("%s: closed before its time: %v", name, err)
			}
			w.passes(24 * time.Hour)
			results, err := w.resumeWith(nil)
			if err == nil || isHalf(err) || len(results) != 1 || results[0].Outcome != KeyLeft || results[0].Orphan != ghost {
				t.Errorf("%s: %+v, %v", name, results, err)
			}
			past, _ := w.options().State.History()
			if len(past) != 1 || past[0].Outcome != string(KeyLeft) || past[0].Orphan != ghost || past[0].OrphanNow != "unknown" {
				t.Errorf("%s: history %+v", name, past)
			}
			w.checkClosed()
			if name == "key off" && seen {
				w.iam.SetKeyStatus(w.old.ID, awstest.Active)
				w.iam.SetKeyStatus(ghost, awstest.Inactive)
				if _, err := New(*w.options()).Rotate(t.Context(), "default"); err == nil || !w.owns(ghost) {
					t.Errorf("the key is not guarded: %v", err)
				}
			}
		}
	}
}
