package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"keycare/cli/settings"
	"keycare/credfile"
	"keycare/credfile/disk"
	"keycare/report"
	"keycare/report/format"
)

// knownSettings is what the values of settings may be.
func (e *env) knownSettings() settings.Known {
	return settings.Known{Rules: report.RuleIDs(), Levels: report.LevelNames(), Formats: format.Names(), Home: e.Folders.Home}
}

// iniFile is keycare.ini, open to be replaced by this run alone.
type iniFile struct {
	*env
	path string // links resolved
	text string
}

// openFile reads the settings file, which need not exist. One of another user's
// is refused: what this user wrote there that one could not change.
func (e *env) openFile() (*iniFile, error) {
	if e.Folders.Config == "" {
		return nil, errors.New("no place for the settings file: set HOME or XDG_CONFIG_HOME")
	}
	f := &iniFile{env: e, path: filepath.Join(e.Folders.Config, "keycare.ini")}
	if resolved, err := e.Disk.EvalSymlinks(f.path); err == nil {
		f.path = resolved
	}
	if command := credfile.GiveBack(e.Disk, f.path); command != "" {
		return nil, fmt.Errorf("%s belongs to another user, as after a run by root: %s", f.path, command)
	}
	for _, name := range []string{f.path, filepath.Dir(f.path)} {
		fi, err := e.Disk.Stat(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if uid, ok := disk.Owner(fi); ok && uid != disk.Self() {
			return nil, fmt.Errorf("%s belongs to another user (uid %d): nothing was written", name, uid)
		}
	}
	text, err := credfile.ReadText(e.Disk, f.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	f.text = text
	return f, nil
}

// write puts a text in the place of what was read, if that is still there.
func (f *iniFile) write(ctx context.Context, after string) error {
	if err := f.Disk.MkdirAll(filepath.Dir(f.path), 0o700); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	unlock, err := credfile.Lock(ctx, credfile.LockName(f.path))
	if err != nil {
		return err
	}
	defer unlock()
	now, err := credfile.ReadText(f.Disk, f.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if now != f.text {
		return fmt.Errorf("%s: %w", f.path, errMeanwhile)
	}
	if err := disk.WriteAtomic(f.Disk, f.path, settings.Temp(f.path), []byte(after), 0o600); err != nil {
		var gone *disk.GoneError
		if errors.As(err, &gone) {
			return fmt.Errorf("%w: move it there", gone)
		}
		return fmt.Errorf("cannot write %s: %w", f.path, err)
	}
	return nil
}
