package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"keycare/credfile/disk"
	"keycare/credfile/show"
	"keycare/rotate/awstest"
)

// faulty panics with a secret where a file is read.
type faulty struct {
	disk.FS
	name, secret string
}

func (f faulty) ReadFile(name string) ([]byte, error) {
	if filepath.Base(name) == f.name {
		panic("cannot parse " + f.secret)
	}
	return f.FS.ReadFile(name)
}

// A bug ends in a sentence, without what was at hand and without a trace. Where
// a rotation is open it says so.
func TestPanic(t *testing.T) {
	const secret = "notARealSecretJustTheShapeOfOne000000000"
	for name, tt := range map[string]struct {
		journal string
		want    int
		says    string
	}{
		"nothing in flight": {want: exitFailed, says: "no rotation is unfinished"},
		"a damaged journal": {journal: "{", want: exitHalf, says: `run "keycare resume"`},
	} {
		t.Run(name, func(t *testing.T) {
			home := t.TempDir()
			m := hereIn(home)
			m.Disk = faulty{disk.OS{}, "credentials", secret}
			writeFile(t, filepath.Join(home, ".aws", "credentials"), "", 0o600)
			if tt.journal != "" {
				m.Folders.State = filepath.Join(home, "state")
				dir := filepath.Join(m.Folders.State, "keycare", "rotations")
				writeFile(t, filepath.Join(dir, "0123456789ab.json"), tt.journal, 0o600)
			}
			code := m.run(t.Context(), "audit", "--offline")
			said := m.both.String()
			if code != tt.want || !strings.Contains(said, "a bug in keycare") || !strings.Contains(said, tt.says) {
				t.Errorf("%d: %s", code, said)
			}
			if strings.Contains(said, secret[:8]) || strings.Contains(said, "goroutine") || strings.Count(said, "\n") != 1 {
				t.Errorf("it says too much: %s", said)
			}
		})
	}
}

// What Ctrl-C ends says so in a person's word, not in Go's.
func TestInterruptedIsTold(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var told bytes.Buffer
	if code := exitCode(ctx, &env{Err: &told}, ctx.Err()); code != exitInterrupted || told.String() != "keycare: interrupted\n" {
		t.Errorf("exit code %d, %q", code, &told)
	}
	ctx, stop := context.WithCancelCause(t.Context())
	stop(errSignal) // as signal.NotifyContext does
	for err, want := range map[error]string{
		context.Cause(ctx): "keycare: interrupted\n",
		fmt.Errorf("the timer: %w", context.Cause(ctx)): "keycare: the timer: interrupted\n",
		errors.New("the disk is full"):                  "keycare: the disk is full\n",
	} {
		told.Reset()
		if code := exitCode(ctx, &env{Err: &told}, err); code != exitInterrupted || told.String() != want {
			t.Errorf("exit code %d, %q, want %q", code, &told, want)
		}
	}
}

// What cannot be a code costs no call of AWS: it is asked again. Enter alone ends it,
// and after Ctrl-D what follows has a line of its own.
func TestAskCode(t *testing.T) {
	for typed, want := range map[string]string{"y\n12345\n123 456\n": "123456", "abc\n\n": "", "123456": "123456", "": ""} {
		var said bytes.Buffer
		e := &env{In: strings.NewReader(typed), Err: &said}
		if code, err := e.askCode(t.Context(), "Code: "); code != want || err != nil {
			t.Errorf("%q: got %q, %v", typed, code, err)
		}
		if again := strings.Count(said.String(), "a code has six digits\n"); again != max(strings.Count(typed, "\n")-1, 0) || !strings.HasSuffix(typed, "\n") && !strings.HasSuffix(said.String(), "\n") {
			t.Errorf("%q: said %q", typed, &said)
		}
	}
}

// whenAsked does something as soon as a prompt is written.
type whenAsked func()

func (do whenAsked) Write(p []byte) (int, error) {
	do()
	return len(p), nil
}

// A question ends with Ctrl-C, though nobody presses Enter, and none follows it.
func TestAskIsInterrupted(t *testing.T) {
	in, typing := io.Pipe()
	defer typing.Close()
	ctx, cancel := context.WithCancel(t.Context())
	e := &env{In: in, Err: whenAsked(cancel)}
	if ok, err := e.confirm(ctx, "Do it?"); ok || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, %v", ok, err)
	}
	var asked bytes.Buffer
	e.Err = &asked
	if _, err := e.ask(ctx, "Which?"); !errors.Is(err, context.Canceled) || asked.Len() > 0 {
		t.Errorf("got %v, and it asked %q", err, &asked)
	}
}

// What the user's program for codes says goes to a terminal as it is, and through
// the last door to anything else.
func TestCodeProgramTalks(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no sh on Windows")
	}
	const secret = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEYab"
	for _, terminal := range []bool{false, true} {
		var said bytes.Buffer
		w := show.NewWriter(&said, false)
		w.Hide(secret)
		e := &env{Err: w, Terminal: terminals{Err: terminal}}
		code, err := e.codeFrom(t.Context(), []string{"sh", "-c", "echo 'touch the key " + secret + "' >&2; echo 123456"}, "")
		if code != "123456" || err != nil || strings.Contains(said.String(), secret) != terminal || !strings.Contains(said.String(), "touch") {
			t.Errorf("terminal %v: %q, %v, said %q", terminal, code, err, &said)
		}
	}
}

// What follows a line is the next answer; the end of input is an empty one.
func TestAskReadsLines(t *testing.T) {
	e := &env{In: strings.NewReader("yes\r\n  no \nlast"), Err: io.Discard}
	for _, want := range []string{"yes", "no", "last", "", ""} {
		if got, err := e.ask(t.Context(), ""); got != want || err != nil {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
	}
}

// A terminal that goes away stops a rotation as Ctrl-C does.
func TestHangUp(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no such signal on Windows")
	}
	t.Parallel()
	m := newMachine(t)
	// At the last question before the new key is made; it ends with the signal alone.
	reached, code := m.runSignalled(syscall.SIGHUP, 1, awstest.Fault{Kind: awstest.FaultSlow, Gone: true}, "rotate", "work", "--yes")
	if !reached || code != exitInterrupted {
		t.Errorf("reached %v, exit code %d", reached, code)
	}
	m.check()
}

// Where nobody reads any more what is said, a rotation comes to its end.
func TestClosedOutput(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	read.Close()
	cmd := m.command("rotate", "work", "--yes")
	cmd.Stdout, cmd.Stderr = write, write
	_ = cmd.Run()
	write.Close()
	want := exitOK
	if runtime.GOOS == "windows" {
		want = exitFailed // the system has another error for it: the result could not be written
	}
	if code := cmd.ProcessState.ExitCode(); code != want {
		t.Errorf("exit code %d, %v", code, cmd.ProcessState)
	}
	m.check()
	if id, _ := m.pair(); id == m.old.ID {
		t.Error("the key was not rotated")
	}
}

// Where nobody read what a leaked key did, it is still owed.
func TestLeakReportNobodyRead(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	read.Close()
	cmd := m.command("rotate", "work", "--yes", "--compromised")
	cmd.Stdout = write
	_ = cmd.Run()
	write.Close()
	for _, told := range []bool{true, false} { // and once it was told, no more
		out, err := m.command("resume").Output()
		if err != nil || strings.Contains(string(out), "aws:TokenIssueTime") != told {
			t.Errorf("told: want %v, got %v: %s", told, err, out)
		}
	}
}

// TestInterrupted interrupts a rotation, as Ctrl-C does, at every AWS call that
// it makes. Exit code 130 promises that nothing is left half done.
func TestInterrupted(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no interrupts on Windows")
	}
	calls := callsOf(t, "rotate", "work", "--yes")
	for n := range calls + 1 {
		t.Run(fmt.Sprint("call ", n), func(t *testing.T) {
			t.Parallel()
			m := newMachine(t)
			reached, code := m.runSignalled(os.Interrupt, n, awstest.Fault{}, "rotate", "work", "--yes")
			if reached != (n < calls) {
				t.Errorf("it was interrupted: %v, with %d calls without", reached, calls)
			}
			switch code {
			case exitInterrupted:
				m.check()
			case exitHalf:
				m.resume()
			case exitOK: // it came too late
			default:
				t.Errorf("exit code %d", code)
			}
			m.check()
		})
	}
}

// runSignalled runs the program and sends it a signal at AWS call n, whose fate is
// decided once the signal has been sent.
func (m *machine) runSignalled(signal os.Signal, n int, fate awstest.Fault, args ...string) (reached bool, code int) {
	m.t.Helper()
	var out bytes.Buffer
	cmd := m.command(args...)
	cmd.Stdout, cmd.Stderr = &out, &out
	started := make(chan struct{})
	var sent atomic.Bool
	m.iam.SetFault(func(c awstest.Call) awstest.Fault {
		if c.N == n && !sent.Swap(true) {
			<-started
			_ = cmd.Process.Signal(signal)
			return fate
		}
		return awstest.Fault{}
	})
	if err := cmd.Start(); err != nil {
		m.t.Fatal(err)
	}
	close(started)
	_ = cmd.Wait()
	m.iam.SetFault(nil)
	m.leaks.heard(strings.Join(args, " "), out.String())
	return sent.Load(), cmd.ProcessState.ExitCode()
}

// A table's last column stays a column, within the terminal.
func TestRow(t *testing.T) {
	e := &env{Terminal: terminals{Out: true, Width: 40}}
	if got, want := e.row("old-key  high  ", "Key that is older than it may get"), "old-key  high  Key that is older than it\n               may get"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	e.Terminal.Out = false // for grep
	if got := e.row("a  ", strings.Repeat("word ", 20)); strings.Contains(got, "\n") {
		t.Errorf("got %q", got)
	}
}
