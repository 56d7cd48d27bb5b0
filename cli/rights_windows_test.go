package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/windows"

	"keycare/credfile/disk"
)

// chmod gives a file or a folder what comes next to a mode here: an access list
// that gives Everyone the rights of the mode's group and others, and the read-only
// attribute where the owner may not write a file.
func chmod(path string, mode fs.FileMode) error {
	user, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return err
	}
	list := fmt.Sprintf("D:P(A;OICI;FA;;;%s)(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)", user.User.Sid)
	switch {
	case mode&0o022 != 0:
		list += "(A;;0x1301bf;;;WD)" // modify
	case mode&0o044 != 0:
		list += "(A;;FRFX;;;WD)"
	}
	sd, err := windows.SecurityDescriptorFromString(list)
	if err != nil {
		return err
	}
	if err := os.Chmod(path, 0o600); err != nil { // the attribute alone
		return err
	}
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return err
	}
	const share = windows.FILE_SHARE_READ | windows.FILE_SHARE_WRITE | windows.FILE_SHARE_DELETE
	h, err := windows.CreateFile(name, windows.WRITE_DAC|windows.READ_CONTROL, share, nil, windows.OPEN_EXISTING, windows.FILE_FLAG_BACKUP_SEMANTICS, 0)
	if err != nil {
		return &fs.PathError{Op: "open", Path: path, Err: err}
	}
	err = errors.Join(windows.SetKernelObjectSecurity(h, windows.DACL_SECURITY_INFORMATION|windows.PROTECTED_DACL_SECURITY_INFORMATION, sd), windows.CloseHandle(h))
	if fi, statErr := os.Stat(path); err == nil && mode&0o200 == 0 && statErr == nil && !fi.IsDir() {
		err = os.Chmod(path, 0o400)
	}
	return err
}

// modeOf is the mode that chmod would give it: 0600 for its owner alone, 0644 if
// others may read it, 0666 if they may change it, less 0200 with the attribute.
func modeOf(path string) (fs.FileMode, error) {
	fi, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	a, err := disk.AccessOf(path)
	if err != nil {
		return 0, err
	}
	mode := fs.FileMode(0o600)
	switch {
	case a.Mode&0o022 != 0:
		mode = 0o666
	case a.Mode&0o044 != 0:
		mode = 0o644
	}
	if fi.Mode()&0o200 == 0 && !fi.IsDir() {
		mode &^= 0o200
	}
	return mode, nil
}

// sameMode reports whether two modes are one to this system.
func sameMode(a, b fs.FileMode) bool {
	others := func(m fs.FileMode) fs.FileMode {
		switch {
		case m&0o022 != 0:
			return 0o022
		case m&0o044 != 0:
			return 0o044
		}
		return 0
	}
	return others(a) == others(b) && a&0o200 == b&0o200
}

// holdOpen opens a file as programs do that do not think of others: nobody can
// delete or replace it before it is released.
func holdOpen(path string) (release func() error, err error) {
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return nil, err
	}
	h, err := windows.CreateFile(name, windows.GENERIC_READ, windows.FILE_SHARE_READ|windows.FILE_SHARE_WRITE, nil, windows.OPEN_EXISTING, 0, 0)
	if err != nil {
		return nil, err
	}
	held := true
	return func() error {
		if !held {
			return errors.New("it is not held")
		}
		held = false
		return windows.CloseHandle(h)
	}, nil
}
