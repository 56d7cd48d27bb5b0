package schedule

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"keycare/credfile/disk"
	"keycare/credfile/show"
)

// kinds are all, the better ones first. A kind more is a file, as systemd.go is,
// and a line here: names, completion and the choice for a machine follow.
func kinds() []kind { return []kind{systemd(), launchd(), taskScheduler(), cron()} }

// Kind is one way to start a program again and again, by its name.
type Kind string

// kind is how one Kind works.
type kind struct {
	name  Kind
	title string
	on    []string // systems (runtime.GOOS) that may have it
	// usable looks whether it can be used on such a system; nil if it always can.
	usable func(context.Context, *Host) bool
	render func(*Host, Job) ([]File, error)
	// find returns nil if there is no timer.
	find func(context.Context, *Host) (*Timer, error)
	// install puts the files in the place of a timer of this kind, or of none.
	// If it fails, all is as before, or the error says what is left.
	install func(context.Context, *Host, []File) error
	// remove takes away the timer that was found.
	remove func(context.Context, *Host) error
	Traits
}

// Traits are what people are told about a kind.
type Traits struct {
	// NoEnv says that its timers have no variables of their own.
	NoEnv bool
	// StartsNow says that the first run follows the installation at once.
	StartsNow bool
	// Late is how much later than its time a run may begin; empty for little.
	Late string
	// Logs names where else runs show; empty for nowhere.
	Logs string
}

func kindOf(k Kind) kind {
	all := kinds()
	i := slices.IndexFunc(all, func(one kind) bool { return one.name == k })
	if i < 0 {
		panic("no such kind of timer: " + string(k)) // Names are all there are
	}
	return all[i]
}

// Names are those of all kinds, the better ones first.
func Names() (names []string) {
	for _, k := range kinds() {
		names = append(names, string(k.name))
	}
	return names
}

// Title is the kind's name for people.
func (k Kind) Title() string { return kindOf(k).title }

// Traits are what people are told about the kind.
func (k Kind) Traits() Traits { return kindOf(k).Traits }

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

// Text is the file for a person to look at: in UTF-8, lines ending in "\n".
func (f File) Text() string { return strings.ReplaceAll(fromUTF16(f.Data), "\r\n", "\n") }

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
	// UID is the user's number, User the name, on Windows the security ID, and
	// Account the name there, with that of the domain or the machine.
	UID           int
	User, Account string
}

// Minute spreads the timers of many machines over the hour, and is the same at
// every install.
func (h *Host) Minute(machine string) int {
	sum := fnv.New32a()
	_, _ = sum.Write([]byte(machine + "\x00" + h.User + "\x00" + h.Home))
	return int(sum.Sum32() % 60)
}

// OtherHome reports whether Home is not the user's home folder, from which a
// timer would start.
func (h *Host) OtherHome() bool {
	if h.GOOS == "windows" {
		return false
	}
	u, err := user.LookupId(strconv.Itoa(h.UID))
	if err != nil || u.HomeDir == "" {
		return false
	}
	mine, err := h.Disk.Stat(h.Home)
	if err != nil {
		return false
	}
	his, err := h.Disk.Stat(u.HomeDir)
	return err != nil || !os.SameFile(mine, his)
}

// Default is the kind for this machine. The error names what is missing.
func (h *Host) Default(ctx context.Context) (Kind, error) {
	var tried []string
	for _, k := range kinds() {
		if !slices.Contains(k.on, h.GOOS) {
			continue
		}
		if k.usable == nil || k.usable(ctx, h) {
			return k.name, nil
		}
		tried = append(tried, string(k.name))
	}
	return "", fmt.Errorf("no timer can be made here (tried: %s): \"keycare schedule print --kind %s\" shows what another scheduler could start",
		strings.Join(tried, ", "), append(tried, Names()...)[0])
}

// Render returns what Install would write. It looks at no file.
func (h *Host) Render(k Kind, j Job) ([]File, error) {
	if err := j.check(); err != nil {
		return nil, err
	}
	return kindOf(k).render(h, j)
}

// check refuses what not every kind can hold.
func (j Job) check() error {
	for _, a := range j.Argv {
		if !plain(a) {
			return fmt.Errorf("%s: a timer cannot hold a name with control characters or broken UTF-8", show.Name(a))
		}
	}
	for _, a := range j.Argv[min(1, len(j.Argv)):] {
		if show.SecretLike(a) {
			return fmt.Errorf("%s: a timer holds no name that may be a secret, for others can read it: rename it first", show.Name(a))
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
	for _, k := range kinds() {
		if !slices.Contains(k.on, h.GOOS) {
			continue
		}
		t, findErr := k.find(ctx, h)
		if t != nil {
			t.Kind = k.name
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
	s := kindOf(k)
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
		t.Kind = k
		r.Timer = *t
	}
	for _, t := range before {
		if t.Kind == k {
			continue
		}
		if err := kindOf(t.Kind).remove(ctx, h); err != nil {
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
		if removeErr := kindOf(t.Kind).remove(ctx, h); removeErr != nil {
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
