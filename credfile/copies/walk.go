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
	bounds   bounds
}

// Walk looks into the files below the roots. It follows no link, stays on the file
// systems of the roots, opens nothing that is not a regular file, and wakes no file
// that is in the cloud only. It returns the folders of the Git repositories that it
// met; it does not look into their objects. An error is about a root that cannot be
// looked at, or says that ctx ended: what was found until then is in c.
func Walk(ctx context.Context, c *Collector, o WalkOptions) (repos []string, err error) {
	w := &walk{ctx: ctx, c: c, o: o, leave: make(map[string]bool)}
	w.wake.L = &w.mu
	if o.bounds == (bounds{}) {
		w.o.bounds = usualBounds
	}
	for _, path := range o.Leave {
		w.leave[path] = true
		if real, err := filepath.EvalSymlinks(path); err == nil {
			w.leave[real] = true
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
			one := &worker{walk: w, scanner: NewScanner(c.m), gather: c.NewGather()}
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
	leave map[string]bool
	roots map[string]bool

	mu    sync.Mutex
	wake  sync.Cond
	tasks []task
	errs  []error // about roots
	busy  int
	idle  int // workers that wait
	repos []string
}

// task is a folder, or some of the entries of one.
type task struct {
	dir     string
	device  uint64
	entries []fs.DirEntry // nil to list the folder
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
	w.put(task{dir: filepath.Dir(path), device: deviceOf(fi), entries: []fs.DirEntry{fs.FileInfoToDirEntry(fi)}})
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
}

// chunk bounds the files of a task, so that a folder of many files is shared.
const chunk = 256

func (w *worker) do(t task) {
	if t.entries == nil {
		w.list(t)
		return
	}
	for _, e := range t.entries {
		if w.ctx.Err() != nil {
			return
		}
		w.entry(t, e)
	}
}

// list reads a folder and hands its entries out.
func (w *worker) list(t task) {
	d, err := openDir(t.dir)
	if err != nil {
		w.unread(t.dir, err)
		return
	}
	defer d.Close()
	fi, err := d.Stat()
	if err != nil || !fi.IsDir() {
		return
	}
	if deviceOf(fi) != t.device {
		w.c.Skip(OtherDisk, t.dir)
		return
	}
	all, err := d.ReadDir(-1)
	if err != nil {
		w.c.Skip(reasonOf(err), t.dir)
	}
	isRepo, cargo := isGitDir(all), slices.ContainsFunc(all, func(e fs.DirEntry) bool { return e.Name() == "Cargo.toml" })
	if isRepo {
		w.mu.Lock()
		w.repos = append(w.repos, t.dir)
		w.mu.Unlock()
	}
	files := all[:0]
	for _, e := range all {
		path := within(t.dir, e.Name())
		switch {
		case w.leave[path]:
		case !e.IsDir():
			files = append(files, e)
		case isRepo && e.Name() == "objects":
		case !w.o.Deep && isCache(path, cargo):
			w.c.Skip(Caches, path)
		default:
			w.put(task{dir: path, device: t.device})
		}
	}
	for len(files) > chunk {
		w.put(task{t.dir, t.device, files[:chunk:chunk]})
		files = files[chunk:]
	}
	if len(files) > 0 {
		w.do(task{t.dir, t.device, files})
	}
}

func (w *worker) entry(t task, e fs.DirEntry) {
	path := within(t.dir, e.Name())
	switch kind := e.Type(); {
	case kind&fs.ModeSymlink != 0:
		w.c.Skip(Links, path)
		return
	case !kind.IsRegular():
		w.c.Skip(Special, path)
		return
	}
	if inCloud(path, e) {
		w.c.Skip(InCloud, path)
		return
	}
	if e.Name() == ".git" {
		if dir := gitLink(path); dir != "" {
			w.mu.Lock()
			w.repos = append(w.repos, dir)
			w.mu.Unlock()
		}
	}
	w.file(path)
}

// file looks into one file.
func (w *worker) file(path string) {
	f, err := openFile(path)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) { // it went in the meantime
			w.unread(path, err)
		}
		return
	}
	if w.hit == nil {
		w.hit = w.gather.Hit // one closure for all files
	}
	r := reader{worker: w, path: path, file: f}
	w.scanner.farLines = true
	_, err = w.scanner.Scan(&r, w.hit)
	w.scanner.farLines = false
	w.c.count.Files.Add(1)
	var skip *skipError
	switch {
	case err == nil || w.ctx.Err() != nil:
	case errors.As(err, &skip):
		if skip.reason != "" {
			w.c.Skip(skip.reason, path)
		}
	default:
		w.unread(path, err)
	}
	if r.kind.opened() && skip != nil && skip.reason == "" {
		w.openArchive(path, r.kind, f)
	}
	f.Close()
	if r.binary {
		w.gather.noLines()
	} else {
		w.gather.farLines(path)
	}
	w.done(path, "")
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
	w.c.Add(w.gather.Take(func(c *Copy) { c.Path, c.Inner, c.Place, c.Exposed = path, inner, place, exposed })...)
}
