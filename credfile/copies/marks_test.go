package copies

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"keycare/credfile/disk/testrun"
)

// An incremental walk finds what a whole one finds, whatever happened to the files in
// the meantime, also if their sizes and times are what they were, and if a key came that
// was not looked for before.
func TestMarksFindAll(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("SKIPPED: every file is read there")
	}
	rounds := 60
	switch {
	case testrun.IsLong():
		rounds = 3000
	case testing.Short():
		rounds = 20
	}
	for seed := range uint64(3) {
		w := newMarkWorld(t, seed)
		passed := int64(0)
		for round := range rounds {
			for range w.rand.IntN(6) {
				w.edit()
			}
			passed += w.compare(fmt.Sprintf("seed %d, round %d", seed, round))
			if t.Failed() {
				return
			}
		}
		if passed < int64(rounds) {
			t.Errorf("seed %d: %d files were passed over: too few to say anything", seed, passed)
		}
	}
}

// markWorld is a folder in which things happen, and what an earlier walk left.
type markWorld struct {
	t        *testing.T
	rand     *rand.Rand
	top, dir string // all of the world; what is scanned
	keys     []Key
	hidden   []Key                // are in files, and no walk looks for them yet
	made     map[string]time.Time // when they were
	sought   map[string]bool
	marks    []uint64
	cut      map[Reason][]uint64
	kept     []Copy
	log      []string
}

func newMarkWorld(t *testing.T, seed uint64) *markWorld {
	top, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	w := &markWorld{t: t, rand: rand.New(rand.NewPCG(seed, 9)), top: top, dir: filepath.Join(top, "home"), made: map[string]time.Time{}, sought: map[string]bool{}}
	w.must(os.Chmod(filepath.Dir(top), 0o755)) // so that the modes below it matter
	w.must(os.MkdirAll(filepath.Join(w.dir, "a", "b"), 0o755))
	w.must(os.MkdirAll(filepath.Join(w.top, "outside"), 0o755))
	w.newKey()
	return w
}

func (w *markWorld) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// tick waits until the file system's clock shows another time.
func (w *markWorld) tick() time.Time {
	w.t.Helper()
	path := filepath.Join(w.top, "clock")
	var first time.Time
	for {
		w.must(os.WriteFile(path, []byte{0}, 0o600))
		now, ok := ChangeTime(path)
		if !ok {
			w.t.Fatal("the file system tells no time of changes")
		}
		if first.IsZero() {
			first = now
		} else if now.After(first) {
			return now
		}
	}
}

func (w *markWorld) newKey() {
	k := newKey(w.rand)
	w.made[k.ID] = w.tick()
	if len(w.keys) == 0 {
		w.keys = append(w.keys, k)
	} else {
		w.hidden = append(w.hidden, k)
	}
}

// all are the files, or the folders, of the world.
func (w *markWorld) all(folders bool) (paths []string) {
	for _, dir := range []string{w.dir, filepath.Join(w.top, "outside")} {
		w.must(filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
			if err == nil && d.IsDir() == folders && path != dir {
				paths = append(paths, path)
			}
			return err
		}))
	}
	return paths
}

func (w *markWorld) one(all []string) string { return all[w.rand.IntN(len(all))] }

// text holds a key, or none; all are of the same length, so that sizes tell nothing.
func (w *markWorld) text() string {
	keys := append(w.hidden[:len(w.hidden):len(w.hidden)], w.keys...)
	k := keys[w.rand.IntN(len(keys))]
	text := []string{"nothing", k.ID, "x=" + k.Secret.Reveal(), k.ID + "\n" + k.Secret.Reveal(), "AKIAQNZGKIQY56JQ7WML wJalrXUtnFEMIK7MDENGbPxRfiCYzX8kQ2mNvB4d", "7z\xbc\xaf\x27\x1c " + k.ID, "PK\x03\x04"}[w.rand.IntN(7)]
	return text + strings.Repeat(".", 99-len(text))
}

func (w *markWorld) edit() {
	files, folders := w.all(false), w.all(true)
	place := func() string {
		dir := w.one(append(folders, w.dir, filepath.Join(w.top, "outside")))
		return filepath.Join(dir, fmt.Sprintf("f%d", w.rand.IntN(8)))
	}
	what := w.rand.IntN(12)
	w.log = append(w.log, fmt.Sprint(what))
	if len(files) < 5 {
		what = 0
	}
	switch what {
	case 0, 1: // a file, new or written in place
		to := place()
		if fi, err := os.Stat(to); err != nil || !fi.IsDir() {
			w.must(os.WriteFile(to, []byte(w.text()), 0o644))
		}
	case 2, 3: // changed, and its time is put back
		path := w.one(files)
		fi, err := os.Stat(path)
		w.must(err)
		w.must(os.WriteFile(path, []byte(w.text()), 0o644))
		w.must(os.Chtimes(path, fi.ModTime(), fi.ModTime()))
	case 4: // two change places
		a, b := w.one(files), w.one(files)
		w.must(os.Rename(a, a+"~"))
		if a != b {
			w.must(os.Rename(b, a))
		}
		w.must(os.Rename(a+"~", b))
	case 5:
		w.must(os.Remove(w.one(files)))
	case 6: // a folder comes, goes or gets another name
		from, to := w.one(folders), filepath.Join(w.one([]string{w.dir, filepath.Join(w.top, "outside")}), fmt.Sprintf("d%d", w.rand.IntN(3)))
		if !strings.HasPrefix(to+"/", from+"/") && !strings.HasPrefix(from+"/", to+"/") {
			w.must(os.RemoveAll(to))
			w.must(os.Rename(from, to))
		}
	case 7:
		w.must(os.Chmod(w.one(files), []os.FileMode{0o755, 0o711, 0o700}[w.rand.IntN(3)]))
	case 11: // shuts others out of what is below
		w.must(os.Chmod(w.one(folders), []os.FileMode{0o755, 0o700}[w.rand.IntN(2)]))
	case 8: // a second name
		_ = os.Link(w.one(files), place())
	case 9:
		w.must(os.MkdirAll(filepath.Join(w.one(append(folders, w.dir)), fmt.Sprintf("d%d", w.rand.IntN(3)), "e"), 0o755))
	case 10:
		if n := w.rand.IntN(5); n == 0 && len(w.keys) < 9 {
			w.newKey()
		} else if n == 1 && len(w.hidden) > 0 {
			w.keys, w.hidden = append(w.keys, w.hidden[0]), w.hidden[1:]
		} else if i := w.rand.IntN(len(w.keys)); w.keys[i].State == Current {
			w.keys[i].State = Grace
		} else {
			w.keys[i].State = Current
		}
	}
}

// compare walks both ways, and returns how many files were passed over.
func (w *markWorld) compare(what string) int64 {
	w.t.Helper()
	w.tick()
	m := &Marks{Began: time.Now().Add(time.Hour), Earlier: w.marks, Cut: w.cut, Kept: w.kept}
	for _, k := range w.keys {
		if made := w.made[k.ID]; !w.sought[k.ID] && (m.Since.IsZero() || made.Before(m.Since)) {
			m.Since = made
		}
	}
	whole, incremental := w.walk(nil), w.walk(m)
	if !reflect.DeepEqual(whole, incremental) {
		w.t.Errorf("%s: a whole walk finds\n%+v\nan incremental one\n%+v\nafter %v", what, whole, incremental, w.log)
	}
	marks, cut, passed := m.Made()
	w.marks, w.cut, w.kept, w.sought = marks, cut, incremental.Copies, map[string]bool{}
	for _, k := range w.keys {
		w.sought[k.ID] = true
	}
	w.tick()
	return passed
}

func (w *markWorld) walk(m *Marks) Result {
	c := NewCollector(NewMatcher(w.keys, Options{Others: true}), nil, nil)
	_, err := Walk(context.Background(), c, WalkOptions{Roots: []string{w.dir}, Archives: true, Marks: m})
	w.must(err)
	r := c.Result()
	r.Bytes = 0
	for i := range r.Skipped {
		if s := &r.Skipped[i]; s.Count > len(s.Paths) {
			s.Paths = nil // some of them, whichever came first
		}
	}
	b, err := json.Marshal(r.Copies) // as they are kept
	w.must(err)
	r.Copies = nil
	w.must(json.Unmarshal(b, &r.Copies))
	return r
}

// No mark is made of what changed a moment ago, of what could not be read and of what
// cannot be found again by what is kept.
func TestMarksNotMade(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("SKIPPED: every file is read there")
	}
	h := newHome(t)
	h.write("plain", h.env())
	var last map[Reason][]uint64
	made := func(began time.Time) int {
		m := &Marks{Began: began}
		if _, _, err := h.look(WalkOptions{Marks: m}); err != nil {
			t.Fatal(err)
		}
		all, cut, _ := m.Made()
		last = cut
		return len(all)
	}
	later := time.Now().Add(time.Hour)
	if got := made(later); got != 1 {
		t.Fatalf("%d marks of a file", got)
	}
	if got := made(time.Now().Add(settled / 2)); got != 0 {
		t.Errorf("%d marks of a file that has just changed", got)
	}
	h.write("a.zip", "PK\x03\x04 and no more")
	h.write("b.7z", "7z\xbc\xaf\x27\x1c")
	h.write("c.jpg", "\xff\xd8\xff"+strings.Repeat("x", 2<<20))
	if runtime.GOOS == "linux" {
		h.write("\xff\xfe", h.env())
	}
	if !strings.Contains(h.own.Secret.Reveal(), "/") {
		h.write(h.own.Secret.Reveal(), h.env())
	}
	if got := made(later); got != 4 || len(last[BadArchive]) != 1 || len(last[OddArchive]) != 1 || len(last[Media]) != 1 {
		t.Errorf("%d marks, of files not looked at to their end %v", got, last)
	}
}
