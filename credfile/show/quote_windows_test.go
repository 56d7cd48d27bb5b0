package show_test

import (
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"unicode/utf16"

	"keycare/credfile/show"
)

// TestMain is also the program that the shells start: it prints its arguments.
func TestMain(m *testing.M) {
	if os.Getenv("KEYCARE_ECHO") != "" {
		fmt.Printf("%+q\n", os.Args[1:])
		return
	}
	os.Exit(m.Run())
}

var oddWords = []string{
	"prod", "my prod", "it's", "R&D", "a|b", "<x>", "a^b", "wow!", "(x86)", "a;b", "a,b", "{x}", "@x", "#x", "~", "é 日本", "-a.b", "--x:y",
	"100%", "%PATH%", "%%", "a$b", "cost$", `\\server\home$\dana`, "$(x)", "a`b", "a\u201cb", "a\u2018b", "a$b's", "a b\\c",
}

// The shells of Windows hand a program the words that were meant.
func TestShellsOfWindows(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "R&D (a b)")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(exe)
	if err != nil {
		t.Fatal(err)
	}
	odd := filepath.Join(dir, "k.exe")
	if err := os.WriteFile(odd, b, 0o755); err != nil {
		t.Fatal(err)
	}
	echo := func(program, line string) string {
		cmd := exec.Command(program)
		cmd.SysProcAttr = &syscall.SysProcAttr{CmdLine: line}
		cmd.Env = append(os.Environ(), "KEYCARE_ECHO=1", "b=expanded")
		out, err := cmd.CombinedOutput()
		if err != nil {
			return err.Error() + ": " + string(out)
		}
		return strings.TrimSpace(string(out))
	}
	power := func(line string) string {
		var raw []byte
		for _, u := range utf16.Encode([]rune("$b = 'expanded'; " + line)) {
			raw = append(raw, byte(u), byte(u>>8))
		}
		return echo("powershell.exe", "powershell.exe -NoProfile -EncodedCommand "+base64.StdEncoding.EncodeToString(raw))
	}
	hasPower := power("'yes'") == "yes"
	for _, program := range []string{exe, odd} {
		for _, w := range oddWords {
			argv := []string{program, "a", w, "z"}
			line, want := show.Command("windows", argv...), fmt.Sprintf("%+q", argv[1:])
			forPower, forCmd, two := strings.Cut(line, "  # in cmd: ")
			if !two {
				forCmd = line
			}
			if !strings.HasSuffix(line, "not in cmd") {
				if got := echo("cmd.exe", `cmd.exe /d /s /c "`+forCmd+`"`); got != want {
					t.Errorf("cmd reads %s as %s, want %s", forCmd, got, want)
				}
			} else if !slices.Contains([]string{"%PATH%", "%%"}, w) {
				t.Errorf("%q is not for cmd", w)
			}
			if hasPower {
				if got := power(forPower); got != want {
					t.Errorf("PowerShell reads %s as %s, want %s", forPower, got, want)
				}
			}
		}
	}
	if !hasPower {
		t.Skip("PowerShell of Windows is not there")
	}
}
