package rotate

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"keycare/credfile/disk/testrun"
	"keycare/rotate/awstest"
)

// meddlings are what people and editors do to a copy while its key is rotated. More
// is a line that was not there before.
var meddlings = map[string]func(path, more string) error{
	"removed":   func(path, _ string) error { return os.Remove(path) },
	"truncated": func(path, _ string) error { return os.Truncate(path, 0) },
	"written in place": func(path, more string) error {
		b, err := os.ReadFile(path)
		return errors.Join(err, os.WriteFile(path, append(b, more...), 0o600))
	},
	"saved by an editor": func(path, more string) error {
		b, err := os.ReadFile(path)
		return errors.Join(err, os.WriteFile(path+"~", append(b, more...), 0o600), os.Rename(path+"~", path))
	},
	"moved behind a link": func(path, _ string) error {
		return errors.Join(os.Rename(path, path+".real"), os.Symlink(path+".real", path))
	},
	"a folder instead": func(path, _ string) error {
		return errors.Join(os.Rename(path, path+".real"), os.Mkdir(path, 0o700))
	},
	"other secret": func(path, _ string) error {
		b, err := os.ReadFile(path)
		return errors.Join(err, os.WriteFile(path, []byte(strings.ReplaceAll(string(b), "secret_access_key = ", "secret_access_key = x")), 0o600))
	},
}

// Whatever happens to a copy at whatever call: it is never left with a key that does
// not work, and nothing that was written to it is lost. It can be given up, or its
// rotation goes on once it is back.
func TestCopyMeddledWith(t *testing.T) {
	testrun.NotShort(t)
	const more = "# more\n"
	for name, meddle := range meddlings {
		t.Run(name, func(t *testing.T) {
			for n := 0; ; n++ {
				w := withAll(t)
				path := filepath.Join(w.copiesDir(), "rclone.conf")
				template := w.copies[path]
				var met, cannot atomic.Bool
				w.iam.ResetCalls()
				w.iam.SetFault(func(c awstest.Call) awstest.Fault {
					if c.N == n && !met.Swap(true) {
						cannot.Store(meddle(path, more) != nil)
					}
					return awstest.Fault{}
				})
				_, err := New(*w.options()).Rotate(t.Context(), "default")
				w.iam.SetFault(nil)
				w.saw(err)
				if cannot.Load() {
					t.Skip("SKIPPED: it cannot be done here")
				}
				if !met.Load() {
					w.iam.Close()
					break
				}
				delete(w.copies, path)
				look := func() {
					t.Helper()
					w.checkEvery()
					b, err := os.ReadFile(path)
					if err != nil || len(b) == 0 || name == "other secret" {
						return
					}
					works := false
					for _, k := range w.iam.Keys(user) {
						want := w.text(template, k.ID, w.iam.Secret(k.ID))
						if strings.Contains(name, "written") || strings.Contains(name, "saved") {
							want += more
						}
						_, ok := w.iam.Valid(k.ID, w.iam.Secret(k.ID))
						works = works || ok && string(b) == want
					}
					if !works {
						t.Errorf("the copy holds no key that works, or was changed otherwise: %q", b)
					}
				}
				look()
				for range 4 {
					if err == nil {
						break
					}
					_, err = New(*w.options()).Resume(t.Context())
					w.saw(err)
					look()
				}
				var half *HalfDone
				if errors.As(err, &half) {
					o := w.options()
					o.DropCopy = path
					_, err = New(*o).Resume(t.Context())
					w.saw(err)
				}
				look()
				w.copies[path], w.copies[path+".real"] = "", "" // no leak is looked for in them
				w.checkSecrets()
				if js, _ := w.options().State.Journals(); len(js) > 0 && err == nil {
					t.Errorf("left: %s", js[0].Direction)
				}
				if t.Failed() {
					t.Fatalf("at call %d: %v\n%s", n, err, &w.said)
				}
				t.Logf("call %d: %v", n, err)
				w.iam.Close()
			}
		})
	}
}
