package schedule

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"keycare/credfile/disk"
)

// Kind is one way to start a program again and again.
type Kind string

const (
	Systemd Kind = "systemd"
	Launchd Kind = "launchd"
	Task    Kind = "task"
	Cron    Kind = "cron"
)

// Kinds are all kinds, the better ones first.
func Kinds() []Kind { return []Kind{Systemd, Launchd, Task, Cron} }

// every is the time between two starts.
const every = 4 * time.Hour

// Var is a variable of the environment.
type Var struct{ Name, Value string }

// Job is what a timer starts, every four hours.
type Job struct {
	// Argv begins with the absolute path of the program.
	Argv []string
	// Env is set in addition to what the system gives. The Task Scheduler has
	// no place for it.
	Env []Var
	// Minute, 0 to 59, is when within the hour. systemd spreads the starts by
	// itself and ignores it.
	Minute int
}

// File is what one kind writes. For the crontab it is the block alone.
type File struct {
	Path string
	Data []byte
	Mode fs.FileMode
}

// Timer is a timer that was found.
type Timer struct {
	Kind Kind
	// Where names files, the task or the crontab, for people.
	Where []string
	// Job is read back from there; Argv is empty if it cannot be.
	Job Job
	// Active says that the system will start it; Next is when, if known.
	Active bool
	Next   time.Time
	// Trouble is a sentence for each thing that is not as it should be.
	Trouble []string

	files []File
}

// Host is the machine and the user that timers are made for.
type Host struct {
	GOOS string
	Disk disk.FS
	Run  Run
	Wait func(context.Context, time.Duration) error
	Now  func() time.Time
	// Home and ConfigHome are the user's folders, Temp a private one.
	Home, ConfigHome, Temp string
	// UID is the user's number, User the name, on Windows the security ID.
	UID  int
	User string
}

// system is how one kind works.
type system struct {
	title  string
	on     []string // systems that may have it
	render func(*Host, Job) ([]File, error)
	// find returns nil if there is no timer.
	find func(context.Context, *Host) (*Timer, error)
	// install puts the files in the place of a timer of this kind, or of none.
	// If it fails, all is as before, or the error says what is left.
	install func(context.Context, *Host, []File) error
	// remove takes away the timer that was found.
	remove func(context.Context, *Host) error
}

func systemOf(k Kind) system {
	switch k {
	case Systemd:
		return system{"systemd user timer", []string{"linux"}, systemdFiles, systemdFind, systemdInstall, systemdRemove}
	case Launchd:
		return system{"launchd agent", []string{"darwin"}, launchdFiles, launchdFind, launchdInstall, launchdRemove}
	case Task:
		return system{"task of the Task Scheduler", []string{"windows"}, taskFiles, taskFind, taskInstall, taskRemove}
	}
	return system{"block in the crontab", []string{"linux", "darwin", "freebsd", "openbsd", "netbsd"}, cronFiles, cronFind, cronInstall, cronRemove}
}

// Title is the kind's name for people.
func (k Kind) Title() string { return systemOf(k).title }

// KeepsEnv reports whether a timer of this kind has variables of its own.
func (k Kind) KeepsEnv() bool { return k != Task }

// Default is the kind for this machine. The error names what is missing.
func (h *Host) Default(ctx context.Context) (Kind, error) {
	switch h.GOOS {
	case "darwin":
		return Launchd, nil
	case "windows":
		return Task, nil
	}
	if h.GOOS == "linux" {
		if _, err := h.Run(ctx, nil, "systemctl", "--user", "show-environment"); err == nil {
			return Systemd, nil
		}
	}
	if _, err := crontab(ctx, h); err == nil {
		return Cron, nil
	}
	return "", errors.New("neither systemd's user manager nor crontab can be used here: " +
		"\"keycare schedule print --kind systemd\" (or cron) shows what another scheduler could start")
}

// Render returns what Install would write. It looks at no file.
func (h *Host) Render(k Kind, j Job) ([]File, error) {
	if err := j.check(); err != nil {
		return nil, err
	}
	return systemOf(k).render(h, j)
}

// check refuses what not every kind can hold.
func (j Job) check() error {
	for _, a := range j.Argv {
		if !plain(a) {
			return fmt.Errorf("%q: a timer cannot hold a name with control characters or broken UTF-8", a)
		}
	}
	for _, v := range j.Env {
		if !plain(v.Value) {
			return fmt.Errorf("%s: a timer cannot hold a value with line ends, other control characters or broken UTF-8", v.Name)
		}
	}
	return nil
}

func plain(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool {
		return r < ' ' || r == 0x7f || r == 0xfffe || r == 0xffff // the last two are not for XML
	})
}

// Find returns the timers that this user has. With an error, those that could
// be found are returned all the same.
func (h *Host) Find(ctx context.Context) (timers []Timer, err error) {
	for _, k := range Kinds() {
		s := systemOf(k)
		if !slices.Contains(s.on, h.GOOS) {
			continue
		}
		t, findErr := s.find(ctx, h)
		if t != nil {
			timers = append(timers, *t)
		}
		err = errors.Join(err, findErr)
	}
	return timers, err
}

// Result is what an Install did.
type Result struct {
	Timer Timer
	// Same says that this very timer was there already.
	Same bool
	// Removed are the timers of other kinds, of which one was enough.
	Removed []Timer
}

// Install makes the timer, in the place of whichever is there. The new one is
// made before another goes, so that a failure leaves one that works.
func (h *Host) Install(ctx context.Context, k Kind, j Job) (Result, error) {
	var r Result
	s := systemOf(k)
	if !slices.Contains(s.on, h.GOOS) {
		return r, fmt.Errorf("a %s cannot be made on this system; \"keycare schedule print --kind %s\" shows it", s.title, k)
	}
	files, err := h.Render(k, j)
	if err != nil {
		return r, err
	}
	before, err := h.Find(ctx)
	if err != nil {
		return r, err
	}
	if i := slices.IndexFunc(before, func(t Timer) bool { return t.Kind == k }); i >= 0 && before[i].Active && equal(before[i].files, files) {
		r.Timer, r.Same = before[i], true
	} else {
		if err := s.install(ctx, h, files); err != nil {
			return r, fmt.Errorf("cannot make the %s: %w", s.title, err)
		}
		t, err := s.find(ctx, h)
		if err == nil && t == nil {
			err = errors.New("it was made, but is not there now")
		}
		if err != nil {
			return r, fmt.Errorf("the %s: %w", s.title, err)
		}
		r.Timer = *t
	}
	for _, t := range before {
		if t.Kind == k {
			continue
		}
		if err := systemOf(t.Kind).remove(ctx, h); err != nil {
			return r, fmt.Errorf("the %s is made, but the %s is still there, too: %w", s.title, t.Kind.Title(), err)
		}
		r.Removed = append(r.Removed, t)
	}
	return r, nil
}

func equal(a, b []File) bool {
	return slices.EqualFunc(a, b, func(a, b File) bool { return a.Path == b.Path && bytes.Equal(a.Data, b.Data) })
}

// Remove takes all timers away and returns them. None is no error.
func (h *Host) Remove(ctx context.Context) ([]Timer, error) {
	found, err := h.Find(ctx)
	var gone []Timer
	for _, t := range found {
		if removeErr := systemOf(t.Kind).remove(ctx, h); removeErr != nil {
			err = errors.Join(err, fmt.Errorf("cannot remove the %s: %w", t.Kind.Title(), removeErr))
			continue
		}
		gone = append(gone, t)
	}
	return gone, err
}

// swap writes files and returns what puts the former ones back. If it fails,
// they are back already.
func (h *Host) swap(files []File) (undo func() error, err error) {
	var back []func() error
	undo = func() (err error) {
		for _, f := range slices.Backward(back) {
			err = errors.Join(err, f())
		}
		return err
	}
	for _, f := range files {
		old, err := h.Disk.ReadFile(f.Path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			back = append(back, func() error { return disk.RemoveIfThere(h.Disk, f.Path) })
		case err != nil:
			return nil, errors.Join(err, undo())
		default:
			back = append(back, func() error { return h.write(File{f.Path, old, f.Mode}) })
		}
		if err := h.write(f); err != nil {
			return nil, errors.Join(err, undo())
		}
	}
	return undo, nil
}

// write puts a file into its place. A link stays and its target is written.
func (h *Host) write(f File) error {
	path := f.Path
	if target, err := h.Disk.EvalSymlinks(path); err == nil {
		path = target
	}
	if err := h.Disk.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return disk.WriteAtomic(h.Disk, path, path+".keycare-new", f.Data, f.Mode)
}

// next is the next hour of every with the minute, in the time zone of now.
func next(now time.Time, minute int) time.Time {
	for hour := 0; ; hour += int(every / time.Hour) {
		at := time.Date(now.Year(), now.Month(), now.Day(), hour, minute, 0, 0, now.Location())
		if at.After(now) {
			return at
		}
	}
}
