package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/adrg/xdg"
	"golang.org/x/term"

	"keycare/cli/notice"
	"keycare/cli/settings"
	"keycare/cli/usage"
	"keycare/credfile"
	"keycare/credfile/disk"
	"keycare/credfile/show"
	"keycare/rotate/state"
)

// env is what commands have of the machine and of the person at it. Run makes
// one and every command gets it: none reaches for the process's own files,
// variables or clock. What can be missing or broken is looked at when a command
// asks for it, so that a command which does not need it works without.
type env struct {
	Program string       // as it was called
	Vars    credfile.Env // variables, and the system's name
	Environ []string     // the same, for programs that are started
	Disk    disk.FS
	Now     func() time.Time
	Wait    func(context.Context, time.Duration) error
	In      io.Reader
	// Out takes what was asked for, Err what is said to the person. Both let only
	// text through that shows as itself.
	Out, Err io.Writer
	Terminal terminals
	Folders  folders
	Notify   func(title, text string) error // puts a notice on the desktop

	settings func() (*settings.Settings, error)
	debug    bool   // the SDK's own words are said, too
	leave    func() // puts the console back as it was
}

// terminals says which of the three streams a person looks at.
type terminals struct {
	In, Out, Err bool
	Width        int // of Out, in columns; 0 if it is not known
	Color        bool
	// Lively says that Err may show a line that is rewritten, ErrWidth is the number
	// of its columns; 0 if it is not known.
	Lively   bool
	ErrWidth int
}

// folders are the user's. Those that cannot be known are empty.
type folders struct {
	Home string
	// State holds rotations in flight and the history, Config the settings: the
	// XDG folders, Application Support on macOS, LocalAppData on Windows.
	State, Config      string
	Downloads, Desktop string
}

// osEnv is the environment of this process.
func osEnv(program string, in, out, err *os.File) *env {
	vars := credfile.OSEnv()
	if _, set := vars.Lookup("HOME"); !set && vars.GOOS != "windows" {
		// A timer or a service may run without it. AWS's tools then ask the system's
		// list of users, the package xdg does not.
		if home := vars.UserHome(); home != "" && os.Setenv("HOME", home) == nil {
			xdg.Reload()
		}
	}
	home, _ := os.UserHomeDir() // none is an empty one
	if !filepath.IsAbs(home) {
		home = "" // credfile.Locate refuses it
	}
	e := &env{
		Program: program, Vars: vars, Environ: os.Environ(), Disk: disk.OS{}, Now: time.Now, Wait: wait,
		Notify: notice.Show, In: in, Terminal: terminalOf(vars, in, out, err), leave: func() {},
		Folders: folders{Home: home, Downloads: xdg.UserDirs.Download, Desktop: xdg.UserDirs.Desktop},
	}
	if e.Terminal.Color {
		e.Terminal.Color, e.leave = escapes(out)
	}
	e.Out, e.Err = show.NewWriter(out, e.Terminal.Color), show.NewWriter(err, false)
	// Without a home the package xdg puts its folders below "/".
	known := func(variable, dir string) string {
		if home == "" && vars.GOOS != "windows" && !filepath.IsAbs(vars.Get(variable)) {
			return ""
		}
		return dir
	}
	e.Folders.State, e.Folders.Config = known("XDG_STATE_HOME", xdg.StateHome), known("XDG_CONFIG_HOME", xdg.ConfigHome)
	e.settings = sync.OnceValues(e.readSettings)
	return e
}

func terminalOf(vars credfile.Env, in, out, err *os.File) terminals {
	is := func(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }
	t := terminals{In: is(in), Out: is(out), Err: is(err)}
	width := func(f *os.File) int {
		columns, _, _ := term.GetSize(int(f.Fd())) // 0 where it cannot be had
		return columns
	}
	kind := vars.Get("TERM")
	able := vars.Get("NO_COLOR") == "" && kind != "dumb" && (kind != "" || runtime.GOOS == "windows")
	if t.Out {
		t.Width, t.Color = width(out), able
	}
	if t.Err {
		t.ErrWidth, t.Lively = width(err), able
	}
	return t
}

// Paths are the places of the AWS files.
func (e *env) Paths() (credfile.Paths, error) { return credfile.Locate(e.Vars) }

// State is the folder that holds rotations in flight and the history.
func (e *env) State() (state.Folder, error) {
	if e.Folders.State == "" {
		return state.Folder{}, errors.New("no place for the state folder: set HOME or XDG_STATE_HOME")
	}
	folder := state.Folder{Dir: filepath.Join(e.Folders.State, "keycare"), Disk: e.Disk}
	if h := e.Host(); h != nil && h.has(e, folder.Dir) {
		folder.Disk = disk.Guest{FS: e.Disk, Owner: h.uid}
	}
	return folder, nil
}

// unfinished is the journal or recovery file of a rotation that may still write
// the AWS files; empty for none.
func unfinished(folder state.Folder) (path string, err error) {
	all, err := folder.Rotations()
	for _, r := range all {
		if r.Stage != "grace" && !r.Closed() {
			return r.Path, err
		}
	}
	return "", err
}

// Settings are those of keycare.ini and of the KEYCARE_* variables. What is
// wrong in them is wrong usage: nothing is done.
func (e *env) Settings() (*settings.Settings, error) {
	s, err := e.settings()
	if err != nil {
		return nil, usageError{err}
	}
	return s, nil
}

// SettingsOrDefaults are for what must work all the same: to see what is in
// flight, and to finish it. What is wrong in the settings is told.
func (e *env) SettingsOrDefaults() *settings.Settings {
	s, err := e.settings()
	if err != nil {
		e.warn("%v; the defaults are used", err)
		return settings.Default()
	}
	return s
}

func (e *env) readSettings() (*settings.Settings, error) {
	path := ""
	if e.Folders.Config != "" {
		path = filepath.Join(e.Folders.Config, "keycare.ini")
	}
	if text, err := credfile.ReadText(e.Disk, path); err == nil && path != "" {
		e.hide(text)
	}
	return settings.Load(e.Disk, path, e.Environ, e.knownSettings())
}

// writeJSON writes a document on standard output.
func (e *env) writeJSON(doc any) error {
	enc := json.NewEncoder(e.Out)
	enc.SetIndent("", "  ")
	return enc.Encode(doc)
}

// homely is a sentence for people that may name paths.
func (e *env) homely(text string) string { return show.Paths(text, e.Folders.Home) }

// hide keeps what may be a secret in the values from being shown again.
func (e *env) hide(values ...string) {
	for _, to := range []io.Writer{e.Out, e.Err} {
		if w, ok := to.(*show.Writer); ok {
			w.Hide(values...)
		}
	}
}

// hideGiven does that for the words of the command line and for the variables of
// AWS's tools and of keycare, and others with an API key for Bedrock.
func (e *env) hideGiven(words []string) {
	e.hide(words...)
	for _, v := range e.Environ {
		if strings.HasPrefix(v, "AWS_") || strings.HasPrefix(v, "KEYCARE_") || strings.HasPrefix(v, "BOTO_") || show.BedrockKeyIn(v) != "" {
			e.hide(v)
		}
	}
}

// flush writes what the streams still hold: half a character.
func (e *env) flush() {
	for _, to := range []io.Writer{e.Out, e.Err} {
		if w, ok := to.(*show.Writer); ok {
			w.Status("")
			_ = w.Flush() // there is nowhere to tell of it
		}
	}
}

// say tells the person something, a line.
func (e *env) say(format string, args ...any) { fmt.Fprintf(e.Err, format+"\n", args...) }

func (e *env) warn(format string, args ...any) { e.say("warning: "+format, args...) }

// Width is that of a page on standard output.
func (e *env) Width() int { return cmp.Or(e.Terminal.Width, usage.Width) }

// wait lasts for d, or until ctx ends.
func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
