package disk

import "golang.org/x/sys/unix"

// systemObstacle asks for what Linux keeps beside the mode (statx(2)). A file
// can be a mount point on the very file system of its folder, as bind mounts in
// containers are.
func systemObstacle(path, dir string) string {
	file, folder := attributes(path), attributes(dir)
	switch {
	case file&unix.STATX_ATTR_MOUNT_ROOT != 0:
		return "is a mount point itself (a container's bind mount?): mount its folder instead"
	case file&unix.STATX_ATTR_IMMUTABLE != 0:
		return "is immutable: chattr -i it first"
	case file&unix.STATX_ATTR_APPEND != 0:
		return "can only be appended to: chattr -a it first"
	case folder&unix.STATX_ATTR_IMMUTABLE != 0:
		return "is in an immutable folder: chattr -i " + dir + " first"
	case folder&unix.STATX_ATTR_APPEND != 0:
		return "is in a folder where nothing can be replaced: chattr -a " + dir + " first"
	}
	return ""
}

// attributes are the STATX_ATTR bits that the file system vouches for.
func attributes(path string) uint64 {
	var st unix.Statx_t
	if err := unix.Statx(unix.AT_FDCWD, path, unix.AT_SYMLINK_NOFOLLOW, 0, &st); err != nil {
		return 0
	}
	return st.Attributes & st.Attributes_mask
}
