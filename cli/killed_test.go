package cli

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"keycare/credfile/disk/testrun"
	"keycare/rotate/awstest"
)

// runKilled runs the program and kills it, as kill -9 does, at AWS call n, with
// or without that call's effect. It reports whether it came to that.
func (m *machine) runKilled(n int, effect bool, args ...string) (killed bool) {
	m.t.Helper()
	var out bytes.Buffer
	cmd := m.command(args...)
	cmd.Stdout, cmd.Stderr = &out, &out
	started, dead := make(chan struct{}), make(chan struct{})
	var mu sync.Mutex
	m.iam.SetFault(func(c awstest.Call) awstest.Fault {
		if c.N != n {
			return awstest.Fault{}
		}
		mu.Lock()
		killed = true
		mu.Unlock()
		kill := func() { // the reply would come too late in any case
			<-started
			_ = cmd.Process.Kill()
			<-dead
		}
		if effect {
			return awstest.Fault{Kind: awstest.FaultDropAfter, After: kill}
		}
		return awstest.Fault{Kind: awstest.FaultDropBefore, Before: kill}
	})
	if err := cmd.Start(); err != nil {
		m.t.Fatal(err)
	}
	close(started)
	_ = cmd.Wait()
	close(dead)
	m.iam.SetFault(nil)
	m.leaks.heard(strings.Join(args, " "), out.String())
	mu.Lock()
	defer mu.Unlock()
	if !killed && !cmd.ProcessState.Success() {
		m.t.Errorf("keycare %q failed without a fault:\n%s", args, out.String())
	}
	return killed
}

// TestKilled kills a rotation at every AWS call that it makes, right before and
// right after the call's effect, and then resumes it.
func TestKilled(t *testing.T) {
	for _, effect := range []bool{false, true} {
		for _, retire := range []string{"delete", "deactivate", "compromised"} {
			t.Run(fmt.Sprintf("%s effect %v", retire, effect), func(t *testing.T) {
				if retire != "delete" {
					testrun.Long(t) // it differs in the last two calls
				} else if !effect {
					testrun.NotShort(t)
				}
				t.Parallel()
				calls := callsOf(t, rotateTo(retire)...)
				for n := range calls + 1 {
					t.Run(fmt.Sprint("call ", n), func(t *testing.T) {
						t.Parallel()
						if killed := killedAt(t, n, effect, retire); killed != (n < calls) {
							t.Errorf("it was killed: %v, with %d calls without", killed, calls)
						}
					})
				}
			})
		}
	}
}

// rotateTo is a rotation that ends with the old key deleted or deactivated, or with a
// leaked one deactivated.
func rotateTo(retire string) []string {
	if retire == "compromised" {
		return []string{"rotate", "work", "--yes", "--compromised"}
	}
	return []string{"rotate", "work", "--yes", "--retire", retire}
}

func killedAt(t *testing.T, n int, effect bool, retire string) (killed bool) {
	m := newMachine(t)
	killed = m.runKilled(n, effect, rotateTo(retire)...)
	m.private()
	if !m.anyPairWorks() {
		t.Error("no pair in the files works")
	}
	keys := m.iam.Keys("ann")
	if len(keys) > 2 {
		t.Errorf("the user has %d keys", len(keys))
	}
	journals, err := filepath.Glob(filepath.Join(m.dir, "state", "keycare", "rotations", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	if retire == "compromised" { // the last calls, to CloudTrail, follow its end
		keys = slices.DeleteFunc(keys, func(k awstest.KeyInfo) bool { return k.Status == awstest.Inactive })
	}
	if len(keys) > 1 && len(journals) == 0 && killed {
		t.Error("the user has two keys and no journal names them")
	}
	status := m.status()
	if begun := strings.Contains(status, m.old.ID) && !strings.Contains(status, "no unfinished rotations"); begun != (len(journals) > 0) {
		t.Errorf("%d journals, status says:\n%s", len(journals), status)
	}
	said := m.resume()
	if id, _ := m.pair(); retire == "compromised" && killed && id != m.old.ID && !strings.Contains(said, "What the leaked key "+m.old.ID+" did") {
		t.Errorf("what the leaked key did was not told:\n%s", said)
	}
	if retire != "delete" { // the inactive key is there on purpose
		i := slices.IndexFunc(m.iam.Keys("ann"), func(k awstest.KeyInfo) bool { return k.Status == awstest.Inactive })
		if id, _ := m.pair(); i >= 0 && id != m.old.ID {
			m.iam.DeleteKey(m.old.ID)
		}
	}
	m.check()
	if status := m.status(); leftOpen(status) {
		t.Errorf("after resume, status says:\n%s", status)
	}
	m.run(exitOK, "rotate", "work", "--yes") // nothing stands in the way of the next one
	m.check()
	return killed
}

// TestLateCreate: the request for a new key is still under way when keycare is
// killed, and is carried out only after a resume has found nothing to clean up.
// A later resume finds the key that nobody knows.
func TestLateCreate(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	cmd := m.command("rotate", "work", "--yes")
	started, dead := make(chan struct{}), make(chan struct{})
	land, landed := make(chan struct{}), make(chan struct{})
	m.iam.SetFault(func(c awstest.Call) awstest.Fault {
		if c.Action != "CreateAccessKey" {
			return awstest.Fault{}
		}
		<-started
		_ = cmd.Process.Kill()
		<-dead
		return awstest.Fault{Kind: awstest.FaultSlow, Wait: land, After: func() { close(landed) }}
	})
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	close(started)
	_ = cmd.Wait()
	close(dead)
	m.resume()
	m.check()
	m.iam.SetFault(nil)
	close(land)
	<-landed
	if status := m.status(); !strings.Contains(status, "may still create a key") {
		t.Errorf("status says:\n%s", status)
	}
	m.resume()
	m.check()
}

// TestKilledTwice kills the resume as well, at every call of its own, after
// each point at which the rotation can be killed.
func TestKilledTwice(t *testing.T) {
	testrun.Long(t)
	for n := range 9 {
		t.Run(fmt.Sprint("call ", n), func(t *testing.T) {
			t.Parallel()
			for again := 0; ; again++ {
				m := newMachine(t)
				m.runKilled(n, true, "rotate", "work", "--yes")
				m.iam.ResetCalls()
				killed := m.runKilled(again, true, "resume")
				if !m.anyPairWorks() {
					t.Errorf("resume killed at call %d: no pair in the files works", again)
				}
				m.resume()
				m.check()
				if !killed || t.Failed() {
					break
				}
			}
		})
	}
}

// leftOpen reports whether a status names an unfinished rotation.
func leftOpen(status string) bool {
	return strings.Contains(strings.Replace(status, "no unfinished rotations", "", 1), "unfinished")
}
