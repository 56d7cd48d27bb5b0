package disk

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// A file that is mounted onto itself lies on its folder's own file system: its
// device does not tell, and a rename fails.
func TestObstacleBindMount(t *testing.T) {
	const asked = "KEYCARE_TEST_BIND_MOUNT"
	if dir := os.Getenv(asked); dir != "" {
		from, at := filepath.Join(dir, "from"), filepath.Join(dir, "at")
		if err := unix.Mount(from, at, "", unix.MS_BIND, ""); err != nil {
			t.Skip("SKIPPED: cannot mount: ", err)
		}
		if err := os.Rename(filepath.Join(dir, "new"), at); !errors.Is(err, unix.EBUSY) {
			t.Fatalf("a rename onto a mount point: %v", err)
		}
		if why := Obstacle(at); !strings.Contains(why, "mount point") {
			t.Errorf("got %q", why)
		}
		if why := Obstacle(from); why != "" {
			t.Errorf("a plain file: %q", why)
		}
		return
	}
	dir := t.TempDir()
	for _, name := range []string{"from", "at", "new"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, "-test.run=^TestObstacleBindMount$", "-test.v")
	cmd.Env = append(os.Environ(), asked+"="+dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWNS | syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	out, err := cmd.CombinedOutput()
	switch {
	case errors.Is(err, unix.EPERM) || errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EINVAL) || bytes.Contains(out, []byte("SKIPPED")):
		t.Skip("SKIPPED: no mounts of one's own here: ", err, string(out))
	case err != nil:
		t.Errorf("%v\n%s", err, out)
	}
}

// linux/fs.h: FS_IMMUTABLE_FL, FS_APPEND_FL.
const immutable, appendOnly = 0x10, 0x20

// Flags that chattr sets make a rename fail for root, too.
func TestObstacleFlags(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if why := Obstacle(path); why != "" {
		t.Errorf("a plain file: %q", why)
	}
	for _, tt := range []struct {
		name string
		flag uint32
		want string
	}{
		{path, immutable, "chattr -i it"},
		{path, appendOnly, "chattr -a it"},
		{dir, immutable, "chattr -i " + dir},
		{dir, appendOnly, "chattr -a " + dir},
	} {
		unset, err := setFlag(tt.name, tt.flag)
		if err != nil {
			t.Skip("SKIPPED: the flag cannot be set here: ", err)
		}
		why := Obstacle(path)
		unset()
		if !strings.Contains(why, tt.want) {
			t.Errorf("flag %x: %q", tt.flag, why)
		}
	}
}

func setFlag(name string, flag uint32) (unset func(), err error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	old, err := unix.IoctlGetUint32(int(f.Fd()), unix.FS_IOC_GETFLAGS)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(f.Fd()), unix.FS_IOC_SETFLAGS, int(old|flag))
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() {
		_ = unix.IoctlSetPointerInt(int(f.Fd()), unix.FS_IOC_SETFLAGS, int(old))
		_ = f.Close()
	}, nil
}

// What a file has beside its mode goes along, an access list too.
func TestKeepAttributes(t *testing.T) {
	dir := t.TempDir()
	from, to := filepath.Join(dir, "from"), filepath.Join(dir, "to")
	for _, name := range []string{from, to} {
		if err := os.WriteFile(name, nil, 0o640); err != nil {
			t.Fatal(err)
		}
	}
	// user::rw-, user:12345:r--, group::r--, mask::r--, other::--- as the kernel
	// keeps it (linux/posix_acl_xattr.h): version 2, then tag, permission, ID.
	acl := []byte{2, 0, 0, 0,
		0x01, 0, 6, 0, 0xff, 0xff, 0xff, 0xff,
		0x02, 0, 4, 0, 0x39, 0x30, 0, 0,
		0x04, 0, 4, 0, 0xff, 0xff, 0xff, 0xff,
		0x10, 0, 4, 0, 0xff, 0xff, 0xff, 0xff,
		0x20, 0, 0, 0, 0xff, 0xff, 0xff, 0xff}
	const list = "system.posix_acl_access"
	set := map[string][]byte{}
	if err := unix.Lsetxattr(from, list, acl, 0); err == nil {
		set[list] = acl
	}
	if err := unix.Lsetxattr(from, "user.note", []byte("mine"), 0); err == nil {
		set["user.note"] = []byte("mine")
	}
	if len(set) == 0 {
		t.Skip("SKIPPED: the file system of ", dir, " keeps no attributes")
	}
	if err := (OS{}).KeepAttributes(from, to); err != nil {
		t.Fatal(err)
	}
	for name, want := range set {
		if got, err := attribute(to, name); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}
