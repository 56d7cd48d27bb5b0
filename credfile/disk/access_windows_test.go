package disk

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"golang.org/x/sys/windows"
)

// give sets an access list, as SDDL.
func give(t *testing.T, path, sddl string) {
	t.Helper()
	sd, err := windows.SecurityDescriptorFromString(sddl)
	if err != nil {
		t.Fatal(err)
	}
	if err := setList(path, sd); err != nil {
		t.Fatal(err)
	}
}

func TestAccess(t *testing.T) {
	me, err := self()
	if err != nil {
		t.Fatal(err)
	}
	mine := "(A;;FA;;;" + me.String() + ")"
	const everyone = "S-1-1-0"
	for _, c := range []struct {
		name, sddl string
		want       fs.FileMode
		others     []string
	}{
		{"mine alone", "D:P" + mine, 0, nil},
		{"everyone, all", "D:P" + mine + "(A;;FA;;;WD)", 0o006, []string{everyone}},
		{"everyone reads", "D:P" + mine + "(A;;FR;;;WD)", 0o004, []string{everyone}},
	} {
		path := filepath.Join(t.TempDir(), "file")
		write(t, path, "text")
		give(t, path, c.sddl)
		a, err := AccessOf(path)
		if err != nil || a.Foreign {
			t.Errorf("%s: %+v, %v", c.name, a, err)
		}
		var others []string
		for _, o := range a.Others {
			others = append(others, o.SID)
		}
		if a.Mode != c.want || !slices.Equal(others, c.others) {
			t.Errorf("%s: mode %04o, %v", c.name, a.Mode, a.Others)
		}
		if err := (OS{}).Chmod(path, 0o600); err != nil {
			t.Fatal(err)
		}
		if a, err := AccessOf(path); err != nil || a.Mode != 0 {
			t.Errorf("%s, mended: %+v, %v", c.name, a, err)
		}
		holds(t, path, "text")
	}
}

// No list at all lets everyone do everything; an owner of the system's is no
// stranger, another one is.
func TestAccessOwners(t *testing.T) {
	me, err := self()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		sddl string
		dir  bool
		want Access
	}{
		{"O:BAD:(A;;FA;;;BA)(A;;FA;;;SY)", false, Access{Foreign: true, System: true}},
		{"O:S-1-5-21-1-2-3-4D:(A;;FA;;;S-1-5-21-1-2-3-4)", false, Access{Mode: 0o006, Foreign: true, Others: []Other{{"S-1-5-21-1-2-3-4", "S-1-5-21-1-2-3-4"}}}},
		// What a drive's top has: everyone may add folders, and own what they make.
		{"O:BAD:(A;OICIIO;FA;;;CO)(A;CI;LC;;;WD)", true, Access{Foreign: true, System: true}},
		{"O:BAD:(A;CI;DC;;;WD)", true, Access{Mode: 0o002, Foreign: true, System: true, Others: []Other{{"Everyone", "S-1-1-0"}}}},
	} {
		sd, err := windows.SecurityDescriptorFromString(c.sddl)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := accessIn(sd, me, c.dir); err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, %v; want %+v", c.sddl, got, err, c.want)
		}
	}
	none, err := windows.NewSecurityDescriptor()
	if err == nil {
		err = errors.Join(none.SetOwner(me, false), none.SetDACL(nil, true, false))
	}
	if err != nil {
		t.Fatal(err)
	}
	if got, err := accessIn(none, me, false); err != nil || got.Mode != 0o006 || got.Foreign {
		t.Errorf("no list: %+v, %v", got, err)
	}
}

// A file of keycare's is its user's alone, whatever its folder gives.
func TestCreateNewOwnerOnly(t *testing.T) {
	dir := t.TempDir()
	give(t, dir, "D:P(A;OICI;FA;;;WD)")
	path := filepath.Join(dir, "file")
	if err := WriteNew(OS{}, path, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := (OS{}).MkdirAll(filepath.Join(dir, "sub"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{path, filepath.Join(dir, "sub")} {
		if a, err := AccessOf(p); err != nil || a.Mode != 0 {
			t.Errorf("%s: %+v, %v", p, a, err)
		}
	}
	holds(t, path, "text")
	if _, err := (OS{}).CreateNew(path, 0o600); !os.IsExist(err) {
		t.Errorf("a second time: %v", err)
	}
}
