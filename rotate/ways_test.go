package rotate

import (
	"errors"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"keycare/credfile/disk/diskfault"
	"keycare/credfile/disk/testrun"
	"keycare/rotate/awstest"
	"keycare/rotate/state"
)

var resumeCommand = regexp.MustCompile(`keycare resume((?: --[a-z-]+| AKIA[A-Z0-9]{16}| default| twin| work)*)`)

// offered are the commands that a text names, each once.
func offered(text string) (commands []string) {
	for _, m := range resumeCommand.FindAllStringSubmatch(text, -1) {
		if !slices.Contains(commands, m[1]) {
			commands = append(commands, m[1])
		}
	}
	return commands
}

// obey runs a command that was named. None may be refused; done says that nothing
// stands in its way any more, so that it must do what it is for.
func (w *world) obey(command string, done bool) {
	w.t.Helper()
	o := w.options()
	var profiles []string
	for args := strings.Fields(command); len(args) > 0; args = args[1:] {
		switch args[0] {
		case flagUndo:
			o.Undo = true
		case flagKeepBoth:
			o.KeepBoth = true
		case "--delete-key":
			o.DeleteKey, args = args[1], args[1:]
		default:
			profiles = append(profiles, args[0])
		}
	}
	kept := map[string]bool{}
	for _, k := range w.keys() {
		kept[k.ID] = w.secretThere(w.iam.Secret(k.ID))
	}
	_, err := New(*o).Resume(w.t.Context(), profiles...)
	w.saw(err)
	var half *HalfDone
	var refused *Refused
	switch {
	case errors.As(err, &refused), errors.As(err, &half) && half.Refused != "":
		w.t.Errorf("%q was offered and is refused: %v", "keycare resume"+command, err)
	case err != nil && done && command != "":
		w.t.Errorf("%q was offered and fails: %v", "keycare resume"+command, err)
	}
	if o.KeepBoth {
		for _, k := range w.keys() {
			if kept[k.ID] && !w.secretThere(w.iam.Secret(k.ID)) {
				w.t.Errorf("after %q the secret of key %s is gone", command, k.ID)
			}
		}
	}
}

// keys are the user's; none where the user is gone.
func (w *world) keys() (keys []awstest.KeyInfo) {
	defer func() { _ = recover() }()
	return w.iam.Keys(user)
}

// everyOffer stops in one world after the other in the same way, and carries out
// one of the commands in each that are named there. It returns how many there were.
func everyOffer(t *testing.T, stop func(w *world) (text string, done bool)) (n int) {
	t.Helper()
	for i := 0; ; i++ {
		w := newWorld(t)
		text, done := stop(w)
		commands := offered(text)
		if i < len(commands) {
			w.obey(commands[i], done)
			n++
		}
		w.iam.Close()
		if t.Failed() {
			t.Fatalf("it said: %s", text)
		}
		if i+1 >= len(commands) {
			return n
		}
	}
}

func textOf(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// Every call of a rotation, with and without a grace, of the resume at the end of
// a grace and of an undo goes wrong once: each command that the stop names works.
func TestOffersAfterEveryCall(t *testing.T) {
	testrun.NotShort(t)
	total := 0
	mostWays(t, func(t *testing.T, way string, fault awsFault) {
		for name, act := range map[string]struct {
			prepare func(w *world)
			run     func(o *Options)
			resume  bool
		}{
			"rotation": {},
			"grace":    {run: func(o *Options) { o.Grace = 24 * time.Hour }},
			"leaked":   {run: func(o *Options) { o.Compromised, o.Retire = true, state.Deactivate }},
			"end of a grace": {prepare: func(w *world) {
				o := w.options()
				o.Grace = 24 * time.Hour
				_, _ = New(*o).Rotate(t.Context(), "default")
				w.passes(25 * time.Hour)
			}, resume: true},
			"undo": {prepare: func(w *world) { w.haltAt(w.options(), "GetCallerIdentity", 2, awstest.FaultDropBefore) }, run: func(o *Options) { o.Undo = true }, resume: true},
		} {
			for n, hit := 0, true; hit; n++ {
				total += everyOffer(t, func(w *world) (string, bool) {
					if act.prepare != nil {
						act.prepare(w)
					}
					o := w.options()
					if act.run != nil {
						act.run(o)
					}
					met := w.faultOn(n, fault(w))
					var err error
					if act.resume {
						_, err = New(*o).Resume(t.Context())
					} else {
						_, err = New(*o).Rotate(t.Context(), "default")
					}
					hit = met()
					return textOf(err), true
				})
				if t.Failed() {
					t.Fatalf("%s, %s at call %d", name, way, n)
				}
			}
		}
	})
	t.Logf("%d offers", total)
	if total < 30 {
		t.Errorf("only %d offers", total)
	}
}

// Every file operation of a rotation fails once.
func TestOffersAfterEveryFileOperation(t *testing.T) {
	testrun.NotShort(t)
	total := 0
	each := 1
	if !testrun.IsLong() {
		each = 3
	}
	for n, met := 0, true; met; n += each {
		total += everyOffer(t, func(w *world) (string, bool) {
			var err error
			met, _, err = w.underFault(n, diskfault.Fail, diskfault.NoLoss, func(w *world, o *Options) error {
				_, err := New(*o).Rotate(t.Context(), "default")
				return err
			})
			return textOf(err), true
		})
		if t.Failed() {
			t.Fatalf("at operation %d", n)
		}
	}
	t.Logf("%d offers", total)
	if total*each < 150 {
		t.Errorf("only %d offers", total)
	}
}

// Something stands in the way and stays: what the stop of a resume names is not
// refused all the same.
func TestOffersInEveryState(t *testing.T) {
	testrun.NotShort(t)
	third := func(w *world) {
		b := strings.Replace(w.read(w.paths.Credentials), "[default]\r\n", "[default]\r\naws_access_key_id = AKIAQAAAAAAAQAAAAAAB\naws_secret_access_key = "+strings.Repeat("t", 40)+"\n[was]\n", 1)
		_ = os.WriteFile(w.paths.Credentials, []byte(b), 0o600)
	}
	in := map[string]func(w *world){
		"nothing":         func(*world) {},
		"old copy":        func(w *world) { w.write(w.old.ID, w.old.Secret) },
		"profile renamed": func(w *world) { w.rename("default", "work") },
		"third key":       third,
		"files emptied": func(w *world) {
			_ = os.WriteFile(w.paths.Credentials, nil, 0o600)
			_ = os.WriteFile(w.paths.Config, nil, 0o600)
		},
		"files gone":   func(w *world) { _ = os.Remove(w.paths.Credentials); _ = os.Remove(w.paths.Config) },
		"user gone":    func(w *world) { w.iam.RemoveUser(user) },
		"old key off":  func(w *world) { w.iam.SetKeyStatus(w.old.ID, awstest.Inactive) },
		"old key gone": func(w *world) { w.iam.DeleteKey(w.old.ID) },
		"new key gone": func(w *world) { w.iam.DeleteKey(w.fresh()) },
		"new key off":  func(w *world) { w.iam.SetKeyStatus(w.fresh(), awstest.Inactive) },
		"both off": func(w *world) {
			w.iam.SetKeyStatus(w.fresh(), awstest.Inactive)
			w.iam.SetKeyStatus(w.old.ID, awstest.Inactive)
		},
		"deletion denied":    func(w *world) { w.iam.Deny(user, "iam:DeleteAccessKey") },
		"all of IAM denied":  func(w *world) { w.iam.Deny(user, "iam:DeleteAccessKey", "iam:UpdateAccessKey", "iam:ListAccessKeys") },
		"recovery file gone": func(w *world) { w.dropRecovery() },
		"AWS is silent": func(w *world) {
			w.iam.SetFault(func(awstest.Call) awstest.Fault { return awstest.Fault{Kind: awstest.FaultDropBefore} })
		},
		"old copy, old is off": func(w *world) { w.write(w.old.ID, w.old.Secret); w.iam.SetKeyStatus(w.old.ID, awstest.Inactive) },
		"old key used": func(w *world) {
			if w.passes(time.Hour); w.status(w.old.ID) == awstest.Active {
				w.use(w.old)
			}
			w.passes(24 * time.Hour)
		},
	}
	stages := map[string]func(w *world){
		"grace, over": func(w *world) { w.toGrace(); w.passes(25 * time.Hour) },
		"grace":       func(w *world) { w.toGrace() },
		"undoing": func(w *world) {
			w.haltAt(w.options(), "GetCallerIdentity", 3, awstest.FaultDropBefore)
			w.iam.Deny(user, "iam:UpdateAccessKey")
			_, _ = w.choose(false, true)
			w.iam.Deny(user)
		},
	}
	for _, s := range hostileStages {
		stages[s.name] = func(w *world) { w.haltAt(w.options(), s.action, s.n, awstest.FaultDropBefore) }
	}
	every := 2 // in the quick run, each way meets half of the stages
	if testrun.IsLong() {
		every = 1
	}
	offers := map[string]map[string]bool{} // the states in which each is named
	for i, stage := range slices.Sorted(maps.Keys(stages)) {
		for j, name := range slices.Sorted(maps.Keys(in)) {
			if (i+j)%every > 0 {
				continue
			}
			reach, act := stages[stage], in[name]
			for _, keep := range []string{"", flagKeepBoth, flagUndo} { // of a resume, and of a refusal
				if keep != "" && !testrun.IsLong() {
					continue
				}
				everyOffer(t, func(w *world) (string, bool) {
					reach(w)
					act(w)
					w.said.Reset()
					_, err := w.choose(keep == flagKeepBoth, keep == flagUndo)
					for _, c := range offered(textOf(err)) {
						if c = strings.TrimSuffix(c, " default"); offers[c] == nil {
							offers[c] = map[string]bool{}
						}
						offers[c][stage+", "+name] = true
					}
					return textOf(err) + w.said.String(), false
				})
				if t.Failed() {
					t.Fatalf("%s, %s, resume %s", stage, name, keep)
				}
			}
		}
	}
	for c, in := range offers {
		t.Logf("%q in %d states", c, len(in))
	}
	if len(offers[" --undo"]) < 3/every || len(offers[" --keep-both"]) < 40/every {
		t.Errorf("only %v", offers)
	}
}

func (w *world) toGrace() {
	o := w.options()
	o.Grace = 24 * time.Hour
	if _, err := New(*o).Rotate(w.t.Context(), "default"); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) dropRecovery() {
	js, _ := w.options().State.Journals()
	for _, j := range js {
		_ = os.Remove(w.options().State.RecoveryPath(j.ID))
	}
}

// A key of a lost reply is offered to be deleted only where that is not refused:
// while the watch lasts, by a rotation that has no room, and after its end.
func TestOffersOfTheWatch(t *testing.T) {
	for name, c := range map[string]func(w *world) string{
		"rolled back": func(w *world) string { return w.lostText() },
		"resume": func(w *world) string {
			w.lostText()
			results, err := w.resumeWith(nil)
			if err != nil || len(results) != 1 {
				w.t.Fatalf("%+v, %v", results, err)
			}
			return results[0].Why
		},
		"no room": func(w *world) string {
			w.lostText()
			_, err := New(*w.options()).Rotate(w.t.Context(), "default")
			return textOf(err)
		},
		"the end": func(w *world) string {
			w.iam.Deny(user, "cloudtrail:LookupEvents")
			w.lostText()
			_, _ = w.resumeWith(nil)
			w.passes(watchFor + time.Minute)
			_, err := w.resumeWith(nil)
			return textOf(err)
		},
		"the end, user renamed": func(w *world) string {
			w.iam.Deny(user, "cloudtrail:LookupEvents")
			w.lostText()
			_, _ = w.resumeWith(nil)
			w.passes(watchFor + time.Minute)
			_, err := w.resumeWith(nil)
			w.iam.RenameUser(user, "alicia")
			return textOf(err)
		},
		"no room after the end": func(w *world) string {
			w.iam.Deny(user, "cloudtrail:LookupEvents")
			w.lostText()
			w.passes(watchFor + time.Minute)
			_, _ = w.resumeWith(nil)
			_, err := New(*w.options()).Rotate(w.t.Context(), "default")
			return textOf(err)
		},
		"blind to the end": func(w *world) string {
			w.lostText()
			_, _ = w.resumeWith(nil)
			w.iam.SetKeyStatus(w.old.ID, awstest.Inactive)
			w.passes(25 * time.Hour)
			_, err := w.resumeWith(nil)
			return textOf(err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			n := everyOffer(t, func(w *world) (string, bool) { return c(w), true })
			if n == 0 && !strings.HasPrefix(name, "blind") {
				t.Error("nothing is offered")
			}
		})
	}
}

// lostText is what a rotation says whose create was carried out and not answered.
func (w *world) lostText() string {
	w.lose(1, awstest.FaultDropAfter)
	_, err := New(*w.options()).Rotate(w.t.Context(), "default")
	w.iam.SetFault(nil)
	return textOf(err)
}
