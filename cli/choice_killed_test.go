package cli

import (
	"bytes"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"keycare/credfile/disk/testrun"
	"keycare/rotate/awstest"
)

// afterCreate is the call at which a rotation proves its new key, which stands in
// no file yet.
const afterCreate = 3

// The program is killed between the create and the switch: --keep-both refuses,
// for it would drop the only secret of the new key, and says what the file holds.
func TestKeepBothBeforeTheSwitch(t *testing.T) {
	m := newMachine(t)
	if !m.runKilled(afterCreate, false, "rotate", "work", "--yes") {
		t.Fatal("it was not killed")
	}
	out := m.run(exitHalf, "resume", "--keep-both")
	if !strings.Contains(out, "--keep-both is refused: profile ") || !strings.Contains(out, " still holds the old key "+m.old.ID) {
		t.Errorf("it says %s", out)
	}
	m.resume()
	m.check()
}

// "resume --undo" and "resume --keep-both" are killed at every call, and asked for
// again.
func TestChoicesKilled(t *testing.T) {
	for _, choice := range []string{"--undo", "--keep-both"} {
		for _, effect := range []bool{false, true} {
			t.Run(fmt.Sprint(choice, " effect ", effect), func(t *testing.T) {
				if !effect {
					testrun.Long(t)
				}
				t.Parallel()
				for n, killed := 0, true; killed; n++ {
					m := newMachine(t)
					want := m.old.ID
					if choice == "--undo" {
						m.runKilled(afterCreate, false, "rotate", "work", "--yes")
					} else {
						m.iam.Deny("ann", "iam:DeleteAccessKey")
						m.run(exitHalf, "rotate", "work", "--yes", "--timeout", "1s")
						want, _ = m.pair()
					}
					m.iam.ResetCalls()
					killed = m.runKilled(n, effect, "resume", choice)
					if !m.anyPairWorks() {
						t.Errorf("killed at call %d: no pair in the files works", n)
					}
					m.private()
					if killed {
						m.again(choice)
					}
					if id, secret := m.pair(); id != want {
						t.Errorf("killed at call %d: the files hold %s, want %s", n, id, want)
					} else if _, ok := m.iam.Valid(id, secret); !ok {
						t.Errorf("killed at call %d: key %s does not work", n, id)
					}
					if status := m.status(); leftOpen(status) {
						t.Errorf("killed at call %d: status says\n%s", n, status)
					}
					if keys := m.iam.Keys("ann"); choice == "--keep-both" && len(keys) != 2 {
						t.Errorf("killed at call %d: the user has keys %v", n, keys)
					}
				}
			})
		}
	}
}

// "resume --delete-key" is killed at every call, and asked for again: the key of a
// lost reply goes, no other one does. (--forget calls nobody.)
func TestDeleteKeyKilled(t *testing.T) {
	for _, effect := range []bool{true, false} {
		t.Run(fmt.Sprint("effect ", effect), func(t *testing.T) {
			if !effect {
				testrun.Long(t)
			}
			for n, killed := 0, true; killed; n++ {
				m := newMachine(t)
				m.iam.Deny("ann", "cloudtrail:LookupEvents")
				var lost atomic.Bool
				m.iam.SetFault(func(c awstest.Call) awstest.Fault {
					if c.Action != "CreateAccessKey" || lost.Swap(true) {
						return awstest.Fault{}
					}
					return awstest.Fault{Kind: awstest.FaultDropAfter}
				})
				m.run(exitFailed, "rotate", "work", "--yes", "--timeout", "1s")
				m.iam.SetFault(nil)
				var orphan string
				for _, k := range m.iam.Keys("ann") {
					if k.ID != m.old.ID {
						orphan = k.ID
					}
				}
				if orphan == "" {
					t.Fatal("no key was lost")
				}
				m.iam.ResetCalls()
				killed = m.runKilled(n, effect, "resume", "--delete-key", orphan)
				if killed {
					m.leaks.heard("resume", m.said("resume", "--delete-key", orphan))
				}
				if keys := m.iam.Keys("ann"); len(keys) != 1 || keys[0].ID != m.old.ID || keys[0].Status != "Active" {
					t.Errorf("killed at call %d: the user has keys %v, and %s was to be deleted", n, keys, orphan)
				}
				if id, secret := m.pair(); id != m.old.ID || secret != m.old.Secret {
					t.Errorf("killed at call %d: the files hold %s", n, id)
				}
				m.private()
			}
		})
	}
}

// said is what a command says, whatever its exit code.
func (m *machine) said(words ...string) string {
	out, _ := m.command(words...).CombinedOutput()
	return string(out)
}

// again asks for a choice once more. Where the key is gone from IAM that a killed
// run deleted, it says that it goes on looking.
func (m *machine) again(choice string) {
	m.t.Helper()
	var out bytes.Buffer
	cmd := m.command("resume", choice)
	cmd.Stdout, cmd.Stderr = &out, &out
	_ = cmd.Run()
	m.leaks.heard("resume", out.String())
	if code, said := cmd.ProcessState.ExitCode(), out.String(); code != exitOK && !(code == exitFailed && strings.Contains(said, "the rotation was rolled back, as you asked")) {
		m.t.Errorf("keycare resume %s: exit code %d\n%s", choice, code, said)
	}
}

// A request for a new key that hangs past its time is looked after by the same
// run: 30 seconds of the real clock.
func TestCreateHangs(t *testing.T) {
	testrun.Long(t)
	m := newMachine(t)
	m.iam.SetFault(func(c awstest.Call) awstest.Fault {
		if c.Action != "CreateAccessKey" {
			return awstest.Fault{}
		}
		m.iam.SetFault(nil)
		return awstest.Fault{Kind: awstest.FaultSlow, Wait: t.Context().Done()}
	})
	m.run(exitOK, "rotate", "work", "--yes", "--timeout", "1m")
	m.check()
}
