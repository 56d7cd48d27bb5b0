package disk

import "path/filepath"

// Left is the highest file or folder on the way to path, itself among them, that
// belongs to another user and lies in a folder of this one's: what a run as root,
// of whatever program, has left there. It is empty for none.
func Left(d FS, path string) (left string) {
	owner := func(name string) (uid int, known bool) {
		fi, err := d.Lstat(name)
		if err != nil {
			return 0, false
		}
		return Owner(fi)
	}
	for at := path; at != filepath.Dir(at); at = filepath.Dir(at) {
		if uid, known := owner(at); !known || uid == Self() {
			continue
		}
		if above, known := owner(filepath.Dir(at)); known && above == Self() {
			left = at
		}
	}
	return left
}
