package rotate

import (
	"context"
	"encoding/base64"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"keycare/credfile/disk"
	"keycare/credfile/disk/testrun"
	"keycare/rotate/awstest"
	"keycare/rotate/state"
)

// copyTemplates are files in which people keep a key beside the AWS files.
var copyTemplates = map[string]string{
	".env":          "# app\r\nAWS_ACCESS_KEY_ID=OLD\r\nexport AWS_SECRET_ACCESS_KEY='SECRET'\r\nTOKEN=x",
	"rclone.conf":   "[s3]\ntype = s3\naccess_key_id = OLD\nsecret_access_key = SECRET\n",
	"settings.json": `{"aws":{"id":"OLD","secret":"SECRET"},"again":["OLD"]}` + "\n",
}

func (w *world) copiesDir() string { return filepath.Join(w.dir, "src") }

// taken is the file in which the command of the settings keeps what it got.
func (w *world) taken() string { return filepath.Join(w.dir, "taken.json") }

// withCopies is a world whose key stands in copies too.
func withCopies(t testing.TB) *world {
	w := newWorld(t)
	w.copies = map[string]string{}
	for name, template := range copyTemplates {
		w.copies[filepath.Join(w.copiesDir(), name)] = template
	}
	w.write(w.old.ID, w.old.Secret)
	return w
}

// checkCopies fails unless each copy holds one pair that works, and is otherwise as
// it was.
func (w *world) checkCopies() {
	w.t.Helper()
	for path, template := range w.copies {
		text := w.read(path)
		works := false
		for _, k := range w.iam.Keys(user) {
			if secret := w.iam.Secret(k.ID); text == w.text(template, k.ID, secret) {
				_, works = w.iam.Valid(k.ID, secret)
			}
		}
		if !works {
			w.t.Errorf("%s holds no key that works: %q", path, text)
		}
	}
}

func TestCopies(t *testing.T) {
	w := withCopies(t)
	env := filepath.Join(w.copiesDir(), ".env")
	link := filepath.Join(w.dir, "link")
	if err := errors.Join(os.Rename(env, filepath.Join(w.dir, "real.env")), os.Symlink(filepath.Join(w.dir, "real.env"), env), os.Symlink(env, link)); err != nil {
		t.Skip("no links here:", err)
	}
	o := w.options()
	o.Copies = append(o.Copies, link) // the same file by another name
	res, err := New(*o).Rotate(t.Context(), "default")
	if err != nil || len(res) != 1 || len(res[0].Copies) != len(w.copies) {
		t.Fatalf("%+v, %v", res, err)
	}
	w.checkWorking()
	w.checkKeys(1)
	if fi, err := os.Lstat(env); err != nil || fi.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is gone: %v", err)
	}
}

// A secret without + and / within a URL, whose successor may have to be escaped.
func TestSecretInURL(t *testing.T) {
	for text, want := range map[string]bool{
		"SECRET=abcdef": false, `{"s":"abcdef"}`: false, "u=http://x y=abcdef": false, "see http://x\nabcdef": false,
		"s3://AKIA:abcdef@host": true, "http://x/?a=b&s=abcdef": true, "y: abcdef\nx: 'https://x/?s=abcdef'": true, "a=b&s=abcdef&c": true,
		"path: /sign?s=abcdef": true, "body = id=AKIA&s=abcdef": true, "x&&S=abcdef y": false, "x;S=abcdef": false, "A=b?c&d;S=abcdef": false,
	} {
		if got := inURL(text, "abcdef"); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
	if inURL("http://x/?s=abc+def", "abc+def") {
		t.Error("what stands there as it is needs no escape")
	}
}

// A copy in keycare's own folder by another name, or with a name that a journal
// cannot hold.
func TestCopyNamesRefused(t *testing.T) {
	for says, name := range map[string]string{"own folder": "link/x", "Rename": "a\nb"} {
		w := newWorld(t)
		o := w.options()
		path := filepath.Join(w.dir, name)
		err := errors.Join(os.MkdirAll(o.State.Dir, 0o700), os.Symlink(o.State.Dir, filepath.Join(w.dir, "link")), os.WriteFile(path, []byte(w.old.ID+" "+w.old.Secret), 0o600))
		if err != nil {
			t.Skip("SKIPPED: no such names here:", err)
		}
		o.Copies = []string{path}
		if _, err := New(*o).Rotate(t.Context(), "default"); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v", name, err)
		}
		if err := os.Remove(path); err != nil {
			t.Error(err)
		}
		w.checkKeys(1)
	}
}

func TestCopiesRefused(t *testing.T) {
	for name, c := range map[string]struct {
		text string // of the file; OLD and SECRET stand for the key's
		says string
	}{
		"another key":     {"id=AKIAQAAAAAAAQAAAAAAA", "does not hold key"},
		"the ID alone":    {"id=OLD", "not its secret"},
		"the secret only": {"x=SECRET", "not its ID"},
		"base64":          {"id=OLD secret=SECRET BASE64", "base64"},
		"a longer word":   {"id=OLD secret=xSECRET", "longer word"},
		"UTF-16":          {"\xff\xfeO\x00", "not a text file"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			path := filepath.Join(w.copiesDir(), "f")
			text := strings.ReplaceAll(c.text, "BASE64", base64.StdEncoding.EncodeToString([]byte(w.old.ID+":"+w.old.Secret)))
			w.copies = map[string]string{path: strings.NewReplacer("OLD", w.old.ID, "SECRET", w.old.Secret).Replace(text)}
			w.write(w.old.ID, w.old.Secret)
			for _, do := range []func(*Rotator, context.Context, ...string) ([]Result, error){(*Rotator).Rotate, (*Rotator).Plan} {
				_, err := do(New(*w.options()), t.Context(), "default")
				if err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), path) {
					t.Errorf("got %v, want %q", err, c.says)
				}
				w.saw(err)
			}
			if slices.Contains(w.iam.Actions(), "CreateAccessKey") {
				t.Error("a key was made")
			}
			w.copies[filepath.Join(w.dir, "aws", "x")] = "" // no leak is looked for in it
			w.checkKeys(1)
		})
	}
}

// The files of the settings that have another key, or are not there, are left
// alone.
func TestKnownCopies(t *testing.T) {
	w := withCopies(t)
	o := w.options()
	o.KnownCopies, o.Copies = append(o.Copies, filepath.Join(w.dir, "nowhere"), filepath.Join(w.dir, "other")), nil
	if err := os.WriteFile(filepath.Join(w.dir, "other"), []byte("AKIAQAAAAAAAQAAAAAAA"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := New(*o).Rotate(t.Context(), "default"); err != nil {
		t.Fatal(err)
	}
	w.checkWorking()
}

// A file that Git tracks is refused, unless a person says so; one that it ignores
// is not.
func TestTrackedCopy(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("SKIPPED: git is not on this machine")
	}
	w := withCopies(t)
	git := func(args ...string) {
		t.Helper()
		cmd := exec.Command("git", args...)
		cmd.Dir, cmd.Env = w.copiesDir(), append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	git("init", "-q")
	git("config", "core.fsmonitor", "touch ran; false")
	git("add", "rclone.conf")
	if err := disk.RemoveIfThere(w.disk, filepath.Join(w.copiesDir(), "ran")); err != nil {
		t.Fatal(err)
	}
	_, err := New(*w.options()).Rotate(t.Context(), "default")
	if err == nil || !strings.Contains(err.Error(), "rclone.conf is tracked by Git") || slices.Contains(w.iam.Actions(), "CreateAccessKey") {
		t.Fatalf("got %v", err)
	}
	if _, err := os.Stat(filepath.Join(w.copiesDir(), "ran")); err == nil {
		t.Error("a program of the repository ran")
	}
	o := w.options()
	o.Tracked = true
	if _, err := New(*o).Rotate(t.Context(), "default"); err != nil {
		t.Fatal(err)
	}
	w.checkWorking()
}

// A copy that is gone, or has a third key, bars the retirement; after two runs a
// person may give it up by its name.
func TestCopyDropped(t *testing.T) {
	for name, spoil := range map[string]func(path string) error{
		"removed":   os.Remove,
		"a new key": func(path string) error { return os.WriteFile(path, []byte("AKIAQAAAAAAAQAAAAAAA"), 0o600) },
	} {
		t.Run(name, func(t *testing.T) {
			w := withCopies(t)
			path := filepath.Join(w.copiesDir(), ".env")
			met := w.faultOn(6, awstest.Fault{Kind: awstest.FaultInternal}) // after the switch
			o := w.options()
			o.Grace = MinGrace
			if _, err := New(*o).Rotate(t.Context(), "default"); err != nil {
				t.Fatal(err)
			}
			met()
			_ = w.clock.Wait(t.Context(), 3*time.Hour)
			if err := spoil(path); err != nil {
				t.Fatal(err)
			}
			drop := w.options()
			drop.DropCopy = path
			for run := range 2 {
				if _, err := New(*drop).Resume(t.Context()); err == nil || !strings.Contains(err.Error(), "was found wrong by") {
					t.Fatalf("run %d: %v", run, err)
				}
				_, err := New(*w.options()).Resume(t.Context())
				var half *HalfDone
				if !errors.As(err, &half) || !strings.Contains(err.Error(), path) {
					t.Fatalf("run %d: %v", run, err)
				}
				if offered := slices.ContainsFunc(half.Ways, func(way Way) bool { return strings.Contains(way.Command, "--drop-copy") }); offered != (run == 1) {
					t.Errorf("run %d: offers %v", run, half.Ways)
				}
			}
			w.checkKeys(2)
			res, err := New(*drop).Resume(t.Context())
			if err != nil || len(res) != 1 || res[0].Outcome != Rotated || len(res[0].Notes) == 0 {
				t.Fatalf("%+v, %v", res, err)
			}
			delete(w.copies, path)
			w.checkWorking()
			w.checkKeys(1)
		})
	}
}

// An old copy that comes back before the retirement is put right, also in a file
// that is no AWS file.
func TestOldTextOfACopyComesBack(t *testing.T) {
	w := withCopies(t)
	path := filepath.Join(w.copiesDir(), "rclone.conf")
	old := w.read(path)
	w.iam.SetFault(func(c awstest.Call) awstest.Fault {
		if c.Action == "UpdateAccessKey" {
			if err := os.WriteFile(path, []byte(old), 0o600); err != nil {
				t.Error(err)
			}
			w.iam.SetFault(nil)
		}
		return awstest.Fault{}
	})
	if _, err := New(*w.options()).Rotate(t.Context(), "default"); err != nil {
		t.Fatal(err)
	}
	w.finish()
}

// Undo puts the old key back into the copies.
func TestCopiesUndone(t *testing.T) {
	w := withCopies(t)
	w.killedAt(5, false)
	if p := w.inFiles(); p.ID == w.old.ID {
		t.Fatal("the files have not switched")
	}
	o := w.options()
	o.Undo = true
	if _, err := New(*o).Resume(t.Context(), "default"); err != nil {
		t.Log(err) // it rests until the new key is deleted
	}
	if p := w.inFiles(); p.ID != w.old.ID {
		t.Errorf("the files hold %s", p.ID)
	}
}

// Every file operation and every call of a rotation with copies goes wrong once.
func TestCopiesEveryFileOperationFails(t *testing.T) {
	testrun.Long(t)
	walk{
		world:  withCopies,
		act:    rotateDefault,
		check:  func(w *world, fault diskFault, err error) { w.checkHalf(); w.leftNothing(fault, err) },
		finish: (*world).finish,
	}.every(t)
}

func TestCopiesEveryCallFails(t *testing.T) {
	mostWays(t, func(t *testing.T, way string, fault awsFault) { eachCallFails(t, way, fault, withCopies) })
}

// eachCallFails lets each call of a rotation go wrong once in one way.
func eachCallFails(t *testing.T, way string, fault awsFault, begin func(testing.TB) *world) {
	for n, met := 0, true; met; n++ {
		w := begin(t)
		hit := w.faultOn(n, fault(w))
		_, err := New(*w.options()).Rotate(t.Context(), "default")
		met = hit()
		w.saw(err)
		w.checkHalf()
		w.finish()
		w.checkTaken()
		if t.Failed() {
			t.Fatalf("%s at call %d: %v", way, n, err)
		}
	}
}

// A journal with fields of copies that keycare has not written is damaged.
func TestCopiesInJournals(t *testing.T) {
	for _, spoil := range []func(*state.Journal){
		func(j *state.Journal) { j.Paths.Copies = []string{"relative"} },
		func(j *state.Journal) { j.Dropped = []string{"/a/../b"} },
		func(j *state.Journal) { j.After = "later" },
		func(j *state.Journal) { j.Missed = map[string]int{"x": 1} },
	} {
		w := withCopies(t)
		t.Setenv(afterMode, "fails")
		w.after = []string{os.Args[0], w.taken()}
		_, _ = New(*w.options()).Rotate(t.Context(), "default")
		js, err := w.options().State.Journals()
		if err != nil || len(js) != 1 {
			t.Fatal(js, err)
		}
		spoil(js[0])
		if err := w.options().State.Save(js[0]); err != nil {
			t.Fatal(err)
		}
		if _, err := w.options().State.Journal(js[0].ID); err == nil {
			t.Error("it was read")
		}
	}
}

// Who gives up a file that is no copy of a rotation hears so, and one may be named by
// a link as well.
func TestDropsNone(t *testing.T) {
	w := withCopies(t)
	drop := func(path string) error {
		o := w.options()
		o.DropCopy = path
		_, err := New(*o).Resume(t.Context())
		return err
	}
	path := filepath.Join(w.copiesDir(), ".env")
	if err := drop(path); err == nil || !strings.Contains(err.Error(), "no unfinished rotation has copies") {
		t.Errorf("got %v", err)
	}
	w.haltAt(w.options(), "GetCallerIdentity", 3, awstest.FaultDropBefore)
	if err := drop(filepath.Join(w.dir, "other")); err == nil || !strings.Contains(err.Error(), "is not a copy of an unfinished rotation") || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v", err)
	}
	w.iam.SetFault(nil)
	link := filepath.Join(t.TempDir(), "link")
	if _ = os.Symlink(w.copiesDir(), link); follows(link) { // not under wine
		if err := drop(filepath.Join(link, ".env")); err == nil || !strings.Contains(err.Error(), "holds a key of this rotation") {
			t.Errorf("got %v", err)
		}
	}
	w.finish()
}

// follows reports whether this system reads through the link.
func follows(link string) bool {
	_, err := os.Stat(filepath.Join(link, ".env"))
	return err == nil
}

// A file with two names is one copy, however it has come to them, and an AWS file is none.
func TestCopyWithTwoNames(t *testing.T) {
	w := withCopies(t)
	one, other, aws := filepath.Join(w.copiesDir(), ".env"), filepath.Join(w.dir, "other"), filepath.Join(w.dir, "aws")
	if err := errors.Join(os.Link(one, other), os.Link(w.paths.Credentials, aws)); err != nil {
		t.Skip("no hard links here:", err)
	}
	gone := filepath.Join(w.dir, "gone")
	o := w.options()
	o.Copies, o.KnownCopies = []string{one, aws, other, gone, gone}, []string{other, filepath.Join(w.dir, "gone too")}
	if got := New(*o).locateCopies(); !slices.Equal(got, []string{one, gone}) {
		t.Errorf("got %q", got)
	}
}
