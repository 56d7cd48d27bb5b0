package rotate

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"keycare/credfile"
	"keycare/credfile/disk/testrun"
)

// afterMode says to the test's own program that it is to be the command of the
// settings: its value is what the command does.
const afterMode = "ROTATE_TEST_AFTER"

// beAfter is that command: it keeps what it gets, with what it was started with.
func beAfter(mode string) int {
	switch mode {
	case "never reads":
		return 0
	case "closes":
		if os.Stdin.Close() != nil {
			return 1
		}
		return 0
	case "hangs", "hangs below": // and so does what it starts, whatever it is asked
		signal.Ignore(syscall.SIGTERM)
		if conn, err := net.Dial("tcp", os.Args[1]); err == nil {
			if mode == "hangs" {
				cmd := exec.Command(os.Args[0], os.Args[1])
				cmd.Env, cmd.Stderr = append(os.Environ(), afterMode+"=hangs below"), os.Stderr
				_ = cmd.Start()
			}
			_, _ = conn.Read(make([]byte, 1)) // for ever
		}
		return 1
	}
	in, err := io.ReadAll(os.Stdin)
	if err != nil {
		return 1
	}
	if mode == "fails" {
		fmt.Fprintln(os.Stderr, "the vault is sealed")
		return 7
	}
	if mode == "tells" {
		fmt.Fprintln(os.Stderr, string(in))
		return 7
	}
	if mode == "lingers" {
		time.Sleep(afterLingers + time.Second)
		return 0
	}
	if mode == "leaves" { // something running that holds its output
		cmd := exec.Command(os.Args[0])
		cmd.Env, cmd.Stderr = append(os.Environ(), afterMode+"=lingers"), os.Stderr
		if cmd.Start() != nil {
			return 1
		}
	}
	for _, v := range slices.Concat(os.Environ(), os.Args) {
		if strings.HasPrefix(v, "AWS_") || strings.HasPrefix(v, "KEYCARE_") || strings.Contains(v, "AKIA") {
			fmt.Fprintln(os.Stderr, "not clean")
			return 8
		}
	}
	if err := os.WriteFile(os.Args[1], in, 0o600); err != nil {
		return 1
	}
	return 0
}

// withAfter is a world whose settings name a command.
func withAfter(t testing.TB) *world {
	w := newWorld(t)
	w.after = []string{os.Args[0], w.taken()}
	return w
}

// checkTaken fails unless the command had the pair last that the files hold.
func (w *world) checkTaken() {
	w.t.Helper()
	if w.after == nil {
		return
	}
	b, err := os.ReadFile(w.taken())
	p := w.inFiles()
	if err != nil {
		if p.ID != w.old.ID {
			w.t.Errorf("the command has never had key %s: %v", p.ID, err)
		}
		return
	}
	var got afterInput
	if err := json.Unmarshal(b, &got); err != nil || got.AccessKeyId != p.ID || got.SecretAccessKey != p.Secret.Reveal() || got.Version != 1 {
		w.t.Errorf("the command had key %s last, the files hold %s (%v)", got.AccessKeyId, p.ID, err)
	}
}

func TestAfter(t *testing.T) {
	t.Setenv("AWS_SESSION_TOKEN", "x")
	t.Setenv("KEYCARE_MAX_AGE", "1d")
	t.Setenv(afterMode, "takes")
	w := withAfter(t)
	if _, err := New(*w.options()).Rotate(t.Context(), "default"); err != nil {
		t.Fatal(err)
	}
	w.checkTaken()
	w.checkWorking()
	w.checkKeys(1)
}

// Until the command has taken the new key nothing is retired, and no grace begins.
func TestAfterFails(t *testing.T) {
	for _, grace := range []time.Duration{0, MinGrace} {
		t.Setenv(afterMode, "fails")
		w := withAfter(t)
		o := w.options()
		o.Grace = grace
		_, err := New(*o).Rotate(t.Context(), "default")
		w.saw(err)
		var half *HalfDone
		if !errors.As(err, &half) || !strings.Contains(err.Error(), "the vault is sealed") {
			t.Fatalf("got %v", err)
		}
		w.checkHalf()
		w.checkKeys(2)
		if p := w.inFiles(); p.ID == w.old.ID {
			t.Error("the files have not switched")
		}
		for range 2 {
			if _, err = New(*w.options()).Resume(t.Context()); !errors.As(err, &half) {
				t.Fatalf("got %v", err)
			}
		}
		o = w.options()
		o.After = nil // the settings were changed
		if _, err = New(*o).Resume(t.Context()); !errors.As(err, &half) || !strings.Contains(err.Error(), "keycare.ini") {
			t.Fatalf("got %v", err)
		}
		t.Setenv(afterMode, "tells") // what it says holds the secret
		if _, err = New(*w.options()).Resume(t.Context()); !errors.As(err, &half) {
			t.Fatalf("got %v", err)
		}
		w.saw(err)
		w.checkSecrets()
		t.Setenv(afterMode, "takes")
		w.finish()
		w.checkTaken()
	}
}

// A command that has ended with 0 has taken the key, whatever it left running.
func TestAfterLeavesSomething(t *testing.T) {
	t.Setenv(afterMode, "leaves")
	w := withAfter(t)
	if _, err := New(*w.options()).Rotate(t.Context(), "default"); err != nil {
		t.Fatal(err)
	}
	w.checkTaken()
	w.checkKeys(1)
}

// A command need not look at what it gets.
func TestAfterDoesNotRead(t *testing.T) {
	for _, mode := range []string{"never reads", "closes"} {
		t.Setenv(afterMode, mode)
		if err := runAfter(t.Context(), []string{os.Args[0]}, credfile.Pair{}); err != nil {
			t.Errorf("%s: %v", mode, err)
		}
	}
}

// A command that is stopped leaves nothing running, though neither it nor what it
// started wants to end, and both hold its output.
func TestAfterIsStopped(t *testing.T) {
	testrun.NotShort(t) // it gets some seconds to end
	t.Setenv(afterMode, "hangs")
	if err := stopped(t, func(address string) []string { return []string{os.Args[0], address} }); !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "was interrupted") {
		t.Errorf("got %v", err)
	}
}

// stopped interrupts a command once two programs of it are connected, fails the test if
// one of them goes on, and returns what the command's run said.
func stopped(t *testing.T, command func(address string) []string) error {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- runAfter(ctx, command(l.Addr().String()), credfile.Pair{}) }()
	var held []net.Conn
	for range 2 {
		conn, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, conn)
	}
	cancel()
	err = <-ended
	for _, conn := range held {
		_ = conn.SetDeadline(time.Now().Add(time.Minute))
		if _, err := conn.Read(make([]byte, 1)); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Error("something is left running")
		}
		_ = conn.Close()
	}
	return err
}

// What a command says is shown if it is a sentence, and nothing of it if a part of
// the secret is in it.
func TestAfterSays(t *testing.T) {
	p := credfile.Pair{ID: "AKIAR2QX7LMPO4CTVN5K", Secret: credfile.NewSecret("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")}
	in := `{"SecretAccessKey":"` + p.Secret.Reveal() + `"}`
	spaced := strings.Join(strings.Split(p.Secret.Reveal(), ""), "   ")
	base := base64.StdEncoding.EncodeToString([]byte(in))
	dump := ""
	for n := 0; n < len(in); n += 16 {
		dump += fmt.Sprintf("%07o  % x\n", n, in[n:min(len(in), n+16)])
	}
	back := []byte(in)
	slices.Reverse(back)
	for said, want := range map[string]string{
		"not signed in\n":                           ": not signed in",
		"to-vault: 403: permission denied (https)":  ": to-vault: 403: permission denied (https)",
		"got half: " + p.Secret.Reveal()[:20]:       "",
		"it is secret: " + p.Secret.Reveal()[12:20]: "",
		"you gave me " + spaced:                     "",
		"you gave me " + base[20:44]:                "",
		"you gave me\n" + dump:                      "",
		"you gave me " + string(back):               "",
		"see " + strings.ToLower(in) + " not good":  "",
		"2f69 7073 6865 3159 2f52 4736":             "",
		"H4sIAAAAAAAAA6tWCkst":                      "",
	} {
		w := &bounded{}
		fmt.Fprint(w, said)
		if got := w.last(p); got != want {
			t.Errorf("%q is shown as %q", said, got)
		}
	}
}

// A person who goes back after the command had the new key: it gets the old one
// first.
func TestAfterUndone(t *testing.T) {
	t.Setenv(afterMode, "fails")
	w := withAfter(t)
	if _, err := New(*w.options()).Rotate(t.Context(), "default"); err == nil {
		t.Fatal("it took the key")
	}
	o := w.options()
	o.Undo = true
	_, err := New(*o).Resume(t.Context(), "default")
	if err == nil || !strings.Contains(err.Error(), "has not taken it back") {
		t.Fatalf("got %v", err)
	}
	for _, k := range w.iam.Keys(user) {
		if k.Status != "Active" {
			t.Errorf("key %s is off before the command has the old one again", k.ID)
		}
	}
	t.Setenv(afterMode, "takes")
	if _, err := New(*w.options()).Resume(t.Context()); err != nil {
		t.Log(err)
	}
	w.checkTaken()
	if p := w.inFiles(); p.ID != w.old.ID {
		t.Errorf("the files hold %s", p.ID)
	}
}

// The locks of the files are free while the command runs, and the user's is held.
func TestAfterLocks(t *testing.T) {
	w := withAfter(t)
	rot := New(*w.options())
	release, err := rot.lockFiles(t.Context(), rot.lockNames(w.paths))
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	other := New(*w.options())
	err = rot.unlocked(t.Context(), func() error {
		unlock, err := credfile.TryLock(other.lockNames(w.paths)[0])
		if err == nil {
			unlock()
		}
		return err
	})
	if err != nil || rot.locks.lost() {
		t.Errorf("%v", err)
	}
	if unlock, err := credfile.TryLock(other.lockNames(w.paths)[0]); err == nil {
		unlock()
		t.Error("the lock was not taken again")
	}
}

func TestAfterEveryCallFails(t *testing.T) {
	t.Setenv(afterMode, "takes")
	for _, way := range []string{"request lost", "reply lost", "500 but done"} {
		eachCallFails(t, way, awsFaults[way], withAfter)
	}
}
