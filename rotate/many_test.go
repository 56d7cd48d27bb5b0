package rotate

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"keycare/credfile"
	"keycare/credfile/disk/testrun"
	"keycare/rotate/awstest"
)

// crowd adds n users with one key each; the key of user i stands in profile
// p<i> of a credentials file that has nothing else.
func crowd(t testing.TB, n int, age func(i int) time.Duration) (w *world, names []string) {
	t.Helper()
	w = newWorld(t)
	var b strings.Builder
	for i := range n {
		name := fmt.Sprintf("p%d", i)
		names = append(names, name)
		w.iam.AddUser(awstest.User{Name: name})
		k := w.iam.AddKey(name, w.clock.Now().Add(-age(i)))
		fmt.Fprintf(&b, "[%s]\naws_access_key_id = %s\naws_secret_access_key = %s\n\n", name, k.ID, k.Secret)
	}
	if err := os.WriteFile(w.paths.Credentials, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(w.paths.Config, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return w, names
}

func anyAge(int) time.Duration { return 100 * day }

// checkCrowd fails unless each profile holds a working key of its own user, and
// no user has another.
func (w *world) checkCrowd(names []string) {
	w.t.Helper()
	set := credfile.NewSet(w.paths, w.read(w.paths.Credentials), w.read(w.paths.Config))
	for _, name := range names {
		p, err := set.PairAt(credfile.CredentialsFile, name)
		if err != nil {
			w.t.Error(err)
			continue
		}
		if arn, ok := w.iam.Valid(p.ID, p.Secret.Reveal()); !ok || !strings.HasSuffix(arn, "/"+name) {
			w.t.Errorf("profile %s holds %s of %q", name, p.ID, arn)
		}
		if keys := w.iam.Keys(name); len(keys) != 1 {
			w.t.Errorf("%s has keys %v", name, keys)
		}
	}
	w.checkClosed()
	w.checkSecrets()
}

func outcomes(results []Result) map[Outcome]int {
	m := map[Outcome]int{}
	for _, r := range results {
		m[r.Outcome]++
	}
	return m
}

func TestMany(t *testing.T) {
	w, names := crowd(t, 30, anyAge)
	results, err := New(*w.options()).Rotate(t.Context(), names...)
	if err != nil || outcomes(results)[Rotated] != 30 {
		t.Fatalf("%v %v", outcomes(results), err)
	}
	w.checkCrowd(names)
	past, err := w.options().State.History()
	if err != nil || len(past) != 30 {
		t.Errorf("%d lines of history, %v", len(past), err)
	}
}

// One call in ten is throttled: nothing fails because of it.
func TestManyThrottled(t *testing.T) {
	w, names := crowd(t, 40, anyAge)
	w.iam.SetFault(func(c awstest.Call) awstest.Fault {
		// The SDK's retries are off in tests, so the two questions before the
		// rotation, which it would repeat, are let through.
		if c.N%10 == 3 && c.N > 80 {
			return awstest.Fault{Kind: awstest.FaultThrottle}
		}
		return awstest.Fault{}
	})
	results, err := New(*w.options()).Rotate(t.Context(), names...)
	if err != nil || outcomes(results)[Rotated] != 40 {
		t.Fatalf("%v %v", outcomes(results), err)
	}
	w.checkCrowd(names)
}

// One user is denied: the others go on, and the error names that one.
func TestManyOneFails(t *testing.T) {
	w, names := crowd(t, 5, anyAge)
	w.iam.Deny("p2", "iam:CreateAccessKey")
	results, err := New(*w.options()).Rotate(t.Context(), names...)
	got := outcomes(results)
	if got[Rotated] != 4 || err == nil || !strings.Contains(err.Error(), "iam:CreateAccessKey") || !strings.Contains(err.Error(), "user/p2") {
		t.Errorf("%v, %v", got, err)
	}
	for i, r := range results {
		if r.Profile != names[i] || (r.Error != "") != (i == 2) {
			t.Errorf("result %d: %+v", i, r)
		}
	}
	w.checkCrowd(names)
}

func TestManyDue(t *testing.T) {
	w, names := crowd(t, 4, func(i int) time.Duration { return []time.Duration{89, 90, 91, 200}[i]*day + time.Hour })
	o := w.options()
	o.OlderThan = 90 * day
	results, err := New(*o).Rotate(t.Context(), names...)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []Outcome{Skipped, Skipped, Rotated, Rotated} {
		if results[i].Outcome != want {
			t.Errorf("%s: %+v, want %s", names[i], results[i], want)
		}
	}
	w.checkCrowd(names)
}

// Profiles with one key are one rotation.
func TestManySharedKey(t *testing.T) {
	w := newWorld(t)
	results, err := New(*w.options()).Rotate(t.Context(), "twin", "third", "default")
	if err != nil || len(results) != 1 || len(results[0].Places) != 3 {
		t.Errorf("%+v, %v", results, err)
	}
	w.checkWorking()
	w.checkKeys(1)
}

func TestRotatable(t *testing.T) {
	w := newWorld(t)
	w.credentials += "\n[mfa]\naws_access_key_id = ASIAQAAAAAAAQAAAAAAA\naws_secret_access_key = x\naws_session_token = y\n[empty]\nregion = x\n"
	w.config += "[profile role]\nrole_arn = r\nsource_profile = default\n"
	w.write(w.old.ID, w.old.Secret)
	o := w.options()
	set, err := credfile.Load(w.disk, w.paths)
	if err != nil {
		t.Fatal(err)
	}
	profiles, left := New(*o).Rotatable(set)
	if strings.Join(profiles, " ") != "default other twin third" || len(left) != 2 {
		t.Errorf("rotatable %q, left %+v", profiles, left)
	}
}

// Ctrl-C at every wait and call: it stops at a safe point, and a later run
// finishes.
func TestInterrupted(t *testing.T) {
	testrun.NotShort(t)
	t.Run("plain", func(t *testing.T) { interrupted(t, (*world).options, (*world).finish) })
	t.Run("leaked", func(t *testing.T) { interrupted(t, (*world).leaked, (*world).finishLeaked) })
}

func interrupted(t *testing.T, options func(*world) *Options, finish func(*world)) {
	for n := 0; ; n++ {
		w := newWorld(t)
		w.iam.SetPropagation(3*time.Second, 3*time.Second)
		ctx, cancel := context.WithCancel(t.Context())
		count := 0
		var mu sync.Mutex
		point := func() {
			mu.Lock()
			defer mu.Unlock()
			if count == n {
				cancel()
			}
			count++
		}
		o := options(w)
		o.Wait = func(ctx context.Context, d time.Duration) error {
			point()
			return w.clock.Wait(ctx, d)
		}
		w.onceOff(o, func(awstest.Call) awstest.Fault { return awstest.Fault{After: point} })
		_, err := New(*o).Rotate(ctx, "default")
		w.iam.SetFault(nil)
		stopped := ctx.Err() != nil
		cancel()
		if !stopped {
			if n < 10 {
				t.Errorf("only %d points", n)
			}
			return
		}
		w.checkHalf()
		var half *HalfDone
		if err != nil && !errors.As(err, &half) {
			w.checkKeys(1)
		}
		finish(w)
		if t.Failed() {
			t.Fatalf("interrupted at point %d: %v", n, err)
		}
	}
}
