package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"keycare/credfile/disk"
)

// reportFolder is the folder for the reports of all users. It is held open, so
// that nobody can put another one in its place.
type reportFolder struct {
	*os.Root
	name string
}

// openReportFolder makes the folder, or opens one that is ours and that nobody
// else can write in.
func openReportFolder(name string) (*reportFolder, error) {
	name, err := filepath.Abs(name)
	if err != nil {
		return nil, err
	}
	if err := os.Mkdir(name, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("cannot make the folder for the reports: %w", err)
	}
	seen, err := os.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !seen.IsDir() {
		return nil, usagef("--output %q: with --all-users it names a folder, not a file or a link", name)
	}
	root, err := os.OpenRoot(name)
	if err != nil {
		return nil, err
	}
	got, err := root.Stat(".")
	if err == nil {
		if uid, ok := disk.Owner(got); !os.SameFile(seen, got) || ok && uid != disk.Self() || got.Mode().Perm()&0o022 != 0 {
			err = fmt.Errorf("other users can write in the folder %s: name a new one, which keycare then makes with mode 0700", name)
		}
	}
	if err != nil {
		return nil, errors.Join(err, root.Close())
	}
	return &reportFolder{root, name}, nil
}

// keep writes a file for each home that has something to tell of. One that
// cannot be written is told with its home.
func (f *reportFolder) keep(all []*userAudit) {
	homes := make([]userHome, len(all))
	for i, u := range all {
		homes[i] = u.userHome
	}
	for i, name := range fileNames(homes) {
		u := all[i]
		if u.Report == nil || u.nothing() {
			continue
		}
		if err := f.write(name, u); err != nil {
			u.Why = fmt.Sprintf("cannot write its report: %v", err)
			continue
		}
		u.File = filepath.Join(f.name, name)
	}
}

// write puts a report in the place of an earlier one.
func (f *reportFolder) write(name string, u *userAudit) (err error) {
	text, err := render(u.Report)
	if err != nil {
		return err
	}
	const temp = ".keycare-new"
	if err := f.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	file, err := f.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = file.WriteString(text)
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return errors.Join(err, f.Remove(temp))
	}
	return f.Rename(temp, name)
}
