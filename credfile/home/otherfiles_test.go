package home

import (
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"testing"

	"keycare/credfile"
	"keycare/credfile/disk"
)

func TestReadBeside(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("SKIPPED: Windows has no such modes")
	}
	home, elsewhere := t.TempDir(), t.TempDir()
	write := func(path, text string, mode os.FileMode) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	aws := filepath.Join(home, ".aws")
	p := credfile.Paths{Credentials: filepath.Join(aws, "credentials"), Config: filepath.Join(aws, "config")}
	env := credfile.Env{GOOS: runtime.GOOS, Lookup: func(name string) (string, bool) { return home, name == "HOME" }}
	read := func() OtherFiles { return ReadOtherFiles(disk.OS{}, env, p) }
	write(filepath.Join(aws, "sso", "cache", "a.json"), "{}", 0o600)
	write(filepath.Join(aws, "sso", "cache", "note.txt"), "", 0o644)
	write(filepath.Join(home, "dotfiles", "config"), "", 0o600)
	write(filepath.Join(elsewhere, "credentials"), "", 0o600)
	if err := os.Symlink(filepath.Join(home, "dotfiles", "config"), p.Config); err != nil {
		t.Fatal(err)
	}
	if got := read(); !reflect.DeepEqual(got, OtherFiles{}) {
		t.Errorf("all is well, got %+v", got)
	}
	write(filepath.Join(aws, "sso", "cache", "b.json"), "{}", 0o640)
	write(filepath.Join(aws, "sso", "cache", "c.json"), "{}", 0o604)
	if err := os.Symlink(filepath.Join(elsewhere, "credentials"), p.Credentials); err != nil {
		t.Fatal(err)
	}
	got := read()
	if len(got.Caches) != 1 || got.Caches[0].Dir != filepath.Join(aws, "sso", "cache") || len(got.Caches[0].Files) != 2 {
		t.Fatalf("caches %+v", got.Caches)
	}
	for i, want := range []fs.FileMode{0o640, 0o604} {
		if f := got.Caches[0].Files[i]; f.Mode.Perm() != want || !f.ModeKnown || f.OwnedByOther || filepath.Base(f.Path) != string(rune('b'+i))+".json" {
			t.Errorf("got %+v", f)
		}
	}
	if len(got.Outside) != 1 || got.Outside[0].Path != p.Credentials {
		t.Errorf("links that lead out %+v", got.Outside)
	}
	if err := os.Chmod(aws, 0o700); err != nil {
		t.Fatal(err)
	}
	if got := read(); len(got.Caches) > 0 {
		t.Errorf("nobody else gets there: %+v", got.Caches)
	}
}
