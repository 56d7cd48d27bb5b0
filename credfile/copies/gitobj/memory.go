package gitobj

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"keycare/credfile/copies"
)

// Memory is what scans found in repositories, so that one without a new object need
// not be read again. It holds IDs and names, no secret and no hash of one.
type Memory struct {
	Version int             `json:"version"`
	Repos   map[string]Seen `json:"repos"` // by the folder of the objects

	mu sync.Mutex
}

// Seen is what a scan found in one repository.
type Seen struct {
	Shape   string          `json:"shape"`
	Sought  []copies.Sought `json:"sought"`
	Refs    string          `json:"refs"` // as they were when the copies were named
	Objects []copies.Copy   `json:"objects,omitempty"`
	Copies  []copies.Copy   `json:"copies,omitempty"` // the same with the names of files
	Unread  unread          `json:"unread,omitempty"`
	stock
}

// unread are the objects of which not all was looked at, in order, by the reason.
type unread map[copies.Reason][]string

// mostUnread bounds those that are remembered for one reason.
const mostUnread = 10_000

func (u unread) add(reason copies.Reason, object string) {
	i, there := slices.BinarySearch(u[reason], object)
	if !there && len(u[reason]) < mostUnread {
		u[reason] = slices.Insert(u[reason], i, object)
	}
}

// memoryVersion grows when a scan would find more than before.
const memoryVersion = 3

// mostSeen bounds the repositories that are remembered.
const mostSeen = 2000

// NewMemory returns what is read from a file, or an empty one if that is of another
// version.
func NewMemory(read func(any) error) *Memory {
	m := &Memory{}
	if err := read(m); err != nil || m.Version != memoryVersion || m.Repos == nil {
		m.Version, m.Repos = memoryVersion, map[string]Seen{}
	}
	return m
}

// recall is what was found in a repository, and whether that is all there is now. If it
// is not, it may be what was found in the objects that were there before.
func (m *Memory) recall(c *copies.Collector, r Repo, s shape) (Seen, bool) {
	if m == nil || s.text == "" {
		return Seen{}, false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	seen, ok := m.Repos[r.Store]
	since, known := copies.MadeSince(c.Matcher().Keys(), seen.Sought)
	switch {
	case !ok || !known:
		return Seen{}, false
	case seen.Shape != s.sum() && since.IsZero(): // all that was there was read for the keys of now
		return seen, false
	case seen.Shape != s.sum():
		return Seen{}, false
	}
	if !since.IsZero() && (s.newest.IsZero() || !s.newest.Before(since)) {
		return Seen{}, false
	}
	seen.Objects, seen.Copies = slices.Clone(seen.Objects), slices.Clone(seen.Copies)
	for _, all := range [][]copies.Copy{seen.Objects, seen.Copies} {
		for i := range all {
			all[i].Judge(c.Matcher().Keys(), c.Accounts())
		}
	}
	return seen, true
}

func (m *Memory) keep(c *copies.Collector, r Repo, s shape, seen Seen) {
	if m == nil || s.text == "" {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.Repos) >= mostSeen {
		clear(m.Repos)
	}
	seen.Shape, seen.Copies = s.sum(), slices.Clone(seen.Copies)
	if seen.Sought == nil { // its objects were read now
		seen.Sought = copies.SoughtOf(c.Matcher().Keys())
	}
	m.Repos[r.Store] = seen
}

// shape is what a look at a repository's folders tells. It changes with each object
// that comes or goes: the names of packs come from what is in them, and a folder's
// time changes with its loose objects.
type shape struct {
	text    string // empty where it cannot be known
	refs    string // of the branches and of what is known of others': which objects have which name
	packs   int
	partial bool      // not all objects were ever fetched
	newest  time.Time // when the last object came; zero where that is not known
	odd     string    // what is no regular file and should be
}

func shapeOf(r Repo) (s shape) {
	var b strings.Builder
	timed := true
	stamp := func(path string) {
		changed, ok := copies.ChangeTime(path)
		if timed = timed && ok; changed.After(s.newest) {
			s.newest = changed
		}
	}
	for _, dir := range append([]string{"pack", "info"}, fanOut(r.Store)...) {
		fi, err := os.Lstat(filepath.Join(r.Store, dir))
		if err != nil {
			continue
		}
		fmt.Fprintln(&b, dir, fi.ModTime().UnixNano())
		if stamp(filepath.Join(r.Store, dir)); fi.ModTime().After(s.newest) {
			s.newest = fi.ModTime()
		}
	}
	packs, err := os.ReadDir(filepath.Join(r.Store, "pack"))
	for _, p := range packs {
		fmt.Fprintln(&b, p.Name())
		switch filepath.Ext(p.Name()) {
		case ".pack":
			s.packs++
			stamp(filepath.Join(r.Store, "pack", p.Name()))
		case ".promisor":
			s.partial = true
		}
		if p.Type()&^os.ModeSymlink != 0 && !p.IsDir() {
			s.odd = filepath.Join(r.Store, "pack", p.Name())
		}
	}
	for _, name := range []string{"HEAD", "config", "packed-refs"} {
		path := filepath.Join(r.Dir, name)
		if fi, err := os.Stat(path); err == nil && !fi.Mode().IsRegular() {
			s.odd = path
		}
	}
	if err == nil || os.IsNotExist(err) {
		for _, a := range alternates(r.Store) {
			fmt.Fprintln(&b, a)
			s.partial = s.partial || a == ""
		}
		s.text = b.String()
	}
	s.refs = refsOf(r.Dir)
	if !timed {
		s.newest = time.Time{}
	}
	return s
}

// refsOf changes with what the branches and the remote-tracking ones are.
func refsOf(dir string) string {
	var b strings.Builder
	stamp := func(path string) {
		if fi, err := os.Lstat(path); err == nil {
			fmt.Fprintln(&b, path, fi.ModTime().UnixNano(), fi.Size())
		}
	}
	stamp(filepath.Join(dir, "packed-refs"))
	stamp(filepath.Join(dir, "reftable")) // in place of refs (gitrepository-layout(5))
	left := 1000
	_ = filepath.WalkDir(filepath.Join(dir, "refs"), func(path string, d fs.DirEntry, err error) error {
		if left--; err != nil || left < 0 {
			return fs.SkipAll // it will look as if it had changed, or not: a name may be old
		}
		if d.IsDir() {
			stamp(path) // a ref is replaced by another file
		}
		return nil
	})
	sum := sha256.Sum256([]byte(b.String()))
	return hex.EncodeToString(sum[:])
}

// sum is what is kept of the shape.
func (s shape) sum() string {
	sum := sha256.Sum256([]byte(s.text))
	return hex.EncodeToString(sum[:])
}
