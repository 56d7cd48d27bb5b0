package rotate

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"keycare/credfile"
	"keycare/credfile/disk/testrun"
	"keycare/rotate/awstest"
)

// begin makes the world of a way and notes what is there.
func (k way) begin(t testing.TB) *world {
	w := k.world(t)
	for _, key := range w.iam.Keys(user) {
		w.start = append(w.start, key.ID)
	}
	return w
}

// check holds what must be true at any time: what stands in a place works, no key
// is gone that may not be, no secret is lost or shown, and what was said is so.
func (k way) check(w *world, results []Result, err error) {
	w.t.Helper()
	w.saw(err)
	set := credfile.NewSet(w.paths, w.read(w.paths.Credentials), w.read(w.paths.Config))
	for _, read := range set.Reads() {
		if _, ok := w.iam.Valid(read.ID, read.Secret.Reveal()); !ok && read.Profile != "other" {
			w.t.Errorf("profile %s holds key %s, which does not work", read.Profile, read.ID)
		}
	}
	goes, lost := "", ""
	if k.goes != nil {
		goes = k.goes(w)
	}
	if k.lost != nil {
		lost = k.lost(w)
	}
	for _, id := range w.start {
		if id != goes && !w.owns(id) {
			w.t.Errorf("key %s was deleted", id)
		}
	}
	for _, key := range w.iam.Keys(user) {
		if !slices.Contains(w.start, key.ID) {
			w.t.Errorf("key %s was made", key.ID)
		}
		if key.ID != lost && !w.secretThere(w.iam.Secret(key.ID)) {
			w.t.Errorf("nobody has the secret of key %s, which is %s, any more", key.ID, key.Status)
		}
	}
	w.checkCopies()
	w.checkSecrets()
	w.checkSaid(set, results, err)
}

var (
	saysHas   = regexp.MustCompile(`profiles? "?([\w.-]+)"? (?:keeps|has|still has|holds) (?:the (?:old|new) )?key (AKIA[A-Z0-9]{16})`)
	saysHold  = regexp.MustCompile(`profiles ("[^"]+"(?:(?:, | and )"[^"]+")+) hold (?:the (?:old|new) )?key (AKIA[A-Z0-9]{16})`)
	saysNone  = regexp.MustCompile(`no profile has (?:the (?:old|new) )?key (AKIA[A-Z0-9]{16})`)
	saysFiles = regexp.MustCompile(`the files hold the (?:old|new) key (AKIA[A-Z0-9]{16})`)
	saysWhich = regexp.MustCompile(`the (old|new) key (AKIA[A-Z0-9]{16})`)
	saysIs    = regexp.MustCompile(`key (AKIA[A-Z0-9]{16})(?:, and it|, which)? is (?:still )?(active|inactive|gone)`)
)

// checkSaid compares the sentences about keys with the files and with IAM.
func (w *world) checkSaid(set *credfile.Set, results []Result, err error) {
	w.t.Helper()
	said := fmt.Sprint(err)
	for _, res := range results {
		said += "\n" + res.Why + "\n" + strings.Join(res.Notes, "\n")
		switch has := func(id string) bool { return len(holders(set, id)) > 0 }; {
		case res.Outcome == Undone && !has(res.Old):
			w.t.Errorf("undone, it says, and no file holds key %s", res.Old)
		case res.Outcome == Rotated && (!has(res.New) || has(res.Old)):
			w.t.Errorf("rotated, it says: a file holds the new key: %v, the old one: %v", has(res.New), has(res.Old))
		case res.Outcome == KeyDeleted && w.owns(res.Orphan):
			w.t.Errorf("key %s is deleted, it says", res.Orphan)
		}
	}
	for _, m := range saysHas.FindAllStringSubmatch(said, -1) {
		if m[1] != "no" && !slices.Contains(holders(set, m[2]), m[1]) && !strings.Contains(said, "no profile has") {
			w.t.Errorf("%q is not so", m[0])
		}
	}
	for _, m := range saysHold.FindAllStringSubmatch(said, -1) {
		for name := range strings.SplitSeq(strings.ReplaceAll(m[1], " and ", ", "), ", ") {
			if !slices.Contains(holders(set, m[2]), strings.Trim(name, `"`)) {
				w.t.Errorf("%q is not so", m[0])
			}
		}
	}
	for _, m := range saysWhich.FindAllStringSubmatch(said, -1) {
		if (m[1] == "old") != (m[2] == w.old.ID) {
			w.t.Errorf("%q, and the old key is %s", m[0], w.old.ID)
		}
	}
	for _, m := range saysNone.FindAllStringSubmatch(said, -1) {
		if in := holders(set, m[1]); len(in) > 0 {
			w.t.Errorf("%q, and %v do", m[0], in)
		}
	}
	for _, m := range saysFiles.FindAllStringSubmatch(said, -1) {
		if len(holders(set, m[1])) == 0 {
			w.t.Errorf("%q is not so", m[0])
		}
	}
	for _, m := range saysIs.FindAllStringSubmatch(said, -1) {
		if is := strings.ToLower(w.status(m[1])); is != m[2] {
			w.t.Errorf("%q, and it is %s", m[0], is)
		}
	}
}

// finish asks for the same until that is done or refused, then resumes, as time
// goes by.
func (k way) finish(w *world) {
	w.t.Helper()
	var err error
	var last []Result
	for range 4 {
		if last, err = k.act(w, w.options()); err == nil {
			break
		}
		k.check(w, last, err)
	}
	for n := range 4 {
		if n > 0 {
			w.passes(time.Hour)
		}
		if k.endless() {
			break
		}
		last, err = New(*w.options()).Resume(w.t.Context())
		k.check(w, last, err)
	}
	var left *keyLeft
	if err != nil && !errors.As(err, &left) && !(k.endless() && isHalf(err)) {
		w.t.Errorf("it does not end: %v", err)
	}
	k.ends(w)
	w.iam.Close()
}

// endless reports whether a person has to act before anything goes on.
func (k way) endless() bool { return k.name == "forget, a secret that only keycare has" }

// stopped runs the act until call n, before its effect or after: no later call
// gets through.
func (k way) stopped(w *world, n int, after bool) (met bool, results []Result, err error) {
	var hit atomic.Bool
	w.iam.ResetCalls()
	w.iam.SetFault(func(c awstest.Call) awstest.Fault {
		switch {
		case c.N < n:
			return awstest.Fault{}
		case c.N == n:
			hit.Store(true)
			if after {
				return awstest.Fault{Kind: awstest.FaultDropAfter}
			}
		}
		return awstest.Fault{Kind: awstest.FaultDropBefore}
	})
	results, err = k.act(w, w.options())
	w.iam.SetFault(nil)
	return hit.Load(), results, err
}

// Every call of every way goes wrong once, in every way, and is the last that gets
// through.
func TestWaysEveryCallFails(t *testing.T) {
	testrun.NotShort(t)
	for _, k := range ways {
		t.Run(k.name, func(t *testing.T) {
			points := 0
			try := func(name string, run func(w *world, n int) (met bool, results []Result, err error)) {
				for n := 0; ; n++ {
					w := k.begin(t)
					met, results, err := run(w, n)
					if !met {
						w.iam.Close()
						return
					}
					points++
					k.check(w, results, err)
					k.finish(w)
					if t.Failed() {
						t.Fatalf("%s at call %d: %v", name, n, err)
					}
				}
			}
			for name, fault := range awsFaults {
				if !testrun.IsLong() && name != "reply lost" && name != "denied" {
					continue
				}
				try(name, func(w *world, n int) (bool, []Result, error) {
					met := w.faultOn(n, fault(w))
					results, err := k.act(w, w.options())
					return met(), results, err
				})
			}
			for _, after := range []bool{false, true} {
				if !testrun.IsLong() && !after {
					continue
				}
				try(fmt.Sprintf("stopped, effect %v", after), func(w *world, n int) (bool, []Result, error) { return k.stopped(w, n, after) })
			}
			t.Logf("%d faults", points)
			if points == 0 && !strings.HasPrefix(k.name, "forget") {
				t.Error("no call was met")
			}
		})
	}
}

// Every file operation of every way goes wrong once, in every way.
func TestWaysEveryFileOperationFails(t *testing.T) {
	testrun.Long(t)
	for _, k := range ways {
		t.Run(k.name, func(t *testing.T) {
			walk{
				world:  k.begin,
				act:    func(w *world, o *Options) error { _, err := k.act(w, o); return err },
				check:  func(w *world, _ diskFault, err error) { k.check(w, nil, err) },
				finish: k.finish,
				least:  10,
			}.most(t)
		})
	}
}
