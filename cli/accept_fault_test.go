package cli

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"keycare/cli/settings"
	"keycare/credfile/disk"
	"keycare/credfile/disk/diskfault"
)

// Every file operation of a write fails, is cut short, or is the last one, and the
// file that is to be replaced vanishes: the settings are the old ones or the new
// ones, or the next run says where they lie.
func TestSettingsSurviveEveryFault(t *testing.T) {
	const before, after = "max_age = 30d\n", "max_age = 31d\n"
	faults, told := 0, 0
	for _, action := range []diskfault.Action{diskfault.Fail, diskfault.Short, diskfault.CrashBefore, diskfault.CrashMiddle, diskfault.CrashAfter, diskfault.Vanish, diskfault.CrashVanish} {
		for n := 0; ; n++ {
			dir := t.TempDir()
			path := filepath.Join(dir, "keycare", "keycare.ini")
			writeFile(t, path, before, 0o600)
			e := testEnv()
			e.Folders.Config = filepath.Dir(path)
			d := diskfault.New(disk.OS{}, diskfault.At(n, action))
			e.Disk = d
			crash, err := d.Run(func() error {
				f, err := e.openFile()
				if err != nil {
					return err
				}
				return f.write(t.Context(), after)
			})
			if d.Count() <= n {
				break
			}
			faults++
			s, readErr := settings.Load(disk.OS{}, path, nil, testEnv().knownSettings())
			b, _ := os.ReadFile(path)
			switch {
			case readErr != nil && strings.Contains(readErr.Error(), "its text is in "+settings.Temp(path)):
				if b, err := os.ReadFile(settings.Temp(path)); err != nil || string(b) != after {
					t.Errorf("%v at %d: %q, %v", action, n, b, err)
				}
				told++
			case readErr != nil || !s.Found || string(b) != before && string(b) != after:
				t.Errorf("%v at %d: %q, %v", action, n, b, readErr)
			case crash == nil && err == nil && string(b) != after:
				t.Errorf("%v at %d: it is said to be written", action, n)
			case err != nil && !errors.Is(err, diskfault.ErrInjected):
				t.Errorf("%v at %d: %v", action, n, err)
			}
			if fi, err := os.Stat(path); err == nil && string(b) == after && fi.Mode().Perm()&0o077 != 0 && runtime.GOOS != "windows" {
				t.Errorf("%v at %d: mode %v", action, n, fi.Mode())
			}
		}
	}
	if faults < 50 || told == 0 {
		t.Errorf("only %d faults, %d times the text was found beside", faults, told)
	}
	t.Logf("%d faults, %d times the text was found beside", faults, told)
}
