package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"keycare/credfile/copies"
	"keycare/rotate/state"
)

// The timer's scan reads what changed since the last one, and everything where it cannot
// know that this is enough.
func TestTimerScanReadsWhatChanged(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("SKIPPED: every file is read there")
	}
	const (
		pair  = "aws_access_key_id = AKIAZAVB57H55F3T4BKH\naws_secret_access_key = abcdefghij/klmnopqrst+uvwxyzABCDEFGHIJKL\n"
		other = "[next]\naws_access_key_id = AKIAY34FZKBOKMUTVV7A\naws_secret_access_key = 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\n"
		third = "[third]\naws_access_key_id = AKIAQNZGKIQY56JQ7WML\naws_secret_access_key = BcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNO\n"
	)
	home := t.TempDir()
	m := hereIn(home)
	began := time.Now().Add(time.Hour) // what is written by then has settled
	now := began
	m.Now = func() time.Time { return now }
	write := func(name, text string) { t.Helper(); writeFile(t, filepath.Join(home, name), text, 0o600) }
	folder, err := m.State()
	if err != nil {
		t.Fatal(err)
	}
	scan := func(what string, copies int, whole time.Time) {
		t.Helper()
		scanIfDue(context.Background(), m.env, nil)
		kept, ok := readKept(m.env)
		var l looked
		if err := folder.ReadLooked(&l); err != nil || !ok || !kept.Time.Equal(now) || len(kept.Result.Copies) != copies || !l.Whole.Equal(whole) {
			t.Fatalf("%s: %v; %d copies at %v, want %d at %v; all was read %v, want %v", what, err, len(kept.Result.Copies), kept.Time, copies, now, l.Whole, whole)
		}
		now = now.Add(scanEvery)
	}
	write(".aws/credentials", "[work]\n"+pair)
	write("src/.env", pair)
	write("src/later.env", "AKIAY34FZKBOKMUTVV7A\n")
	scan("the first", 2, began)
	write("src/more.env", pair)
	scan("a new file", 3, began)

	// a rotation: it is known when the new key was made
	write(".aws/credentials", "[work]\n"+pair+other)
	if err := folder.SaveFacts(&state.FactCache{Version: 1, Keys: map[string]*state.CachedKey{"AKIAY34FZKBOKMUTVV7A": {Created: now, FirstSeen: now, LastSeen: now}}}); err != nil {
		t.Fatal(err)
	}
	scan("a key that is newer than all files", 3, began)

	// this one may stand in any file
	write(".aws/credentials", "[work]\n"+pair+other+third)
	whole := now
	scan("a key of unknown age", 3, whole)
	scan("the same", 3, whole)

	if err := os.Remove(filepath.Join(home, "src", ".env")); err != nil {
		t.Fatal(err)
	}
	scan("a file that is gone", 2, whole)
	scan("the last of four weeks", 2, whole)
	whole = now
	scan("all is read once in four weeks", 2, whole)

	// marks without what was found with them are worth nothing
	if err := os.Remove(filepath.Join(folder.Dir, "found.json")); err != nil {
		t.Fatal(err)
	}
	scan("what was found is gone", 2, now)
}

// A clock that was ahead for a while keeps the timer from no scan, and a file that is
// dated later than it was written is told in audits as long as nothing in it changes.
func TestTimesOfTheFuture(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("SKIPPED: every file is read there, and programs set all its times")
	}
	const pair = "aws_access_key_id = AKIAZAVB57H55F3T4BKH\naws_secret_access_key = abcdefghij/klmnopqrst+uvwxyzABCDEFGHIJKL\n"
	home := t.TempDir()
	m := hereIn(home)
	now := time.Now().Add(time.Hour)
	m.Now = func() time.Time { return now }
	copied := filepath.Join(home, "copy.env")
	for path, text := range map[string]string{filepath.Join(home, ".aws", "credentials"): "[work]\n" + pair, copied: pair} {
		writeFile(t, path, text, 0o600)
	}
	later := now.AddDate(5, 0, 0)
	if err := os.Chtimes(copied, later, later); err != nil {
		t.Fatal(err)
	}
	scan := func(what string) keptScan {
		t.Helper()
		scanIfDue(context.Background(), m.env, nil)
		kept, ok := readKept(m.env)
		if !ok || !kept.Time.Equal(now) || len(kept.Result.Copies) != 1 {
			t.Fatalf("%s: %v, %+v", what, kept.Time, kept.Result.Copies)
		}
		return kept
	}
	right := now
	now = now.AddDate(9, 0, 0)
	scan("a clock that is ahead")
	now = right
	kept := scan("the clock is right again")
	if !holds(m.env, kept, kept.Result.Copies[0]) {
		t.Error("a file dated later than it was written is not told")
	}
	kept.Time = time.Now().Add(-time.Hour) // as if it changed since
	if holds(m.env, kept, kept.Result.Copies[0]) {
		t.Error("a file that changed is told")
	}
}

// shortOf is a context that ends when it was asked often enough, wherever that is.
type shortOf struct {
	context.Context
	left *atomic.Int64
}

func (c shortOf) Err() error {
	if c.left.Add(-1) < 0 {
		return context.DeadlineExceeded
	}
	return nil
}

// A home that one run of the timer is too short for is seen to its end by the next ones,
// and what was found before is told in between.
func TestScanGoesOn(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("SKIPPED: every file is read there, and programs set all its times")
	}
	const pair = "aws_access_key_id = AKIAZAVB57H55F3T4BKH\naws_secret_access_key = abcdefghij/klmnopqrst+uvwxyzABCDEFGHIJKL\n"
	home := t.TempDir()
	m := hereIn(home)
	now := time.Now().Add(time.Hour)
	m.Now = func() time.Time { return now }
	write := func(name, text string) { t.Helper(); writeFile(t, filepath.Join(home, name), text, 0o600) }
	write(".aws/credentials", "[work]\n"+pair)
	const folders, files = 12, 10
	for i := range folders {
		for j := range files {
			write(fmt.Sprintf("src/%02d/%d.txt", i, j), "nothing\n")
		}
		write(fmt.Sprintf("src/%02d/copy.env", i), pair)
	}
	scan := func(asked int64) keptScan {
		t.Helper()
		left := new(atomic.Int64)
		left.Store(asked)
		scanIfDue(shortOf{context.Background(), left}, m.env, nil)
		kept, ok := readKept(m.env)
		if !ok || !kept.Time.Equal(now) {
			t.Fatalf("%v: nothing is kept: %v", asked, kept.Time)
		}
		now = now.Add(24 * time.Hour)
		return kept
	}
	// a run that is long enough passes over what is known, and reads some more
	runs, before := 0, 0
	for {
		kept := scan(250)
		found := len(kept.Result.Copies)
		if runs++; found < before || runs > 50 {
			t.Fatalf("run %d: %d copies after %d", runs, found, before)
		}
		before = found
		said := slices.ContainsFunc(kept.Result.Skipped, func(s copies.Skip) bool { return s.Reason == copies.NoTime })
		if said != kept.Goes {
			t.Fatalf("run %d goes on: %v, said: %v", runs, kept.Goes, said)
		}
		if !kept.Goes {
			break
		}
	}
	if before != folders || runs < 3 {
		t.Errorf("%d of %d copies in %d runs", before, folders, runs)
	}
	// that was all: the next is due in a week
	last, _ := readKept(m.env)
	scanIfDue(context.Background(), m.env, nil)
	if kept, _ := readKept(m.env); !kept.Time.Equal(last.Time) {
		t.Errorf("scanned again at %v", kept.Time)
	}
	// one that gets nowhere waits as long
	now = now.Add(scanEvery)
	if err := os.Remove(filepath.Join(home, "src", "00", "copy.env")); err != nil {
		t.Fatal(err)
	}
	if kept := scan(1); kept.Goes || len(kept.Result.Copies) != folders-1 {
		t.Errorf("no time at all: goes on %v, %d copies", kept.Goes, len(kept.Result.Copies))
	}
}
