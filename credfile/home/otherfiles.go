package home

import (
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"keycare/credfile"
	"keycare/credfile/disk"
)

// OtherFiles is what else in the home folder concerns keys: what AWS's tools keep for
// a while, and links that lead elsewhere.
type OtherFiles struct {
	Caches []Cache
	// Outside are the shared files, if they are links that lead out of the home
	// folder.
	Outside []FileFact
}

// Cache is a folder in which files are open to others.
type Cache struct {
	Dir   string
	Files []FileFact // those that give others a right
}

// cacheDirs are the folders below the AWS folder in which the AWS CLI and SDKs
// keep session keys and sign-ins.
var cacheDirs = []string{"cli/cache", "sso/cache", "login/cache", "boto/cache"}

// ReadOtherFiles gathers these facts; what cannot be looked at is left out.
func ReadOtherFiles(d disk.FS, env credfile.Env, p credfile.Paths) (b OtherFiles) {
	home, _ := credfile.HomeOf(env)
	if home == "" {
		return b
	}
	for kind, path := range []string{p.Credentials, p.Config} {
		f := factOf(d, env, path)
		f.Kind = credfile.FileKind(kind)
		if f.Target != "" && leadsOut(d, home, f.Target) {
			b.Outside = append(b.Outside, f)
		}
	}
	for _, name := range cacheDirs {
		if c := cacheOf(d, env, home, name); len(c.Files) > 0 {
			b.Caches = append(b.Caches, c)
		}
	}
	return b
}

func leadsOut(d disk.FS, home, target string) bool {
	real, err := d.EvalSymlinks(home)
	if err != nil {
		real = home
	}
	rel, err := filepath.Rel(real, target)
	return err != nil || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

// cacheOf looks for files that others can reach and have a right to. A folder on
// the way that shuts them out is enough.
func cacheOf(d disk.FS, env credfile.Env, home, name string) (c Cache) {
	at := filepath.Join(home, ".aws")
	for _, step := range append([]string{""}, strings.Split(name, "/")...) {
		at = filepath.Join(at, step)
		if fi, err := d.Stat(at); err != nil || !fi.IsDir() || env.GOOS != "windows" && fi.Mode()&0o011 == 0 {
			return c
		}
	}
	c.Dir = at
	entries, err := d.ReadDir(at)
	if err != nil {
		return c
	}
	entries = slices.DeleteFunc(entries, func(e fs.DirEntry) bool { return !strings.HasSuffix(e.Name(), ".json") })
	for _, e := range entries {
		path := filepath.Join(at, e.Name())
		if f := factOf(d, env, path); f.Mode.IsRegular() && f.Mode.Perm()&^0o700 != 0 {
			c.Files = append(c.Files, f)
		}
	}
	return c
}
