package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"gopkg.in/ini.v1"
)

// commands are the commands of the scripts beside the engine's own.
//
//	run CODE PROGRAM ARG...   run it; it must end with that exit code
//	unprivileged CODE PROGRAM ARG...
//	                          the same as a user whom permissions bind
//	own UID FOLDER            give the folder, with what is in it, to that user (root only)
//	as UID CODE PROGRAM ARG... run as that user
//	onlyof UID FOLDER         all that is in the folder belongs to that user
//	full CODE FOLDER PROGRAM ARG...
//	                          the same with FOLDER on a disk that is full
//	expand FILE...            replace $VAR and ${VAR} in the files
//	pair FILE PROFILE VAR     VAR_ID and VAR_SECRET become the pair in the file
//	allow FILE...             the files may get secrets
//	keep FILE                 copy the file to want/, for a later cmp
//	crlf, bom, cr, trim-newline FILE
//	                          change line ends, put a byte order mark in front, write a carriage
//	                          return for each <CR>, drop the last line end
//	binary, huge FILE         make such a file (huge: 100 MB, sparse)
//	mode MODE FILE            set the mode; on Windows the access list and the read-only attribute
//	[!] hasmode MODE FILE     look at it
//	hardlink FILE NAME        give the file a second name
//	hold FILE, release FILE   keep the file open so that nobody can replace it (Windows only)
//	islink FILE               it is a symbolic link
//	empty FOLDER...           there is nothing in it, or no such folder
//	json NAME=VALUE...        stdout is JSON and has these values: a.b.0.c=text
var commands = map[string]func(*testscript.TestScript, bool, []string){
	"iam":          cmdIAM,
	"run":          cmdRun,
	"unprivileged": cmdUnprivileged,
	"full":         cmdFull,
	"own":          cmdOwn,
	"as":           cmdAs,
	"onlyof":       cmdOnlyOf,
	"expand":       cmdExpand,
	"pair":         cmdPair,
	"allow":        cmdAllow,
	"keep":         cmdKeep,
	"crlf":         edit(func(b []byte) []byte { return bytes.ReplaceAll(b, []byte("\n"), []byte("\r\n")) }),
	"bom":          edit(func(b []byte) []byte { return append([]byte("\ufeff"), b...) }),
	"cr":           edit(func(b []byte) []byte { return bytes.ReplaceAll(b, []byte("<CR>"), []byte("\r")) }),
	"trim-newline": edit(func(b []byte) []byte { return bytes.TrimSuffix(b, []byte("\n")) }),
	"binary":       cmdBinary,
	"huge":         cmdHuge,
	"mode":         cmdMode,
	"hasmode":      cmdHasMode,
	"hardlink":     cmdHardLink,
	"hold":         cmdHold,
	"release":      cmdRelease,
	"islink":       cmdIsLink,
	"empty":        cmdEmpty,
	"json":         cmdJSON,
}

func wantArgs(ts *testscript.TestScript, neg bool, args []string, atLeast int, text string) {
	if neg || len(args) < atLeast {
		ts.Fatalf("usage: %s", text)
	}
}

func cmdRun(ts *testscript.TestScript, neg bool, args []string) {
	wantArgs(ts, neg, args, 2, "run CODE PROGRAM ARG...")
	runFor(ts, args[0], args[1:], args[1:])
}

// runFor runs argv, notes what it printed under the name of what was asked
// for, and compares the exit code.
func runFor(ts *testscript.TestScript, want string, argv, asked []string) {
	code, err := strconv.Atoi(want)
	ts.Check(err)
	w, by := worldOf(ts), strings.Join(asked, " ")
	w.leaks.learn(w.iam.Secrets()...)
	ts.Check(w.leaks.before(ts.Getenv("WORK")))
	hidden := w.hideSecrets(ts)
	err = ts.Exec(argv[0], argv[1:]...)
	for name, value := range hidden {
		ts.Setenv(name, value)
	}
	w.leaks.heard(by, strings.Join([]string{ts.ReadFile("stdout"), ts.ReadFile("stderr"), ts.ReadFile("ttyout")}, "\n"))
	w.leaks.heard(by+", in its requests,", fmt.Sprintf("%+v", w.iam.Calls()))
	w.leaks.learn(w.iam.Secrets()...)
	for _, leak := range w.leaks.find(ts.Getenv("WORK")) {
		w.t.Errorf("after %s: %s", by, leak)
	}
	got := 0
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		got = exit.ExitCode()
	case err != nil:
		ts.Fatalf("%v", err)
	}
	if got != code {
		ts.Fatalf("exit code %d, want %d", got, code)
	}
}

func cmdExpand(ts *testscript.TestScript, neg bool, args []string) {
	wantArgs(ts, neg, args, 1, "expand FILE...")
	for _, name := range args {
		path := ts.MkAbs(name)
		text := os.Expand(ts.ReadFile(name), func(v string) string {
			if ts.Getenv(v) == "" {
				ts.Fatalf("%s: $%s is not set", name, v)
			}
			return ts.Getenv(v)
		})
		ts.Check(os.WriteFile(path, []byte(text), 0o600))
		worldOf(ts).leaks.learnText(text)
	}
}

// pairIn reads a pair with ini.v1, whatever keycare makes of the file.
func pairIn(path, profile string) (id, secret string, err error) {
	f, err := ini.LoadSources(ini.LoadOptions{IgnoreInlineComment: true, AllowNonUniqueSections: true}, path)
	if err != nil {
		return "", "", err
	}
	if filepath.Base(path) == "config" && profile != "default" {
		profile = "profile " + profile
	}
	s, err := f.GetSection(profile)
	if err != nil {
		return "", "", err
	}
	return s.Key("aws_access_key_id").Value(), s.Key("aws_secret_access_key").Value(), nil
}

func cmdPair(ts *testscript.TestScript, neg bool, args []string) {
	wantArgs(ts, neg, args, 3, "pair FILE PROFILE VAR")
	id, secret, err := pairIn(ts.MkAbs(args[0]), args[1])
	ts.Check(err)
	if id == "" || secret == "" {
		ts.Fatalf("%s: no pair under %s", args[0], args[1])
	}
	ts.Setenv(args[2]+"_ID", id)
	setSecret(ts, args[2]+"_SECRET", secret)
}

func setSecret(ts *testscript.TestScript, name, value string) {
	ts.Setenv(name, value)
	worldOf(ts).hidden = append(worldOf(ts).hidden, name)
}

func cmdAllow(ts *testscript.TestScript, neg bool, args []string) {
	wantArgs(ts, neg, args, 1, "allow FILE...")
	for _, name := range args {
		worldOf(ts).leaks.allow(ts.MkAbs(name))
	}
}

func cmdKeep(ts *testscript.TestScript, neg bool, args []string) {
	wantArgs(ts, neg, args, 1, "keep FILE")
	want := filepath.Join(ts.Getenv("WORK"), "want", filepath.Base(args[0]))
	ts.Check(os.MkdirAll(filepath.Dir(want), 0o700))
	ts.Check(os.WriteFile(want, []byte(ts.ReadFile(args[0])), 0o600))
}

// edit makes a command that changes the bytes of a file.
func edit(change func([]byte) []byte) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		wantArgs(ts, neg, args, 1, "FILE")
		for _, name := range args {
			path := ts.MkAbs(name)
			b, err := os.ReadFile(path)
			ts.Check(err)
			ts.Check(os.WriteFile(path, change(b), 0o600))
		}
	}
}

func cmdBinary(ts *testscript.TestScript, neg bool, args []string) {
	wantArgs(ts, neg, args, 1, "binary FILE")
	b := make([]byte, 4096)
	for i := range b {
		b[i] = byte(i * 7)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b, 0o600))
}

func cmdHuge(ts *testscript.TestScript, neg bool, args []string) {
	wantArgs(ts, neg, args, 1, "huge FILE")
	path := ts.MkAbs(args[0])
	ts.Check(os.WriteFile(path, nil, 0o600))
	ts.Check(os.Truncate(path, 100<<20))
}

func modeIn(ts *testscript.TestScript, text string) os.FileMode {
	n, err := strconv.ParseUint(text, 8, 12)
	ts.Check(err)
	return os.FileMode(n)
}

func cmdMode(ts *testscript.TestScript, neg bool, args []string) {
	wantArgs(ts, neg, args, 2, "mode MODE FILE")
	ts.Check(chmod(ts.MkAbs(args[1]), modeIn(ts, args[0])))
}

func cmdHasMode(ts *testscript.TestScript, neg bool, args []string) {
	wantArgs(ts, false, args, 2, "hasmode MODE FILE")
	got, err := modeOf(ts.MkAbs(args[1]))
	ts.Check(err)
	if sameMode(got, modeIn(ts, args[0])) == neg {
		ts.Fatalf("%s has mode %04o", args[1], got)
	}
}

func cmdHardLink(ts *testscript.TestScript, neg bool, args []string) {
	wantArgs(ts, neg, args, 2, "hardlink FILE NAME")
	ts.Check(os.Link(ts.MkAbs(args[0]), ts.MkAbs(args[1])))
}

func cmdHold(ts *testscript.TestScript, neg bool, args []string) {
	wantArgs(ts, neg, args, 1, "hold FILE")
	release, err := holdOpen(ts.MkAbs(args[0]))
	ts.Check(err)
	worldOf(ts).held[args[0]] = release
	ts.Defer(func() { _ = release() })
}

func cmdRelease(ts *testscript.TestScript, neg bool, args []string) {
	wantArgs(ts, neg, args, 1, "release FILE")
	release := worldOf(ts).held[args[0]]
	if release == nil {
		ts.Fatalf("%s is not held", args[0])
	}
	ts.Check(release())
}

func cmdIsLink(ts *testscript.TestScript, neg bool, args []string) {
	wantArgs(ts, neg, args, 1, "islink FILE")
	fi, err := os.Lstat(ts.MkAbs(args[0]))
	ts.Check(err)
	if fi.Mode()&os.ModeSymlink == 0 {
		ts.Fatalf("%s is no link", args[0])
	}
}

func cmdEmpty(ts *testscript.TestScript, neg bool, args []string) {
	wantArgs(ts, neg, args, 1, "empty FOLDER...")
	for _, name := range args {
		entries, err := os.ReadDir(ts.MkAbs(name))
		if err != nil && !os.IsNotExist(err) {
			ts.Fatalf("%v", err)
		}
		for _, e := range entries {
			ts.Fatalf("%s is not empty: it holds %s", name, e.Name())
		}
	}
}

func cmdJSON(ts *testscript.TestScript, neg bool, args []string) {
	wantArgs(ts, neg, args, 1, "json NAME=VALUE...")
	var doc any
	if err := json.Unmarshal([]byte(ts.ReadFile("stdout")), &doc); err != nil {
		ts.Fatalf("stdout is not JSON: %v", err)
	}
	for _, a := range args {
		name, want, _ := strings.Cut(a, "=")
		if got := valueAt(doc, name); got != want {
			ts.Fatalf("%s is %q, want %q", name, got, want)
		}
	}
}

// valueAt follows a path such as "results.0.outcome" into a document. "count" at
// its end counts the elements.
func valueAt(doc any, path string) string {
	for step := range strings.SplitSeq(path, ".") {
		switch at := doc.(type) {
		case map[string]any:
			doc = at[step]
		case []any:
			i, err := strconv.Atoi(step)
			switch {
			case step == "count":
				doc = float64(len(at))
			case err != nil || i < 0 || i >= len(at):
				return "no such element"
			default:
				doc = at[i]
			}
		default:
			return "nothing there"
		}
	}
	if doc == nil {
		return "nothing there"
	}
	return fmt.Sprint(doc)
}

func TestValueAt(t *testing.T) {
	var doc any
	if err := json.Unmarshal([]byte(`{"version":1,"results":[{"outcome":"rotated","places":[]}]}`), &doc); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"version": "1", "results.0.outcome": "rotated", "results.count": "1", "results.0.places.count": "0",
		"results.1.outcome": "no such element", "nothing": "nothing there", "version.0": "nothing there",
	} {
		if got := valueAt(doc, path); got != want {
			t.Errorf("%s: got %q, want %q", path, got, want)
		}
	}
}
