package diskfault

import (
	"errors"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"

	"keycare/credfile/disk"
)

// Loss is what a power loss takes. A crash of the program alone takes nothing.
type Loss int

const (
	// NoLoss: the machine runs on.
	NoLoss Loss = iota
	// LoseData: what was written to a file since its last Sync is gone, but
	// every file has the name it was given. Journaling file systems do this.
	LoseData
	// LoseNames: what was created, linked, replaced and removed since the last
	// SyncDir of the folder is undone as well. A folder that is lost takes all
	// in it along.
	LoseNames
)

func (l Loss) String() string { return [...]string{"no loss", "data lost", "data and names lost"}[l] }

// loss remembers what a power loss could take back.
type loss struct {
	files map[string]*content // written through this FS, by name
	undo  []change            // newest last
	dirs  []string            // made, and not yet durable in the folders above them
}

// content is the bytes of one file, whatever names it has.
type content struct {
	dirty  bool
	synced []byte
}

// change is a change of names that its folder does not hold durably yet.
type change struct {
	dir  string
	was  []saved // what stood at each name before; in the order to put back
	undo func()  // puts loss.files back
}

type saved struct {
	name  string
	there bool
	data  []byte
	mode  fs.FileMode
}

func (l *loss) create(name string) { l.files[filepath.Clean(name)] = &content{} }

func (l *loss) forget(name string) { delete(l.files, filepath.Clean(name)) }

func (l *loss) link(old, new string) {
	if c := l.files[filepath.Clean(old)]; c != nil {
		l.files[filepath.Clean(new)] = c
	}
}

func (l *loss) syncDir(dir string) {
	l.undo = slices.DeleteFunc(l.undo, func(c change) bool { return c.dir == dir })
	l.dirs = slices.DeleteFunc(l.dirs, func(made string) bool { return filepath.Dir(made) == dir })
}

// missing returns the folders that MkdirAll will make.
func missing(inner disk.FS, dir string) (made []string) {
	for dir = filepath.Clean(dir); dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := inner.Stat(dir); err == nil {
			break
		}
		made = append(made, dir)
	}
	return made
}

// removeAll removes a folder and all that is in it.
func removeAll(inner disk.FS, dir string) error {
	entries, err := inner.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if e.IsDir() {
			err = errors.Join(err, removeAll(inner, path))
		} else {
			err = errors.Join(err, inner.Remove(path))
		}
	}
	return errors.Join(err, inner.Remove(dir))
}

// open returns the content of name, which is durable as it is if this FS has
// not written it.
func (l *loss) open(inner disk.FS, name string) *content {
	name = filepath.Clean(name)
	if l.files[name] == nil {
		data, _ := inner.ReadFile(name)
		l.files[name] = &content{synced: data}
	}
	return l.files[name]
}

func save(inner disk.FS, name string) saved {
	s := saved{name: name}
	fi, err := inner.Lstat(name)
	if err != nil || !fi.Mode().IsRegular() {
		return s
	}
	s.data, err = inner.ReadFile(name)
	s.there, s.mode = err == nil, fi.Mode().Perm()
	return s
}

// named performs a change of one name and remembers what it was.
func (f *FS) named(name string, act func() error, done func()) error {
	was := save(f.inner, name)
	if err := act(); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	key := filepath.Clean(name)
	before := f.loss.files[key]
	done()
	f.loss.undo = append(f.loss.undo, change{filepath.Dir(key), []saved{was}, func() { f.loss.files[key] = before }})
	return nil
}

// named2 is named for a rename.
func (f *FS) named2(from, to string, act func() error) error {
	was := []saved{save(f.inner, from), save(f.inner, to)}
	if err := act(); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	from, to = filepath.Clean(from), filepath.Clean(to)
	moved, replaced := f.loss.files[from], f.loss.files[to]
	delete(f.loss.files, from)
	f.loss.files[to] = moved
	f.loss.undo = append(f.loss.undo, change{filepath.Dir(to), was, func() { f.loss.files[from], f.loss.files[to] = moved, replaced }})
	return nil
}

// Loses reports whether Lose would take anything now.
func (f *FS) Loses(l Loss) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if l == LoseNames && len(f.loss.undo)+len(f.loss.dirs) > 0 {
		return true
	}
	dirty := func(c *content) bool { return c != nil && c.dirty }
	return l != NoLoss && slices.ContainsFunc(slices.Collect(maps.Values(f.loss.files)), dirty)
}

// Lose does to the wrapped files what a power loss may do to them. Call it once,
// after a crash; then look at the files through another FS. A file that is put
// back is a new one, with the old bytes and mode, but without its links.
func (f *FS) Lose(l Loss) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if l == LoseNames {
		for _, c := range slices.Backward(f.loss.undo) {
			for _, s := range c.was {
				if err := s.restore(f.inner); err != nil {
					return err
				}
			}
			c.undo()
		}
		for _, dir := range f.loss.dirs {
			if err := removeAll(f.inner, dir); err != nil {
				return err
			}
		}
	}
	if l == NoLoss {
		return nil
	}
	for name, c := range f.loss.files {
		if c == nil || !c.dirty {
			continue
		}
		s := save(f.inner, name)
		if !s.there {
			continue
		}
		s.data = c.synced
		if err := s.restore(f.inner); err != nil {
			return err
		}
	}
	return nil
}

func (s saved) restore(inner disk.FS) error {
	if err := inner.Remove(s.name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if !s.there {
		return nil
	}
	return disk.WriteNew(inner, s.name, s.data, s.mode)
}
