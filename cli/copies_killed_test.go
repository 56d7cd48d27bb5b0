//go:build unix

package cli

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"keycare/credfile/disk/testrun"
)

// withCopies is a machine whose key stands in two copies as well, which the settings
// name, and whose new keys go to a command.
func withCopies(t testing.TB) *machine {
	m := newMachine(t)
	m.copies = map[string]string{
		filepath.Join(m.dir, "src", ".env"):        "A=1\r\nAWS_ACCESS_KEY_ID=%[1]s\r\nAWS_SECRET_ACCESS_KEY='%[2]s'\r\n",
		filepath.Join(m.dir, "src", "rclone.conf"): "[s3]\naccess_key_id = %[1]s\nsecret_access_key = %[2]s\n# end",
	}
	var names []string
	for path, text := range m.copies {
		writeFile(t, path, fmt.Sprintf(text, m.old.ID, m.old.Secret), 0o600)
		m.leaks.allow(path)
		names = append(names, path)
	}
	m.leaks.allow(m.taken())
	m.leaks.allow(m.taken() + ".part")
	writeFile(t, filepath.Join(m.dir, "take"), "#!/bin/sh\numask 077\ncat >"+m.taken()+".part && mv "+m.taken()+".part "+m.taken()+"\n", 0o700)
	writeFile(t, filepath.Join(m.dir, "home", ".config", "keycare.ini"),
		"[copies]\nfiles = "+strings.Join(names, ", ")+"\n[after work]\ncommand = "+filepath.Join(m.dir, "take")+"\n", 0o600)
	return m
}

// taken is where the command keeps what it got.
func (m *machine) taken() string { return filepath.Join(m.dir, "taken") }

// checkTaken fails unless the command had that key last.
func (m *machine) checkTaken(id, secret string) {
	m.t.Helper()
	var got struct{ AccessKeyID, SecretAccessKey string }
	b, err := os.ReadFile(m.taken())
	if err == nil {
		err = json.Unmarshal(b, &got)
	}
	if id == m.old.ID && os.IsNotExist(err) {
		return
	}
	if err != nil || got.AccessKeyID != id || got.SecretAccessKey != secret {
		m.t.Errorf("the command had key %s last, the files hold %s (%v)", got.AccessKeyID, id, err)
	}
}

// everyPairWorks fails unless each file, copies too, is as it was but for one pair
// that AWS takes, a whole one in each.
func (m *machine) everyPairWorks() {
	m.t.Helper()
	if !m.anyPairWorks() {
		m.t.Error("no pair in the AWS files works")
	}
	for path, text := range m.copies {
		got, err := os.ReadFile(path)
		works := false
		for _, k := range m.iam.Keys("ann") {
			secret := m.iam.Secret(k.ID)
			if _, ok := m.iam.Valid(k.ID, secret); ok && string(got) == fmt.Sprintf(text, k.ID, secret) {
				works = true
			}
		}
		if err != nil || !works {
			m.t.Errorf("%s holds no pair that works, or was changed otherwise (%v)", filepath.Base(path), err)
		}
	}
}

// Rotations with copies and a command are killed at any moment, and so are the
// resumes, half of the time.
func TestCopiesKilledAtAnyTime(t *testing.T) {
	testrun.Long(t)
	began := time.Now()
	withCopies(t).run(exitOK, "rotate", "work", "--yes")
	whole := time.Since(began)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d, a rotation takes %s", seed, whole)
	draw := rand.New(rand.NewPCG(seed, 0))
	var kills, open atomic.Int32
	t.Cleanup(func() { t.Logf("%d kills, %d of them with a rotation under way", kills.Load(), open.Load()) })
	kill := func(m *machine, after time.Duration, args ...string) {
		if m.killedAfter(after, args...) {
			kills.Add(1)
		}
		if js, _ := filepath.Glob(filepath.Join(m.dir, "state", "keycare", "rotations", "*")); len(js) > 0 {
			open.Add(1)
		}
		m.everyPairWorks()
	}
	for n := range 160 {
		at, again := time.Duration(draw.Int64N(int64(whole)*11/10)), time.Duration(0)
		if draw.IntN(2) == 0 {
			again = time.Duration(draw.Int64N(int64(whole)))
		}
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			m := withCopies(t)
			kill(m, at, "rotate", "work", "--yes")
			if again > 0 {
				kill(m, again, "resume")
			}
			if keys := m.iam.Keys("ann"); len(keys) > 2 {
				t.Errorf("the user has %d keys", len(keys))
			}
			m.resume()
			m.check()
			m.checkTaken(m.pair())
		})
	}
}

// killedAfter runs the program and kills it, as kill -9 does, after a while. It
// reports whether it came to that.
func (m *machine) killedAfter(d time.Duration, args ...string) bool {
	m.t.Helper()
	var out strings.Builder
	cmd := m.command(args...)
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		m.t.Fatal(err)
	}
	kill := time.AfterFunc(d, func() { _ = cmd.Process.Kill() })
	defer kill.Stop()
	_ = cmd.Wait()
	m.leaks.heard(strings.Join(args, " "), out.String())
	return !cmd.ProcessState.Exited()
}
