//go:build unix

package home

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"keycare/credfile"
	"keycare/credfile/disk"
)

func TestFileFacts(t *testing.T) {
	home := t.TempDir()
	aws, dotfiles := filepath.Join(home, ".aws"), filepath.Join(home, "dotfiles")
	for _, dir := range []string{aws, dotfiles} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	p := credfile.Paths{Credentials: filepath.Join(aws, "credentials"), Config: filepath.Join(aws, "config")}
	localWrite(t, p.Config, "")
	if err := os.Chmod(p.Config, 0o664); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(p.Config, filepath.Join(home, "second")); err != nil {
		t.Fatal(err)
	}
	target := filepath.Join(dotfiles, "credentials")
	localWrite(t, target, "")
	if err := os.Symlink(target, p.Credentials); err != nil {
		t.Fatal(err)
	}
	l := ReadAWSFiles(disk.OS{}, localEnv(nil), p)
	creds, config := l.Files[0], l.Files[1]
	want, err := filepath.EvalSymlinks(target) // the temporary folder may be behind a link itself
	if err != nil {
		t.Fatal(err)
	}
	if !creds.Exists || creds.Target != want || creds.Mode.Perm() != 0o600 || !creds.ModeKnown || creds.HardLinks != 1 || creds.OwnedByOther {
		t.Errorf("credentials: %+v", creds)
	}
	if config.Mode.Perm() != 0o664 || config.Target != "" || config.HardLinks != 2 {
		t.Errorf("config: %+v", config)
	}
	has := func(dir string) bool {
		return slices.ContainsFunc(l.Dirs, func(f FileFact) bool { return f.Path == dir && f.Exists })
	}
	if len(l.Dirs) != 2 || !has(aws) || !has(filepath.Dir(want)) {
		t.Errorf("folders: %+v", l.Dirs)
	}
	windows := localEnv(nil)
	windows.GOOS = "windows"
	if f := ReadAWSFiles(disk.OS{}, windows, p).Files[1]; f.ModeKnown || f.Mode != 0 || !f.Exists {
		t.Errorf("on Windows: %+v", f)
	}
}

// localForeign shows one file as another user's.
type localForeign struct {
	disk.OS
	path string
}

func (d localForeign) Stat(name string) (fs.FileInfo, error) {
	fi, err := d.OS.Stat(name)
	if err == nil && name == d.path {
		st := *fi.Sys().(*syscall.Stat_t)
		st.Uid += 4711
		return localForeignInfo{fi, &st}, nil
	}
	return fi, err
}

type localForeignInfo struct {
	fs.FileInfo
	st *syscall.Stat_t
}

func (f localForeignInfo) Sys() any { return f.st }

func TestOwnedByOther(t *testing.T) {
	dir := filepath.Join(t.TempDir(), ".aws")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	p := credfile.Paths{Credentials: filepath.Join(dir, "credentials"), Config: filepath.Join(dir, "config")}
	localWrite(t, p.Credentials, "")
	for _, path := range []string{p.Credentials, dir} {
		l := ReadAWSFiles(localForeign{path: path}, localEnv(nil), p)
		if got := l.Files[0].OwnedByOther; got != (path == p.Credentials) {
			t.Errorf("%s is another's: file %v", path, got)
		}
		if got := l.Dirs[0].OwnedByOther; got != (path == dir) {
			t.Errorf("%s is another's: folder %v", path, got)
		}
	}
}

// What others can do with a copy is in its mode, as far as the folders on the way
// let them come, up to the home.
func TestCopyRights(t *testing.T) {
	top := t.TempDir()
	home := filepath.Join(top, "home")
	aws, loads := filepath.Join(home, ".aws"), filepath.Join(home, "Downloads")
	for _, dir := range []string{aws, loads} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	p := credfile.Paths{Credentials: filepath.Join(aws, "credentials"), Config: filepath.Join(aws, "config")}
	copied, loaded := filepath.Join(aws, "credentials.bak"), filepath.Join(loads, "rootkey.csv")
	for _, path := range []string{copied, loaded} {
		localWrite(t, path, "AKIAZAVB57H55F3T4BKH,")
	}
	env := localEnv(map[string]string{"HOME": home})
	for _, c := range []struct {
		top, home, dir, file, reach fs.FileMode
	}{
		{0o700, 0o755, 0o755, 0o644, 0o077}, // what is above the home is not looked at
		{0o755, 0o700, 0o755, 0o644, 0},
		{0o755, 0o755, 0o700, 0o666, 0},
		{0o755, 0o750, 0o755, 0o640, 0o070},
		{0o755, 0o755, 0o711, 0o644, 0o077}, // its name can be guessed
	} {
		for path, mode := range map[string]fs.FileMode{aws: c.dir, loads: c.dir, copied: c.file, loaded: c.file, home: c.home, top: c.top} {
			if err := os.Chmod(path, mode); err != nil {
				t.Fatal(err)
			}
		}
		found := keyFilesOf(disk.OS{}, env, p, loads)
		if len(found) != 2 || found[0].Path != copied || found[1].Path != loaded {
			t.Fatalf("%+v: found %+v", c, found)
		}
		for _, s := range found {
			if s.Reach != c.reach || s.Fact.Mode.Perm() != c.file || !s.Fact.ModeKnown {
				t.Errorf("%+v: %s: got %+v", c, s.Path, s)
			}
		}
	}
}
