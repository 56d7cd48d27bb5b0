package cli

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

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
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(home, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
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
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
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
