// Package diskfault wraps a disk.FS for tests: it counts every operation and
// lets a hook fail it, cut it short or stop the program before or after it, and
// it can take back what a power loss may take back.
//
// To try every fault of a piece of code, run it with At(i, action) for i = 0, 1,
// 2, ... until Count() <= i.
package diskfault

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"runtime"
	"sync"

	"keycare/credfile/disk"
)

// Op is one operation: Name is that of the method of disk.FS or disk.File.
type Op struct {
	N    int // counted from 0
	Name string
	Path string // of Link and Replace the second path, the one that is made
}

func (o Op) String() string { return fmt.Sprintf("operation %d, %s %s", o.N, o.Name, o.Path) }

// Action is what becomes of an operation.
type Action int

const (
	Pass        Action = iota
	Fail               // it has no effect and returns an error that is ErrInjected
	Short              // of a write, half of it is done; then as Fail
	CrashBefore        // the program stops before it
	CrashMiddle        // of a write, half of it is done; then the program stops
	CrashAfter         // it is done; then the program stops
	Vanish             // of a Replace, the file that was to be replaced is gone, no other stands there; then as Fail
	CrashVanish        // the same; then the program stops
)

func (a Action) String() string {
	return [...]string{"pass", "fail", "short", "crash before", "crash in the middle", "crash after", "vanish", "crash with the file vanished"}[a]
}

// Crashes reports whether a stops the program.
func (a Action) Crashes() bool { return a >= CrashBefore && a != Vanish }

// ErrInjected is what a failed operation returns.
var ErrInjected = errors.New("injected failure")

// errDead is what an operation returns after a crash: deferred functions still
// run, but a program that stopped has no more effects.
var errDead = errors.New("the program has crashed")

// Crash is where a program stopped. Nothing in the program can catch it, but its
// deferred functions run, without any more effect on the files. Code that does
// file operations in goroutines of its own cannot be crashed: only the one that
// the operation belongs to ends.
type Crash struct{ Op Op }

// Hook says what becomes of each operation. It may act itself, for example
// write a file as another program would.
type Hook func(Op) Action

// At returns a Hook that does a to operation n and lets the others pass.
func At(n int, a Action) Hook {
	return func(op Op) Action {
		if op.N == n {
			return a
		}
		return Pass
	}
}

// AtReplace returns a Hook that does a to the nth Replace, counted from 0, and
// lets the other operations pass.
func AtReplace(n int, a Action) Hook {
	seen := 0
	return func(op Op) Action {
		if op.Name != "Replace" {
			return Pass
		}
		if seen++; seen-1 == n {
			return a
		}
		return Pass
	}
}

// FS is a disk.FS with faults. Its methods may be called concurrently.
type FS struct {
	inner disk.FS
	hook  Hook

	mu    sync.Mutex
	ops   []Op
	crash *Crash
	loss  loss
	open  map[disk.File]bool
}

// New wraps inner. A nil hook lets everything pass.
func New(inner disk.FS, hook Hook) *FS {
	return &FS{inner: inner, hook: hook, open: map[disk.File]bool{}, loss: loss{files: map[string]*content{}}}
}

// Run calls a program that works with f, in a goroutine of its own, and reports
// the crash that ended it, if one did.
func (f *FS) Run(program func() error) (crash *Crash, err error) {
	returned, done := false, make(chan struct{})
	go func() {
		defer close(done)
		err = program()
		returned = true
	}()
	<-done
	f.mu.Lock()
	defer f.mu.Unlock()
	if !returned && f.crash == nil {
		runtime.Goexit() // as the program did, by FailNow
	}
	return f.crash, err
}

// Count returns the number of operations so far.
func (f *FS) Count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.ops)
}

// Ops returns the operations so far.
func (f *FS) Ops() []Op {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]Op(nil), f.ops...)
}

// do counts an operation and performs it as the hook says. half, which may be
// nil, performs the first half of a write.
func (f *FS) do(name, path string, whole, half func() error) error {
	f.mu.Lock()
	if f.crash != nil {
		f.mu.Unlock()
		return errDead
	}
	op := Op{len(f.ops), name, path}
	f.ops = append(f.ops, op)
	f.mu.Unlock()
	a := Pass
	if f.hook != nil {
		a = f.hook(op)
	}
	if half != nil && (a == Short || a == CrashMiddle) {
		if err := half(); err != nil {
			return err
		}
	}
	if (a == Vanish || a == CrashVanish) && name == "Replace" {
		vanished := func() error { return disk.RemoveIfThere(f.inner, path) }
		if err := f.named(path, vanished, func() { f.loss.forget(path) }); err != nil {
			return err
		}
	}
	switch a {
	case Fail, Short, Vanish:
		return fmt.Errorf("%w: %s", ErrInjected, op)
	case CrashBefore, CrashMiddle, CrashVanish:
		f.stop(op)
	}
	err := whole()
	if a == CrashAfter {
		f.stop(op)
	}
	return err
}

func (f *FS) stop(op Op) {
	f.mu.Lock()
	f.crash = &Crash{op}
	for file := range f.open { // as the system does; Windows removes no open file
		_ = file.Close()
	}
	f.mu.Unlock()
	runtime.Goexit()
}

func (f *FS) ReadFile(name string) (b []byte, err error) {
	err = f.do("ReadFile", name, func() (err error) { b, err = f.inner.ReadFile(name); return }, nil)
	return b, err
}

func (f *FS) ReadOwn(name string, most int64) (b []byte, err error) {
	err = f.do("ReadOwn", name, func() (err error) { b, err = f.inner.ReadOwn(name, most); return }, nil)
	return b, err
}

func (f *FS) Stat(name string) (fi fs.FileInfo, err error) {
	err = f.do("Stat", name, func() (err error) { fi, err = f.inner.Stat(name); return }, nil)
	return fi, err
}

func (f *FS) Lstat(name string) (fi fs.FileInfo, err error) {
	err = f.do("Lstat", name, func() (err error) { fi, err = f.inner.Lstat(name); return }, nil)
	return fi, err
}

func (f *FS) ReadDir(name string) (list []fs.DirEntry, err error) {
	err = f.do("ReadDir", name, func() (err error) { list, err = f.inner.ReadDir(name); return }, nil)
	return list, err
}

func (f *FS) EvalSymlinks(name string) (path string, err error) {
	err = f.do("EvalSymlinks", name, func() (err error) { path, err = f.inner.EvalSymlinks(name); return }, nil)
	return path, err
}

func (f *FS) Readlink(name string) (path string, err error) {
	err = f.do("Readlink", name, func() (err error) { path, err = f.inner.Readlink(name); return }, nil)
	return path, err
}

func (f *FS) Chmod(name string, perm fs.FileMode) error {
	return f.do("Chmod", name, func() error { return f.inner.Chmod(name, perm) }, nil)
}

func (f *FS) KeepOwner(name string, like fs.FileInfo) error {
	return f.do("KeepOwner", name, func() error { return f.inner.KeepOwner(name, like) }, nil)
}

func (f *FS) KeepAttributes(from, to string) error {
	return f.do("KeepAttributes", to, func() error { return f.inner.KeepAttributes(from, to) }, nil)
}

func (f *FS) MkdirAll(name string, perm fs.FileMode) error {
	return f.do("MkdirAll", name, func() error {
		made := missing(f.inner, name)
		if err := f.inner.MkdirAll(name, perm); err != nil {
			return err
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		f.loss.dirs = append(f.loss.dirs, made...)
		return nil
	}, nil)
}

func (f *FS) Link(old, new string) error {
	return f.do("Link", new, func() error {
		return f.named(new, func() error { return f.inner.Link(old, new) }, func() { f.loss.link(old, new) })
	}, nil)
}

func (f *FS) Replace(from, to string) error {
	return f.do("Replace", to, func() error {
		return f.named2(from, to, func() error { return f.inner.Replace(from, to) })
	}, nil)
}

func (f *FS) Remove(name string) error {
	return f.do("Remove", name, func() error {
		return f.named(name, func() error { return f.inner.Remove(name) }, func() { f.loss.forget(name) })
	}, nil)
}

func (f *FS) SyncDir(name string) error {
	return f.do("SyncDir", name, func() error {
		err := f.inner.SyncDir(name)
		if err == nil {
			f.mu.Lock()
			f.loss.syncDir(filepath.Clean(name))
			f.mu.Unlock()
		}
		return err
	}, nil)
}

func (f *FS) CreateNew(name string, perm fs.FileMode) (file disk.File, err error) {
	err = f.do("CreateNew", name, func() error {
		return f.named(name, func() (err error) { file, err = f.inner.CreateNew(name, perm); return f.opened(file, err) }, func() { f.loss.create(name) })
	}, nil)
	return f.wrap(name, file, err)
}

func (f *FS) OpenWrite(name string) (file disk.File, err error) {
	err = f.do("OpenWrite", name, func() (err error) { file, err = f.inner.OpenWrite(name); return f.opened(file, err) }, nil)
	return f.wrap(name, file, err)
}

func (f *FS) wrap(name string, file disk.File, err error) (disk.File, error) {
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return &handle{fs: f, inner: file, path: name, content: f.loss.open(f.inner, name)}, nil
}

// opened notes an open file, which a crash closes.
func (f *FS) opened(file disk.File, err error) error {
	if err == nil {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.open[file] = true
	}
	return err
}

// handle is a file open for writing.
type handle struct {
	fs      *FS
	inner   disk.File
	path    string
	content *content
}

func (h *handle) Write(b []byte) (n int, err error) {
	write := func(b []byte) func() error {
		return func() (err error) { h.touch(); n, err = h.inner.Write(b); return }
	}
	err = h.fs.do("Write", h.path, write(b), write(b[:len(b)/2]))
	return n, err
}

func (h *handle) WriteAt(b []byte, at int64) (n int, err error) {
	write := func(b []byte) func() error {
		return func() (err error) { h.touch(); n, err = h.inner.WriteAt(b, at); return }
	}
	err = h.fs.do("WriteAt", h.path, write(b), write(b[:len(b)/2]))
	return n, err
}

func (h *handle) touch() {
	h.fs.mu.Lock()
	h.content.dirty = true
	h.fs.mu.Unlock()
}

func (h *handle) Sync() error {
	return h.fs.do("Sync", h.path, func() error {
		err := h.inner.Sync()
		if err == nil {
			data, _ := h.fs.inner.ReadFile(h.path)
			h.fs.mu.Lock()
			h.content.dirty, h.content.synced = false, data
			h.fs.mu.Unlock()
		}
		return err
	}, nil)
}

// Close closes the file in any case, so that no test leaks one.
func (h *handle) Close() error {
	err := h.fs.do("Close", h.path, func() error { return nil }, nil)
	h.fs.mu.Lock()
	delete(h.fs.open, h.inner)
	h.fs.mu.Unlock()
	return errors.Join(h.inner.Close(), err)
}
