package show_test

import (
	"strings"
	"testing"

	"keycare/credfile/show"
)

func TestWords(t *testing.T) {
	for _, c := range []struct{ in, goos, want string }{
		{"prod", "linux", "prod"},
		{"", "linux", `""`},
		{"my prod", "linux", `"my prod"`},
		{"a=b", "linux", `"a=b"`}, // zsh expands "=b"
		{"~/x", "linux", `"~/x"`},
		{"a$b", "linux", `'a$b'`},
		{"it's `x`", "linux", `'it'\''s ` + "`x`'"},
		{"wow!", "darwin", `'wow!'`},
		{"a@b,c", "linux", "a@b,c"},
		{"a\x1bb", "linux", ""},
		{`C:\Users\me`, "windows", `C:\Users\me`},
		{"a@b,c", "windows", `"a@b,c"`},
		{"it's R&D (^|!)", "windows", `"it's R&D (^|!)"`},
		{"100%", "windows", `"100%"`},
		{`\\server\home$\dana`, "windows", `"\\server\home$\dana"`},
		{"-a.b", "windows", `"-a.b"`},
		// What has no form for both shells.
		{"a$b", "windows", ""},
		{"a`b", "windows", ""},
		{"%PATH%", "windows", ""},
		{`a"b`, "windows", ""},
		{`a b\`, "windows", ""},
		{"a\u201cb", "windows", ""},
	} {
		if got := show.Word(c.in, c.goos); got != c.want {
			t.Errorf("Word(%q, %s) = %s, want %s", c.in, c.goos, got, c.want)
		}
	}
	if got := show.Arg("-x", "linux"); got != "-- -x" {
		t.Errorf("Arg: %s", got)
	}
	if got := show.Quoted("/a/b", "linux"); got != `"/a/b"` {
		t.Errorf("Quoted: %s", got)
	}
}

func TestCommand(t *testing.T) {
	for _, c := range []struct{ goos, in, want string }{ // words between bars
		{"linux", "chmod|600|/a b", `chmod 600 "/a b"`},
		{"linux", "chmod|600|/a\nb", ""},
		{"windows", `del|C:\a b`, `del "C:\a b"`},
		{"windows", "k|a$b", `k 'a$b'  # in cmd: k "a$b"`},
		{"windows", "k|it's $b", `k 'it''s $b'  # in cmd: k "it's $b"`},
		{"windows", "k|a\u201cb", "k 'a\u201cb'  # in cmd: k \"a\u201cb\""},
		{"windows", "k|%PATH%", `k '%PATH%'  # in PowerShell, not in cmd`},
		{"windows", "k|1%|2%", `k "1%" "2%"  # in PowerShell, not in cmd`},
		{"windows", `k|a"b`, ""},
		{"windows", "k|a\nb", ""},
		{"windows", `C:\a b\k.exe|x`, `& "C:\a b\k.exe" x  # in cmd: "C:\a b\k.exe" x`},
		{"windows", `del|C:\a[1]`, `Remove-Item -LiteralPath "C:\a[1]"  # in cmd: del "C:\a[1]"`},
	} {
		if got := show.Command(c.goos, strings.Split(c.in, "|")...); got != c.want {
			t.Errorf("Command(%s, %q) = %s, want %s", c.goos, c.in, got, c.want)
		}
	}
}
