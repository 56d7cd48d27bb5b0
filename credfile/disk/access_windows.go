package disk

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unsafe"

	"golang.org/x/sys/windows"
)

// AccessOf reads the owner and the access list of a file or folder. The system's
// own accounts (SYSTEM, Administrators, TrustedInstaller) are nobody else's: they
// can read everything anyway.
func AccessOf(path string) (a Access, err error) {
	me, err := self()
	if err != nil {
		return a, err
	}
	sd, err := windows.GetNamedSecurityInfo(long(path), windows.SE_FILE_OBJECT, windows.OWNER_SECURITY_INFORMATION|windows.DACL_SECURITY_INFORMATION)
	if err != nil {
		return a, err
	}
	fi, err := os.Stat(path)
	if err != nil {
		return a, err
	}
	return accessIn(sd, me, fi.IsDir())
}

// accessIn is AccessOf for what was read.
func accessIn(sd *windows.SECURITY_DESCRIPTOR, me *windows.SID, isDir bool) (a Access, err error) {
	if owner, _, err := sd.Owner(); err == nil && owner != nil && !owner.Equals(me) {
		a.Foreign, a.System = true, systems(owner)
	}
	list, _, err := sd.DACL()
	if list == nil { // none at all lets everyone do everything
		everyone, err := windows.CreateWellKnownSid(windows.WinWorldSid)
		if err != nil {
			return a, err
		}
		a.add(everyone, windows.GENERIC_ALL, isDir)
		return a, nil
	}
	for i := range uint32(list.AceCount) {
		var ace *windows.ACCESS_ALLOWED_ACE
		if err := windows.GetAce(list, i, &ace); err != nil {
			return a, err
		}
		if ace.Header.AceType != windows.ACCESS_ALLOWED_ACE_TYPE || ace.Header.AceFlags&windows.INHERIT_ONLY_ACE != 0 {
			continue
		}
		who := (*windows.SID)(unsafe.Pointer(&ace.SidStart))
		// Of the owner's rights: the owner is judged beside them.
		if who.Equals(me) || systems(who) || who.IsWellKnown(windows.WinCreatorOwnerSid) || who.IsWellKnown(windows.WinCreatorOwnerRightsSid) {
			continue
		}
		a.add(who, uint32(ace.Mask), isDir)
	}
	return a, err
}

// OthersCanChange reports whether the access list of the file name lets others
// change it, and who has rights to it.
func OthersCanChange(name string, _ fs.FileInfo) (who []Other, can bool) {
	a, err := AccessOf(name)
	return a.Others, err == nil && a.Mode&0o022 != 0
}

// self is the user of this process.
func self() (*windows.SID, error) {
	user, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return nil, err
	}
	return user.User.Sid, nil
}

// trustedInstaller owns what Windows installs.
const trustedInstaller = "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464"

func systems(who *windows.SID) bool {
	return who.IsWellKnown(windows.WinLocalSystemSid) || who.IsWellKnown(windows.WinBuiltinAdministratorsSid) || who.String() == trustedInstaller
}

// add notes what an entry of the list gives. To add a folder in a folder, which
// Windows lets everyone do at the top of a drive, puts nothing in a file's place.
func (a *Access) add(who *windows.SID, mask uint32, isDir bool) {
	const (
		deleteChild = 0x40
		read        = windows.FILE_READ_DATA | windows.GENERIC_READ | windows.GENERIC_ALL
		change      = windows.FILE_WRITE_DATA | deleteChild | windows.DELETE | windows.WRITE_DAC | windows.WRITE_OWNER | windows.GENERIC_WRITE | windows.GENERIC_ALL
	)
	var mode fs.FileMode
	if mask&read != 0 {
		mode |= 0o004
	}
	if mask&change != 0 || !isDir && mask&windows.FILE_APPEND_DATA != 0 {
		mode |= 0o002
	}
	if mode == 0 {
		return
	}
	a.Mode |= mode
	name := who.String()
	if account, domain, _, err := who.LookupAccount(""); err == nil {
		if name = account; domain != "" && !slices.Contains([]string{"BUILTIN", "NT AUTHORITY"}, strings.ToUpper(domain)) {
			name = domain + `\` + account
		}
	}
	if other := (Other{name, who.String()}); !slices.Contains(a.Others, other) {
		a.Others = append(a.Others, other)
	}
}

// OwnerOnly leaves a file or folder, and what will be made in the folder, to the
// user of this process and the system, whatever the folder above it says.
func OwnerOnly(path string) error {
	sd, err := ownList()
	if err != nil {
		return err
	}
	return setList(path, sd)
}

func setList(path string, sd *windows.SECURITY_DESCRIPTOR) error {
	h, err := open(path, windows.WRITE_DAC|windows.READ_CONTROL)
	if err == nil {
		err = errors.Join(windows.SetKernelObjectSecurity(h, windows.DACL_SECURITY_INFORMATION|windows.PROTECTED_DACL_SECURITY_INFORMATION, sd), windows.CloseHandle(h))
	}
	if err != nil {
		return &fs.PathError{Op: "set the access list", Path: path, Err: err}
	}
	return nil
}

// ownList gives the user of this process, SYSTEM and Administrators all rights
// (FA), to what is in a folder too (OICI), and inherits nothing (P).
func ownList() (*windows.SECURITY_DESCRIPTOR, error) {
	me, err := self()
	if err != nil {
		return nil, err
	}
	return windows.SecurityDescriptorFromString("D:P(A;OICI;FA;;;" + me.String() + ")(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)")
}

// createNew makes a file that is the user's alone from its first moment where perm
// says so.
func createNew(name string, perm fs.FileMode) (*os.File, error) {
	if perm&0o077 != 0 {
		return os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, perm)
	}
	fault := func(err error) (*os.File, error) { return nil, &fs.PathError{Op: "create", Path: name, Err: err} }
	sd, err := ownList()
	if err != nil {
		return fault(err)
	}
	path, err := windows.UTF16PtrFromString(long(name))
	if err != nil {
		return fault(err)
	}
	sa := &windows.SecurityAttributes{SecurityDescriptor: sd}
	sa.Length = uint32(unsafe.Sizeof(*sa))
	h, err := windows.CreateFile(path, windows.GENERIC_WRITE, windows.FILE_SHARE_READ|windows.FILE_SHARE_WRITE, sa, windows.CREATE_NEW, windows.FILE_ATTRIBUTE_NORMAL, 0)
	if err != nil {
		return fault(err)
	}
	return os.NewFile(uintptr(h), name), nil
}

// mkdirAll makes folders; the last, if it is new, is the user's alone where perm
// says so.
func mkdirAll(name string, perm fs.FileMode) error {
	_, before := os.Stat(name)
	if err := os.MkdirAll(name, perm); err != nil || !errors.Is(before, fs.ErrNotExist) || perm&0o077 != 0 {
		return err
	}
	return OwnerOnly(filepath.Clean(name))
}

// chmod takes the others' rights away where perm leaves them none. The read-only
// attribute, which is all that os.Chmod knows here, is left alone.
func chmod(name string, perm fs.FileMode) error {
	if perm&0o077 != 0 {
		return errors.New("access lists are not changed but for their user's alone")
	}
	return OwnerOnly(name)
}

// UserName is the user of this process as icacls takes it.
func UserName() string {
	me, err := self()
	if err != nil {
		return ""
	}
	account, domain, _, err := me.LookupAccount("")
	if err != nil {
		return "*" + me.String()
	}
	return domain + `\` + account
}
