//go:build unix

package copies

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// Links, pipes and holes are passed over, and nothing waits.
func TestTraps(t *testing.T) {
	h := newHome(t)
	h.write("real/.env", h.env())
	h.write("na\u00efve \n name.txt", h.own.ID)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	at := func(name string) string { return filepath.Join(h.dir, name) }
	must(syscall.Mkfifo(at("pipe"), 0o600))
	must(os.Symlink("..", at("real/loop")))
	must(os.Symlink("/proc", at("proc")))
	must(os.Symlink("nowhere", at("broken")))
	must(os.Symlink("real/.env", at("link.env")))
	must(os.WriteFile(at("hole.img"), nil, 0o600))
	must(os.Truncate(at("hole.img"), 4<<30))
	f, err := os.OpenFile(at("vm.img"), os.O_CREATE|os.O_RDWR, 0o600)
	must(err)
	must(f.Truncate(4 << 30))
	_, err = f.WriteAt([]byte(h.own.ID), 3<<30)
	must(err)
	must(f.Close())
	deep := at("deep")
	for range 60 {
		deep = filepath.Join(deep, "d")
	}
	must(os.MkdirAll(deep, 0o700))
	must(os.WriteFile(filepath.Join(deep, "f"), []byte(h.own.ID), 0o644))
	must(os.WriteFile(at("bad\xff.txt"), []byte(h.own.ID), 0o644))
	if os.Geteuid() != 0 {
		h.write("closed", h.env())
		must(os.Chmod(at("closed"), 0))
	}
	r, _, err := h.look(WalkOptions{})
	must(err)
	if os.Geteuid() != 0 {
		if _, _, err := h.look(WalkOptions{Roots: []string{at("closed")}}); err == nil {
			t.Error("a root that cannot be read is no error")
		}
	}
	var found []string
	for _, c := range r.Copies {
		found = append(found, filepath.Base(c.Path))
	}
	slices.Sort(found)
	if want := []string{".env", "bad\xff.txt", "f", "na\u00efve \n name.txt", "vm.img"}; !slices.Equal(found, want) {
		t.Errorf("found %q, want %q", found, want)
	}
	got := reasons(r)
	if got[Links] != 4 || got[Special] != 1 || os.Geteuid() != 0 && got[NoPermission] != 1 {
		t.Errorf("%+v", r.Skipped)
	}
	if r.Bytes > 64<<20 {
		t.Errorf("%d bytes: holes were read", r.Bytes)
	}
}

// A copy in a folder that is closed to others is closed to them.
func TestExposed(t *testing.T) {
	h := newHome(t)
	h.write("open/.env", h.env())
	h.write("closed/.env", h.env())
	for path, mode := range map[string]os.FileMode{"": 0o755, "open": 0o755, "open/.env": 0o644, "closed/.env": 0o644, "closed": 0o700} {
		if err := os.Chmod(filepath.Join(h.dir, path), mode); err != nil {
			t.Fatal(err)
		}
	}
	open := true // as far as the test's own folder is
	for dir := filepath.Dir(h.dir); dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if fi, err := os.Stat(dir); err != nil || fi.Mode().Perm()&1 == 0 {
			open = false
		}
	}
	r, _, err := h.look(WalkOptions{})
	if err != nil || len(r.Copies) != 2 {
		t.Fatal(err, r.Copies)
	}
	for _, c := range r.Copies {
		if want := open && strings.Contains(c.Path, "open"); c.Exposed != want {
			t.Errorf("%s: open to others: %v, want %v", c.Path, c.Exposed, want)
		}
	}
}
