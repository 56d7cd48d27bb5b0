package credfile

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"keycare/credfile/disk"
	"keycare/credfile/disk/diskfault"
)

// Each file operation of a rewrite goes wrong once, or is the last one. The files
// hold the old or the new text, and a second rewrite cleans up.
func TestRewriteEveryFileOperationFails(t *testing.T) {
	text := mendText("\ufeff[a]\naws_access_key_id = <I>\naws_secret_access_key = <S>\n")
	want := strings.TrimPrefix(text, bom)
	wait := func(context.Context, time.Duration) error { return nil }
	for _, way := range []struct {
		action diskfault.Action
		loss   diskfault.Loss
	}{
		{diskfault.Fail, diskfault.NoLoss}, {diskfault.Short, diskfault.NoLoss}, {diskfault.CrashBefore, diskfault.NoLoss},
		{diskfault.CrashMiddle, diskfault.NoLoss}, {diskfault.CrashAfter, diskfault.NoLoss},
		{diskfault.CrashAfter, diskfault.LoseData}, {diskfault.CrashAfter, diskfault.LoseNames},
	} {
		for n := 0; ; n++ {
			dir := t.TempDir()
			paths := Paths{Credentials: filepath.Join(dir, "credentials"), Config: filepath.Join(dir, "config")}
			both := []string{paths.Credentials, paths.Config}
			for _, p := range both {
				if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			before, err := Load(disk.OS{}, paths)
			if err != nil {
				t.Fatal(err)
			}
			after := NewSet(paths, want, want)
			d := diskfault.New(diskfault.Unsynced{}, diskfault.At(n, way.action))
			crash, _ := d.Run(func() error {
				return (&Writer{Disk: d, Tag: FixTag, Wait: wait}).Rewrite(t.Context(), before, after)
			})
			if crash != nil {
				if err := d.Lose(way.loss); err != nil {
					t.Fatal(err)
				}
			}
			ops := d.Ops()
			if n >= len(ops) {
				break
			}
			for _, p := range both {
				if b, err := os.ReadFile(p); err != nil || string(b) != text && string(b) != want {
					t.Errorf("%v, %v at %s: %s holds %q, %v", way.action, way.loss, ops[n], p, b, err)
				}
			}
			now, err := Load(disk.OS{}, paths)
			if err != nil {
				t.Fatal(err)
			}
			w := &Writer{Disk: diskfault.Unsynced{}, Tag: FixTag, Wait: wait}
			if err := w.Rewrite(t.Context(), now, after); err != nil {
				t.Errorf("%v, %v at %s: again: %v", way.action, way.loss, ops[n], err)
			}
			if entries, err := os.ReadDir(dir); err != nil || len(entries) != 2 {
				t.Errorf("%v, %v at %s: left behind: %v, %v", way.action, way.loss, ops[n], entries, err)
			}
		}
	}
}
