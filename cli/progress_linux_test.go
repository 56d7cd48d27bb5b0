package cli

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"keycare/rotate/awstest"
)

// onTerminal starts the program with standard error, and standard output if out is
// nil, on a terminal.
func (m *machine) onTerminal(columns uint16, out *bytes.Buffer, env []string, args ...string) (term *terminal, end func() int) {
	t := m.t.(*testing.T)
	master, slave := openPTY(t, columns)
	cmd := m.command(args...)
	cmd.Env = append(cmd.Env, env...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	if out != nil {
		cmd.Stdout = out
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	return &terminal{t: t, pty: master}, func() int {
		late := time.AfterFunc(2*time.Minute, func() { // it waits for somebody
			t.Errorf("keycare %q does not end", args)
			_ = cmd.Process.Kill()
		})
		defer late.Stop()
		_ = cmd.Wait()
		fmt.Fprint(slave, "\nTHE END\n")
		return cmd.ProcessState.ExitCode()
	}
}

// screenOf is what a terminal shows after all of text was written to it.
func screenOf(text string) string {
	var lines []string
	var line []rune
	at := 0
	for _, r := range text {
		switch r {
		case '\r':
			at = 0
		case '\n':
			lines, line, at = append(lines, strings.TrimRight(string(line), " ")), nil, 0
		default:
			for len(line) <= at {
				line = append(line, ' ')
			}
			line[at] = r
			at++
		}
	}
	return strings.Join(append(lines, string(line)), "\n")
}

// While an audit waits for AWS the terminal shows that it lives, and how far it is;
// at the end nothing of that is left. Where nobody looks, or the terminal cannot
// do it, there is nothing.
func TestAuditShowsProgress(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		desc  string
		env   []string
		alive bool
	}{
		{"a terminal", []string{"TERM=xterm"}, true},
		{"a dumb terminal", []string{"TERM=dumb"}, false},
		{"NO_COLOR", []string{"TERM=xterm", "NO_COLOR=1"}, false},
	} {
		t.Run(c.desc, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t)
			free := make(chan struct{})
			m.iam.SetFault(func(call awstest.Call) awstest.Fault {
				if !c.alive || call.Action != "ListAccessKeys" && call.Action != "ListMFADevices" {
					return awstest.Fault{}
				}
				return awstest.Fault{Kind: awstest.FaultSlow, Wait: free}
			})
			var out bytes.Buffer
			term, end := m.onTerminal(60, &out, c.env, "audit", "--format", "json")
			said := ""
			if c.alive {
				said = term.until("asking AWS: 0 of 1 key")
				free <- struct{}{} // the list
				said += term.until("asking AWS for details: ")
				close(free)
			}
			if code := end(); code != exitFindings {
				t.Errorf("exit code %d", code)
			}
			said += term.until("THE END")
			if shown := screenOf(said); strings.TrimSpace(shown) != "THE END" {
				t.Errorf("the screen shows %q\nafter %q", shown, said)
			}
			if !strings.Contains(out.String(), `"year-old-key"`) || strings.ContainsAny(out.String(), "\r\x1b") {
				t.Errorf("standard output: %q", out.String())
			}
		})
	}
}

// A rotation that waits for AWS says for what, and how long that may take. What is
// said in between stands above the line, and nothing of the line is left.
func TestRotateShowsProgress(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	accept := make(chan struct{})
	m.iam.SetVisible(func(v awstest.View) bool {
		select {
		case <-accept:
			return true
		default:
			return !v.ByAPI
		}
	})
	term, end := m.onTerminal(70, nil, []string{"TERM=xterm"}, "rotate", "work")
	said := term.until("[y/N] ")
	if strings.Contains(screenOf(said), "asking AWS") {
		t.Errorf("the line stands beside the question: %q", said)
	}
	term.send("y\n")
	said += term.until("waiting for AWS to accept the new key, up to 2m")
	close(accept)
	if code := end(); code != exitOK {
		t.Errorf("exit code %d", code)
	}
	said += term.until("THE END")
	shown := screenOf(said)
	if strings.Contains(shown, "waiting") || strings.Contains(shown, "rotating\n") || !strings.Contains(shown, "\nrotated profile") {
		t.Errorf("the screen shows\n%s\nafter %q", shown, said)
	}
	m.check()
}

// On a terminal an audit asks for the code of a user who must sign in with MFA, again
// after what can be none, and goes on without it where a person only presses Enter.
func TestAuditAsksForCode(t *testing.T) {
	t.Parallel()
	for typed, complete := range map[string]string{"123456": `"complete": true`, "": `"complete": false`, "12": `"complete": false`} {
		m := newMachine(t)
		serial := m.iam.AddMFA("ann", "phone", "123456")
		m.iam.RequireMFA("ann", true)
		var out bytes.Buffer
		term, end := m.onTerminal(100, &out, []string{"TERM=xterm"}, "audit", "--format", "json")
		term.until("User ann must sign in with MFA. Code of " + serial)
		term.send(typed + "\n")
		if typed == "12" {
			term.until("a code has six digits")
			term.send("\n")
		}
		end()
		if !strings.Contains(out.String(), complete) {
			t.Errorf("%q: %s", typed, &out)
		}
	}
}
