package diskfault

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"keycare/credfile/disk"
)

// put replaces the file name by text, leaving out the steps that are false.
func put(d disk.FS, name, text string, sync, syncDir bool) error {
	f, err := d.CreateNew(name+".new", 0o600)
	if err != nil {
		return err
	}
	if _, err := f.Write([]byte(text)); err != nil {
		return errors.Join(err, f.Close())
	}
	if sync {
		if err := f.Sync(); err != nil {
			return errors.Join(err, f.Close())
		}
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := d.Replace(name+".new", name); err != nil {
		return err
	}
	if syncDir {
		return d.SyncDir(filepath.Dir(name))
	}
	return nil
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	if err != nil {
		return "(none)"
	}
	return string(b)
}

func TestLose(t *testing.T) {
	for _, c := range []struct {
		sync, syncDir bool
		loss          Loss
		want, temp    string
	}{
		{true, true, NoLoss, "new", "(none)"},
		{true, true, LoseData, "new", "(none)"},
		{true, true, LoseNames, "new", "(none)"},
		{false, true, NoLoss, "new", "(none)"},
		{false, true, LoseData, "", "(none)"},
		{true, false, LoseData, "new", "(none)"},
		{true, false, LoseNames, "old", "(none)"},
		{false, false, LoseNames, "old", "(none)"},
	} {
		name := filepath.Join(t.TempDir(), "f")
		if err := os.WriteFile(name, []byte("old"), 0o600); err != nil {
			t.Fatal(err)
		}
		d := New(disk.OS{}, nil)
		if err := put(d, name, "new", c.sync, c.syncDir); err != nil {
			t.Fatal(err)
		}
		if err := d.Lose(c.loss); err != nil {
			t.Fatal(err)
		}
		if got, temp := read(t, name), read(t, name+".new"); got != c.want || temp != c.temp {
			t.Errorf("%+v: the file holds %q, its temporary file %q", c, got, temp)
		}
	}
}

func TestActions(t *testing.T) {
	for _, c := range []struct {
		op    string
		a     Action
		crash bool
		err   error
		temp  string
	}{
		{"Write", Fail, false, ErrInjected, ""},
		{"Write", Short, false, ErrInjected, "ne"},
		{"Write", CrashBefore, true, nil, ""},
		{"Write", CrashMiddle, true, nil, "ne"},
		{"Write", CrashAfter, true, nil, "news"},
		{"Replace", Fail, false, ErrInjected, "news"},
		{"Replace", CrashMiddle, true, nil, "news"},
		{"Replace", CrashAfter, true, nil, "(none)"},
		{"none", Fail, false, nil, "(none)"},
	} {
		name := filepath.Join(t.TempDir(), "f")
		d := New(disk.OS{}, func(op Op) Action {
			if op.Name == c.op {
				return c.a
			}
			return Pass
		})
		crash, err := d.Run(func() error {
			err := put(d, name, "news", true, true)
			if err != nil && !errors.Is(err, ErrInjected) {
				t.Errorf("%s %s: %v", c.op, c.a, err)
			}
			return err
		})
		if (crash != nil) != c.crash || !errors.Is(err, c.err) {
			t.Errorf("%s %s: crash %v, error %v", c.op, c.a, crash, err)
		}
		if temp := read(t, name+".new"); temp != c.temp {
			t.Errorf("%s %s: the temporary file holds %q, want %q", c.op, c.a, temp, c.temp)
		}
	}
}

// TestDead holds that a crashed program has no more effects, though its
// deferred functions run.
func TestDead(t *testing.T) {
	name := filepath.Join(t.TempDir(), "f")
	d := New(disk.OS{}, At(1, CrashAfter))
	crash, _ := d.Run(func() error {
		defer func() {
			if recover() != nil {
				t.Error("the program could catch its crash")
			}
			_ = d.Remove(name)
		}()
		return disk.WriteNew(d, name, []byte("x"), 0o600)
	})
	if crash == nil || crash.Op.Name != "Write" || d.Count() != 2 {
		t.Errorf("crash %v after %v", crash, d.Ops())
	}
	if got := read(t, name); got != "x" {
		t.Errorf("the file holds %q", got)
	}
}

// A folder that the one above does not hold durably is lost with all in it.
func TestLoseFolders(t *testing.T) {
	for _, c := range []struct {
		sync string // below the root; the folder itself is always synced
		want bool
	}{{"", false}, {".", false}, {"a", false}, {". a", true}} {
		root := t.TempDir()
		d := New(disk.OS{}, nil)
		dir := filepath.Join(root, "a", "b")
		if err := d.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		name := filepath.Join(dir, "f")
		if err := put(d, name, "new", true, true); err != nil {
			t.Fatal(err)
		}
		for _, s := range strings.Fields(c.sync) {
			if err := d.SyncDir(filepath.Join(root, s)); err != nil {
				t.Fatal(err)
			}
		}
		if err := d.Lose(LoseNames); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(name); (err == nil) != c.want {
			t.Errorf("synced %q: %v", c.sync, err)
		}
	}
}
