package copies

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
)

// WalkOptions say where to look.
type WalkOptions struct {
	Roots []string // files and folders
	// Deep says to look into caches and large archives too.
	Deep bool
	// Leave are files and folders that are passed over: the AWS files themselves.
	Leave []string
	// Archives says to look into archives.
	Archives bool
	// Marks lets the walk pass over what did not change, and notes what it looked into.
	// May be nil.
	Marks  *Marks
	bounds bounds
}

// Walk looks into the files below the roots. It follows no link, stays on the file
// systems of the roots, opens nothing that is not a regular file, and wakes no file
// that is in the cloud only. It returns the folders of the Git repositories that it
// met; it does not look into their objects. An error is about a root that cannot be
// looked at, or says that ctx ended: what was found until then is in c.
func Walk(ctx context.Context, c *Collector, o WalkOptions) (repos []string, err error) {
	w := &walk{ctx: ctx, c: c, o: o, leave: make(map[string][]string)}
	w.wake.L = &w.mu
	if o.bounds == (bounds{}) {
		w.o.bounds = usualBounds
	}
	if o.Marks != nil {
		o.Marks.begin()
	}
	for _, path := range o.Leave {
		real, err := filepath.EvalSymlinks(path)
		if err != nil {
			real = path
		}
		for _, p := range []string{path, real} {
			w.leave[filepath.Dir(p)] = append(w.leave[filepath.Dir(p)], filepath.Base(p))
		}
	}
	w.roots = make(map[string]bool)
	for _, root := range distinctRoots(o.Roots) {
		real, err := filepath.EvalSymlinks(root)
		if err == nil {
			w.roots[real] = true
			err = w.root(real)
		}
		if err != nil {
			w.roots[root] = true
			w.unread(root, err)
		}
	}
	var group sync.WaitGroup
	for range min(max(2, runtime.GOMAXPROCS(0)), 8) {
		group.Go(func() {
			one := &worker{walk: w, scanner: NewScanner(c.m), gather: c.NewGather(), names: make([]byte, 32<<10)}
			one.hit = one.gather.Hit // one closure for all files
			for {
				t, ok := w.take()
				if !ok {
					return
				}
				one.do(t)
				w.finish()
			}
		})
	}
	group.Wait()
	slices.Sort(w.repos)
	if ctx.Err() != nil {
		w.errs = append(w.errs, context.Cause(ctx))
	}
	return slices.Compact(w.repos), errors.Join(w.errs...)
}

// distinctRoots leaves out what lies below another root.
func distinctRoots(roots []string) (all []string) {
	for i, r := range roots {
		inside := slices.ContainsFunc(roots, func(o string) bool {
			return o != r && strings.HasPrefix(r, strings.TrimSuffix(o, string(filepath.Separator))+string(filepath.Separator))
		})
		if !inside && !slices.Contains(roots[:i], r) {
			all = append(all, r)
		}
	}
	return all
}

// walk is a stack of what is to be looked at; the last is taken first, so that it
// stays small.
type walk struct {
	ctx   context.Context
	c     *Collector
	o     WalkOptions
	leave map[string][]string // names by their folder
	roots map[string]bool

	mu    sync.Mutex
	wake  sync.Cond
	tasks []task
	errs  []error // about roots
	busy  int
	idle  int // workers that wait
	repos []string
}

// task is a folder, or some of the files of one.
type task struct {
	dir    string
	device uint64
	files  []item // nil to list the folder
}

// item is an entry of a folder.
type item struct {
	name  string
	kind  fs.FileMode // the type alone
	entry fs.DirEntry // where the system tells more: not on Linux
}

func items(entries []fs.DirEntry) []item {
	all := make([]item, len(entries))
	for i, e := range entries {
		all[i] = item{e.Name(), e.Type(), e}
	}
	return all
}

func (w *walk) put(t task) {
	w.mu.Lock()
	w.tasks = append(w.tasks, t)
	idle := w.idle
	w.mu.Unlock()
	if idle > 0 {
		w.wake.Signal()
	}
}

// take waits for a task; there is none any more once nobody works.
func (w *walk) take() (task, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.tasks) == 0 && w.busy > 0 && w.ctx.Err() == nil {
		w.idle++
		w.wake.Wait()
		w.idle--
	}
	if len(w.tasks) == 0 || w.ctx.Err() != nil {
		w.wake.Broadcast()
		return task{}, false
	}
	last := len(w.tasks) - 1
	t := w.tasks[last]
	w.tasks[last] = task{}
	w.tasks, w.busy = w.tasks[:last], w.busy+1
	return t, true
}

func (w *walk) finish() {
	w.mu.Lock()
	w.busy--
	over := w.busy == 0
	w.mu.Unlock()
	if over {
		w.wake.Broadcast()
	}
}

func (w *walk) root(path string) error {
	fi, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if fi.IsDir() {
		w.put(task{dir: path, device: deviceOf(fi)})
		return nil
	}
	w.put(task{dir: filepath.Dir(path), device: deviceOf(fi), files: items([]fs.DirEntry{fs.FileInfoToDirEntry(fi)})})
	return nil
}

// unread notes what could not be read. For what was asked for by its name it is a
// failure of the scan.
func (w *walk) unread(path string, err error) {
	w.c.Skip(reasonOf(err), path)
	if w.roots[path] {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.errs = append(w.errs, err)
	}
}

func reasonOf(err error) Reason {
	if errors.Is(err, fs.ErrPermission) {
		return NoPermission
	}
	return Failed
}

// worker is one goroutine of a walk.
type worker struct {
	*walk
	scanner *Scanner
	gather  *Gather
	hit     func(Hit)
	reader  reader
	names   []byte   // for lists of folders
	marked  []byte   // for marks
	cut     []Reason // why not all of the file was looked at
}

// chunk bounds the files of a task, so that a folder of many files is shared.
const chunk = 256

func (w *worker) do(t task) {
	if t.files == nil {
		w.list(t)
		return
	}
	d, err := openFolder(t.dir)
	if err != nil {
		d = noFolder // perhaps it may be gone through, and not be read
	}
	w.files(d, t.dir, t.files)
	d.Close()
}

// list reads a folder and hands its entries out.
func (w *worker) list(t task) {
	d, err := openFolder(t.dir)
	if err != nil {
		w.unread(t.dir, err)
		return
	}
	defer d.Close()
	device, err := d.device()
	if err != nil {
		return
	}
	if device != t.device {
		w.c.Skip(OtherDisk, t.dir)
		return
	}
	all, err := d.list(t.dir, w.names)
	if err != nil {
		w.c.Skip(reasonOf(err), t.dir)
	}
	isRepo, cargo := isGitDir(all), slices.ContainsFunc(all, func(e item) bool { return e.name == "Cargo.toml" })
	if isRepo {
		w.mu.Lock()
		w.repos = append(w.repos, t.dir)
		w.mu.Unlock()
	}
	leave := w.leave[t.dir]
	files := all[:0]
	for _, e := range all {
		switch {
		case slices.Contains(leave, e.name):
		case !e.kind.IsDir():
			files = append(files, e)
		case isRepo && e.name == "objects":
		default:
			path := within(t.dir, e.name)
			if !w.o.Deep && isCache(path, cargo) {
				w.c.Skip(Caches, path)
			} else {
				w.put(task{dir: path, device: t.device})
			}
		}
	}
	for len(files) > chunk {
		w.put(task{t.dir, t.device, files[:chunk:chunk]})
		files = files[chunk:]
	}
	w.files(d, t.dir, files)
}

// files looks into files of a folder.
func (w *worker) files(d folder, dir string, all []item) {
	for _, e := range all {
		switch {
		case w.ctx.Err() != nil:
			return
		case e.kind&fs.ModeSymlink != 0:
			w.c.Skip(Links, within(dir, e.name))
			continue
		case e.kind != 0:
			w.c.Skip(Special, within(dir, e.name))
			continue
		case inCloud(e):
			w.c.Skip(InCloud, within(dir, e.name))
			continue
		case e.name == ".git":
			if to := gitLink(within(dir, e.name)); to != "" {
				w.mu.Lock()
				w.repos = append(w.repos, to)
				w.mu.Unlock()
			}
		}
		w.file(d, dir, e.name)
	}
}

// file looks into one file, unless nothing in it changed.
func (w *worker) file(d folder, dir, name string) {
	if w.o.Marks == nil {
		w.look(d, dir, name)
		return
	}
	k, ok := w.mark(d, dir, name) // before it is read: what is written later has another
	if ok && w.o.Marks.passes(k) {
		w.passOver(within(dir, name), k)
		return
	}
	w.cut = w.cut[:0]
	if w.look(d, dir, name); ok && w.ctx.Err() == nil {
		w.o.Marks.keep(k, w.cut)
	}
}

// skip notes that a file was not looked at, or not all of it.
func (w *worker) skip(r Reason, path string) {
	w.cut = append(w.cut, r)
	w.c.Skip(r, path)
}

func (w *worker) look(d folder, dir, name string) {
	f, err := d.open(dir, name)
	if err != nil {
		w.cut = append(w.cut, Failed)
		if !errors.Is(err, fs.ErrNotExist) { // it went in the meantime
			w.unread(within(dir, name), err)
		}
		return
	}
	r := &w.reader
	*r = reader{worker: w, dir: dir, name: name, file: f}
	w.scanner.farLines = true
	_, err = w.scanner.Scan(r, w.hit)
	w.scanner.farLines = false
	w.c.count.Files.Add(1)
	var skip *skipError
	switch {
	case err == nil || w.ctx.Err() != nil:
	case errors.As(err, &skip):
		if skip.reason != "" {
			w.skip(skip.reason, r.path())
		}
	default:
		w.cut = append(w.cut, Failed)
		w.unread(r.path(), err)
	}
	if r.kind.opened() && skip != nil && skip.reason == "" {
		w.openArchive(r.path(), r.kind, f)
	}
	f.Close()
	if !w.gather.Found() {
		return
	}
	if r.binary {
		w.gather.noLines()
	} else {
		w.gather.farLines(r.path())
	}
	w.done(r.path(), "")
}

// done keeps what was found in one file.
func (w *worker) done(path, inner string) {
	if !w.gather.Found() {
		return
	}
	exposed := othersCanRead(path)
	place := placeOf(path)
	if p := placeOf(inner); inner != "" && p != "" {
		place = p
	}
	found := w.gather.Take(func(c *Copy) { c.Path, c.Inner, c.Place, c.Exposed = path, inner, place, exposed })
	if w.o.Marks != nil && !w.c.tellable(found) {
		w.cut = append(w.cut, Failed) // it is read again
	}
	w.c.Add(found...)
}
