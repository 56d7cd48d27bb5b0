package home

import (
	"io/fs"
	"path/filepath"

	"keycare/credfile"
	"keycare/credfile/copies"
	"keycare/credfile/disk"
)

// KeyFile is a file beside the AWS files, among the downloads or of an older tool,
// that holds keys, or that could not be looked into.
type KeyFile struct {
	copies.KeyFile
	// Fact is what the file system says about it.
	Fact FileFact
	// Reach is which rights in its mode others can make use of: a folder on the
	// way, up to the home folder, may shut them out.
	Reach fs.FileMode
}

// ReadKeyFiles looks into these files. It looks for copies beside the AWS files in the
// folders that l names, and for the console's files in the folders of downloads, if any
// are given. Own has the user's keys and accounts, and is asked if there is a file.
func ReadKeyFiles(d disk.FS, env credfile.Env, p credfile.Paths, l AWSFiles, downloads []string, own func() ([]copies.Key, []string)) (all []KeyFile) {
	var named []copies.Named
	for _, dir := range l.Dirs {
		named = append(named, copies.Beside(d, dir.Path, p)...)
	}
	named = append(named, copies.Downloads(d, env, downloads...)...)
	named = append(named, copies.OldTools(env, p)...)
	for _, f := range copies.Look(d, named, own) {
		all = append(all, KeyFileOf(d, env, f))
	}
	return all
}

// KeyFileOf adds what the file system says.
func KeyFileOf(d disk.FS, env credfile.Env, f copies.KeyFile) KeyFile {
	return KeyFile{f, factOf(d, env, f.Path), reachOf(d, env, f.Path)}
}

// reachOf is what others may do with a file, as far as the folders above it say.
func reachOf(d disk.FS, env credfile.Env, path string) fs.FileMode {
	reach := fs.FileMode(0o077)
	if env.GOOS == "windows" {
		return reach // there a folder's list shuts nobody out of the files in it
	}
	home, _ := credfile.HomeOf(env)
	for dir := filepath.Dir(path); ; dir = filepath.Dir(dir) {
		if fi, err := d.Stat(dir); err == nil {
			if fi.Mode()&0o010 == 0 {
				reach &^= 0o070
			}
			if fi.Mode()&0o001 == 0 {
				reach &^= 0o007
			}
		}
		if dir == home || dir == filepath.Dir(dir) {
			return reach
		}
	}
}
