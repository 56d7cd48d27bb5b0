package rotate

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"keycare/credfile"
	"keycare/rotate/awstest"
)

// configureSet writes one value as "aws configure set" does: it reads the file,
// truncates it in place and writes it anew, without a lock.
func configureSet(path string, value string) error {
	b, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(b), "[theirs]") {
		return err // it saw the file while another one wrote it
	}
	text := regexp.MustCompile(`(?m)^region = .*$`).ReplaceAllString(string(b), "region = "+value)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}

// Our edits, those of a second keycare and those of a program that truncates
// the file and writes it in place go on at the same time. No section is lost or
// doubled, no bytes are torn, and an edit of ours that was overwritten by an
// older copy is seen when the file is looked at again, and made again.
func TestOtherWriters(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a program that opens the file while another replaces it fails there")
	}
	edits := 1000
	if testing.Short() {
		edits = 100
	}
	w := newWorld(t)
	w.credentials = "[ours]\naws_access_key_id = OLD\naws_secret_access_key = SECRET\n# between\n" +
		"[second]\naws_access_key_id = OTHER\naws_secret_access_key = OTHERSEC\n[theirs]\nregion = r0\n"
	pair := func(name string, i int) credfile.Pair {
		return credfile.Pair{ID: fmt.Sprintf("AKIA%s%08d", name, i%2), Secret: credfile.NewSecret(strings.Repeat(name[:1], 32) + fmt.Sprintf("%08d", i%2))}
	}
	text := strings.NewReplacer("OTHERSEC", pair("SECONDKY", 0).Secret.Reveal(), "OTHER", pair("SECONDKY", 0).ID,
		"OLD", pair("OURKEYOF", 0).ID, "SECRET", pair("OURKEYOF", 0).Secret.Reveal()).Replace(w.credentials)
	if err := os.WriteFile(w.paths.Credentials, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(w.paths.Config, nil, 0o600); err != nil {
		t.Fatal(err)
	}

	ctx, stop := context.WithCancel(t.Context())
	var others, ours sync.WaitGroup
	writes := 0
	others.Go(func() {
		// Far faster than the CLI, which needs half a second to start; yet not so
		// fast that the file never rests.
		pace := time.NewTicker(5 * time.Millisecond)
		defer pace.Stop()
		for i := 0; ctx.Err() == nil; i++ {
			<-pace.C
			if err := configureSet(w.paths.Credentials, fmt.Sprintf("r%d", i)); err != nil {
				t.Error(err)
				return
			}
			writes++
		}
	})
	var again [2]int
	for n, name := range []string{"OURKEYOF", "SECONDKY"} {
		writer := &credfile.Writer{Disk: w.disk, Tag: name, Wait: func(ctx context.Context, _ time.Duration) error {
			return realWait(ctx, time.Millisecond)
		}}
		ours.Go(func() {
			for i := range edits {
				sw := credfile.Swap{From: []credfile.Pair{pair(name, i)}, To: pair(name, i+1)}
				for tries := 0; ; tries++ {
					unlock, err := credfile.Lock(ctx, credfile.LockName(w.paths.Credentials))
					if err != nil {
						t.Error(err)
						return
					}
					_, err = writer.Swap(ctx, w.paths, sw)
					unlock()
					held := false
					if b, readErr := os.ReadFile(w.paths.Credentials); readErr == nil {
						held = strings.Contains(string(b), sw.To.ID)
					}
					if held && (err == nil || errors.Is(err, credfile.ErrNotHeld)) {
						break
					}
					again[n]++
					if tries > 200 {
						t.Errorf("%s: edit %d does not hold: %v", name, i, err)
						return
					}
				}
			}
		})
	}
	ours.Wait()
	stop()
	others.Wait()
	got, err := os.ReadFile(w.paths.Credentials)
	if err != nil {
		t.Fatal(err)
	}
	shape := regexp.MustCompile(`^\[ours\]\naws_access_key_id = AKIAOURKEYOF0000000[01]\naws_secret_access_key = O{32}0000000[01]\n# between\n` +
		`\[second\]\naws_access_key_id = AKIASECONDKY0000000[01]\naws_secret_access_key = S{32}0000000[01]\n\[theirs\]\nregion = r[0-9]+\n$`)
	if !shape.Match(got) {
		t.Errorf("the file is damaged:\n%s", got)
	}
	t.Logf("%d edits of ours against %d of another program: %v were overwritten by an older copy, seen, and made again", 2*edits, writes, again)
}

// A program that puts its older copy back after every edit of ours: the rotation
// gives up, and the old key, which that program keeps writing, goes on working.
func TestRotateOverwrittenForEver(t *testing.T) {
	w := newWorld(t)
	w.iam.SetFault(func(c awstest.Call) awstest.Fault {
		return awstest.Fault{Before: func() { w.write(w.old.ID, w.old.Secret) }}
	})
	results, err := New(*w.options()).Rotate(t.Context(), "default")
	w.iam.SetFault(nil)
	// The files held the new key for moments, so another machine may have it: a
	// person decides.
	if !isHalf(err) || !strings.Contains(err.Error(), "keycare resume --undo default") {
		t.Errorf("%+v, %v", results, err)
	}
	w.checkWorking()
	o := w.options()
	o.Undo, o.Yes = true, false
	o.AskLine = func(string) (string, error) { return w.fresh(), nil }
	if results, err := New(*o).Resume(t.Context()); err != nil || results[0].Outcome != Undone {
		t.Errorf("%+v, %v", results, err)
	}
	if p := w.inFiles(); p.ID != w.old.ID {
		t.Errorf("the files hold %s", p.ID)
	}
	w.checkWorking()
	w.checkKeys(1)
	w.checkClosed()
}
