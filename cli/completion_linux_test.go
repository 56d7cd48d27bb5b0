package cli

import (
	"fmt"
	"keycare/report/format"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"keycare/credfile/disk/testrun"
)

// What a person gets who presses TAB in a shell of their own: each line is typed
// into a real terminal, completed, and then printed word by word as the shell
// understands it. A name that the shell would expand or run shows at once.
func TestCompletionTyped(t *testing.T) {
	testrun.Long(t)
	home := oddHome(t)
	for _, shell := range []struct{ name, argv, setup string }{
		{"bash", "bash --norc --noprofile -i", "eval \"$(keycare completion bash)\""},
		{"bash with bash-completion", "bash --norc --noprofile -i", "source " + bashCompletion + "; eval \"$(keycare completion bash)\""},
		{"zsh", "zsh -f -i", "autoload -Uz compinit; compinit -D -u; source <(keycare completion zsh)"},
		{"zsh with fpath", "zsh -f -i", "keycare completion zsh >_keycare; fpath=($PWD $fpath); autoload -Uz compinit; compinit -D -u"},
	} {
		t.Run(shell.name, func(t *testing.T) {
			argv := strings.Fields(shell.argv)
			needShell(t, argv[0])
			if strings.Contains(shell.setup, bashCompletion) {
				needBashCompletion(t)
			}
			term := openTerminal(t, home, argv)
			term.enter(shell.setup)
			for _, tt := range []struct{ typed, want string }{
				{`keycare rot`, "keycare rotate"},
				{`keycare sche`, "keycare schedule"},
				{`keycare schedule inst`, "keycare schedule install"},
				{`keycare rotate worl`, "keycare rotate world"},
				{`FOO=1 keycare rot`, "FOO=1 keycare rotate"},
				{`  keycare   rotate    worl`, "keycare rotate world"},
				{`keycare rotate wo`, "keycare rotate wor"}, // work or world
				{`keycare rotate --yes -- --y`, "keycare rotate --yes -- --yes"},
				{`keycare rotate work --gr`, "keycare rotate work --grace"},
				{`keycare rotate --auth-profile ss`, "keycare rotate --auth-profile sso"},
				{`keycare audit --profile=ss`, "keycare audit --profile=sso"},
				{`keycare audit --form`, "keycare audit --format"},
				{`keycare audit --format js`, "keycare audit --format json"},
				{`keycare audit --format=mark`, "keycare audit --format=markdown"},
				{`keycare explain root-n`, "keycare explain root-no-mfa"},
				{`keycare completion pow`, "keycare completion powershell"},
				{`keycare audit --baseline rep`, "keycare audit --baseline report 1.json"},
				{`keycare audit --baseline=rep`, "keycare audit --baseline=report 1.json"},
				// names that mean something to a shell
				{`keycare rotate my`, "keycare rotate my pro"},
				{`keycare rotate 'my`, "keycare rotate my pro"},
				{`keycare rotate "my`, "keycare rotate my pro"},
				{`keycare rotate my\ p`, "keycare rotate my pro"},
				{`keycare audit --profile=my`, "keycare audit --profile=my pro"},
				{`keycare audit --profile="my`, "keycare audit --profile=my pro"},
				{`keycare rotate corp:d`, "keycare rotate corp:dev"},
				{`keycare audit --profile=corp:d`, "keycare audit --profile=corp:dev"},
				{`keycare rotate user@c`, "keycare rotate user@corp"},
				{`keycare rotate run`, "keycare rotate run$(touch ran)"},
				{`keycare rotate "run`, "keycare rotate run$(touch ran)"},
				{`keycare rotate 'run`, "keycare rotate run$(touch ran)"},
				{`keycare rotate tick`, "keycare rotate tick`touch ran`"},
				{`keycare rotate "tick`, "keycare rotate tick`touch ran`"},
				{`keycare rotate semi`, "keycare rotate semi&touch ran"},
				{`keycare rotate it`, "keycare rotate it's"},
				{`keycare rotate 'it`, "keycare rotate it's"},
				{`keycare rotate quo`, `keycare rotate quo"te`},
				{`keycare rotate bang`, "keycare rotate bang!bang"},
				{`keycare rotate "bang`, "keycare rotate bang!bang"},
				{`keycare rotate star`, "keycare rotate star*"},
				{`keycare rotate dol`, "keycare rotate dollar$HOME"},
				{`keycare rotate back`, `keycare rotate back\slash`},
				{`keycare rotate sch`, "keycare rotate schön"},
			} {
				if got := term.tab(tt.typed); got != tt.want {
					t.Errorf("%s: got %q, want %q", tt.typed, got, tt.want)
				}
			}
			// Candidates are listed in one order, and what has no description has no
			// mark of one.
			if list := term.list("keycare rotate wor"); !regexp.MustCompile(`\bwork +world\b`).MatchString(list) || strings.Contains(list, "--") {
				t.Errorf("it lists %q", list)
			}
			formats := `(?s)\b` + strings.Join(slices.Sorted(slices.Values(format.Names())), ` +`) + `\b`
			if list := term.list("keycare audit --format "); !regexp.MustCompile(formats).MatchString(list) || strings.Contains(list, "--") {
				t.Errorf("it lists %q", list)
			}
			if list := term.list("keycare schedule "); !regexp.MustCompile(`(?s)install.+print.+remove.+run.+status`).MatchString(list) ||
				argv[0] == "zsh" && !strings.Contains(list, "-- install or change the timer") {
				t.Errorf("it lists %q", list)
			}
			if _, err := os.Stat(home + "/ran"); err == nil {
				t.Error("the shell ran a part of a profile's name")
			}
		})
	}
}

// terminal is a shell on a pseudo-terminal.
type terminal struct {
	t    *testing.T
	pty  *os.File
	said strings.Builder
}

const prompt = "TYPE-HERE:"

// openPTY opens a pseudo-terminal of so many columns: the side of the person, and
// that of the program.
func openPTY(t *testing.T, columns uint16) (master, slave *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("SKIPPED: no pseudo-terminal can be had here: %v", err)
	}
	t.Cleanup(func() { master.Close() })
	raw, err := master.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var n int
	var failed error
	err = raw.Control(func(fd uintptr) {
		if failed = unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0); failed == nil {
			n, failed = unix.IoctlGetInt(int(fd), unix.TIOCGPTN)
		}
		if failed == nil {
			failed = unix.IoctlSetWinsize(int(fd), unix.TIOCSWINSZ, &unix.Winsize{Row: 50, Col: columns})
		}
	})
	if err != nil || failed != nil {
		t.Fatal(err, failed)
	}
	slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("SKIPPED: no pseudo-terminal can be had here: %v", err)
	}
	t.Cleanup(func() { slave.Close() })
	return master, slave
}

func openTerminal(t *testing.T, home string, argv []string) *terminal {
	t.Helper()
	master, slave := openPTY(t, 400)
	defer slave.Close()
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr, cmd.Dir = slave, slave, slave, home
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	cmd.Env = append(shellEnv(home), "PS1="+prompt, "TERM=dumb")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	term := &terminal{t: t, pty: master}
	term.until(prompt)
	return term
}

// until reads up to the text, which must come within seconds.
func (term *terminal) until(text string) string {
	term.t.Helper()
	if err := term.pty.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		term.t.Fatal(err)
	}
	term.said.Reset()
	for b := make([]byte, 4096); !strings.Contains(term.said.String(), text); {
		n, err := term.pty.Read(b)
		term.said.Write(b[:n])
		if err != nil {
			term.t.Fatalf("the shell said %q, then %v", term.said.String(), err)
		}
	}
	return term.said.String()
}

func (term *terminal) send(keys string) {
	term.t.Helper()
	if _, err := term.pty.WriteString(keys); err != nil {
		term.t.Fatal(err)
	}
}

// enter runs a command and waits for its end.
func (term *terminal) enter(command string) string {
	term.t.Helper()
	term.send(command + "; echo D''ONE\r")
	said := term.until("DONE")
	if !strings.Contains(said, prompt) {
		term.until(prompt)
	}
	return said
}

// list types a line, presses TAB twice, and returns what the shell shows. The line
// is not run.
func (term *terminal) list(typed string) string {
	term.t.Helper()
	const home, end = "\x01", "\x05"
	term.send(typed + "\t\t" + home + ": " + end)
	said := term.enter("")
	return strings.NewReplacer("\r", "", "\n", "  ", typed, "").Replace(said)
}

// tab types a line, presses TAB, and returns the words that the shell makes of
// the line, with a space between them.
func (term *terminal) tab(typed string) string {
	term.t.Helper()
	const home, end = "\x01", "\x05"
	term.send(typed + "\t" + home + `printf 'ARG:%s\n' ` + end)
	said := term.enter("")
	var words []string
	for line := range strings.SplitSeq(said, "\n") {
		if word, ok := strings.CutPrefix(strings.TrimRight(line, "\r"), "ARG:"); ok {
			words = append(words, word)
		}
	}
	if len(words) == 0 {
		return said
	}
	return strings.Join(words, " ")
}
