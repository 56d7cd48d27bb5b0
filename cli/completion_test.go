package cli

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"keycare/credfile/disk/testrun"

	"keycare/cli/complete"
	"keycare/cli/usage"
)

func TestCompletion(t *testing.T) {
	home := oddHome(t)
	for _, v := range environment(home, "http://127.0.0.1:1") {
		name, value, _ := strings.Cut(v, "=")
		t.Setenv(name, value)
	}
	app := newApp(testEnv())
	for _, tt := range []struct {
		words string // with | between them; the last is at the cursor
		want  string // the first answers, with | between them
		files bool
	}{
		{words: "", want: "audit|report|explain|scan|guard|status|fix"},
		{words: "-", want: "--debug|--help|--version"},
		{words: "help|", want: "audit|report|explain"},
		{words: "nothing|"},
		{words: "schedule|", want: "install|print|status|remove|run"},
		{words: "schedule|install|--", want: "--kind|--rotate"},
		{words: "schedule|install|--kind|", want: "systemd|launchd|task|cron"},
		{words: "schedule|install|--rotate|work|--rotate|", want: "work|world"},
		{words: "rotate|", want: "work|world|my pro|corp:dev"},
		{words: "rotate|work|", want: "world|my pro"},
		{words: "rotate|work|-", want: "--all|--due"},
		{words: "rotate|--all|-", want: "--due"},
		{words: "rotate|--yes|--|-", want: "work"},
		{words: "rotate|--max-age|"},
		{words: "rotate|--max-age|30d|", want: "work"},
		{words: "rotate|--max-age=30d|", want: "work"},
		{words: "rotate|--retire|", want: "delete|deactivate"},
		{words: "rotate|--retire=", want: "--retire=delete|--retire=deactivate"},
		{words: "rotate|work|--retire|delete|--free-slot|", want: "never|inactive|unused"},
		{words: "rotate|--yes="},
		{words: "rotate|--no-such|", want: "work"},
		{words: "audit|"},
		{words: "audit|--profile|sso|-", want: "--profile|--offline"},
		{words: "audit|--format|", want: "table|json|jsonl|csv|markdown|html|prometheus|sarif|ocsf|asff|summary|jamf"},
		{words: "status|--format|", want: "text|json"},
		{words: "audit|--output|", files: true},
		{words: "audit|--output=", files: true},
		{words: "explain|", want: "root-key|root-key-file"},
		{words: "explain|old-key|"},
		{words: "completion|", want: "bash|zsh|fish|powershell"},
		{words: "man|"},
		{words: "--help|", want: "audit"},
	} {
		words := strings.Split(tt.words, "|")
		last := len(words) - 1
		found, files := complete.Next(app, words[:last], words[last])
		if files != tt.files || (len(found) == 0) != (tt.want == "") {
			t.Errorf("%s: got %v, %v", tt.words, found, files)
			continue
		}
		for i, want := range strings.Split(tt.want, "|") {
			if tt.want != "" && (i >= len(found) || found[i].Value != want) {
				t.Errorf("%s: got %v, want %s", tt.words, found, tt.want)
				break
			}
		}
	}
	// Who has no key cannot be rotated, but can sign and be looked at.
	for words, want := range map[string]bool{"rotate": false, "replace-root|--profile": false, "schedule|install|--rotate": false,
		"rotate|--auth-profile": true, "audit|--profile": true} {
		found, _ := complete.Next(app, strings.Split(words, "|"), "")
		if got := slices.Contains(found, complete.Candidate{Value: "sso"}); got != want {
			t.Errorf("%s: a profile without a key is offered: %v", words, got)
		}
	}
}

// Every flag whose values are one of a few completes, and all of these are
// accepted. What is not one of them is refused.
func TestCompletionValues(t *testing.T) {
	home := t.TempDir()
	writeFile(t, filepath.Join(home, ".aws", "credentials"), "[default]\n", 0o600) // a missing file would be waited for
	m := hereIn(home)
	refused := func(words ...string) bool { return m.run(t.Context(), words...) == exitUsage }
	offered := 0
	usage.Each(newApp(m.env).Commands, func(name string, c *cli.Command) {
		for _, f := range usage.Flags(c.Flags) {
			words := strings.Fields(name)
			if name == "accept" {
				words = append(words, "--reason", "x", "--dry-run") // without them it is wrong usage
			}
			words = append(words, "--"+f.Name)
			found, _ := complete.Next(newApp(m.env), words, "")
			if name == "schedule run" || f.Value == "" || f.Value == "PROFILE" {
				continue
			}
			for _, v := range found {
				offered++
				words := append(slices.Clone(words), v.Value)
				if name == "schedule install" {
					words[1] = "print" // it checks the same and writes nothing
				}
				if f.Name == "retire" && strings.HasPrefix(name, "schedule") {
					continue // goes with --rotate, and that with a profile
				}
				if refused(words...) {
					t.Errorf("%v is offered and refused", words)
				}
				if words[len(words)-1] = "no-such-value"; !refused(words...) {
					t.Errorf("%v is not refused", words)
				}
			}
			if len(found) == 0 && strings.Contains(f.Usage, " or ") && strings.Contains(f.Usage, ":") {
				t.Errorf("keycare %s --%s: its values are not completed", name, f.Name)
			}
		}
	})
	if offered < 20 {
		t.Errorf("only %d values are offered", offered)
	}
}

// A credentials file that is missing, broken or closed has no names; there is no
// error, and no secret in what is said.
func TestCompletionFiles(t *testing.T) {
	const secret = "notARealSecretJustTheShapeOfOne000000000"
	for name, text := range map[string]string{
		"missing": "", "binary": "\x00\x01\x02", "only a secret": secret, "no header": "aws_secret_access_key = " + secret,
		"secret in a header": "[work]\naws_secret_access_key = " + secret + "\n[]\n[ ]\n[wo\x1b[31mrm]\n[\xff]\n",
	} {
		t.Run(name, func(t *testing.T) {
			home := t.TempDir()
			if text != "" {
				writeFile(t, filepath.Join(home, ".aws", "credentials"), text, 0o600)
			}
			for _, args := range [][]string{{"rotate", "", complete.PlainWords}, {"audit", "--profile", "", complete.PlainWords}, {complete.PlainWords}, {"rotate", "", complete.BashWords}} {
				out := asked(t, home, args...)
				if strings.Contains(out, secret[:10]) || strings.Contains(out, "\x1b") || strings.Contains(out, "error") {
					t.Errorf("%q: got %q", args, out)
				}
				if name != "secret in a header" && strings.TrimSpace(out) != "" {
					t.Errorf("%q: got %q", args, out)
				}
			}
		})
	}
}

// asked asks keycare as the scripts do. It must end well and say nothing beside.
func asked(t *testing.T, home string, words ...string) string {
	t.Helper()
	m := hereIn(home)
	if code := m.run(t.Context(), words...); code != exitOK || m.talk.Len() > 0 {
		t.Errorf("%q: %d, %q", words, code, &m.talk)
	}
	return m.out.String()
}

// Whatever stands in the line, nothing but an answer comes of it.
func TestCompletionDoesNothing(t *testing.T) {
	home := oddHome(t)
	before, err := os.ReadFile(filepath.Join(home, ".aws", "credentials"))
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range []string{"rotate --yes -- work", "rotate --yes work", "demo", "fix --yes", "audit --output x", "schedule remove", "--version", "--"} {
		for _, protocol := range []string{complete.PlainWords, complete.BashWords, complete.PowershellWords} {
			asked(t, home, append(append(strings.Fields(args), ""), protocol)...)
			asked(t, home, append(strings.Fields(args), protocol)...)
		}
	}
	after, err := os.ReadFile(filepath.Join(home, ".aws", "credentials"))
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("the file was changed: %v", err)
	}
	for _, name := range []string{home + "/x", filepath.Join(filepath.Dir(home), "state")} {
		if _, err := os.Stat(name); err == nil {
			t.Errorf("%s was made", name)
		}
	}
}

// The function that bash calls, with the variables that bash gives it.
func TestCompletionBash(t *testing.T) {
	needShell(t, "bash")
	home := oddHome(t)
	for _, with := range []string{"", "enable -n compopt; ", "source " + bashCompletion + "; "} {
		t.Run(cmp.Or(with, "alone"), func(t *testing.T) {
			if with != "" {
				testrun.Long(t)
			}
			if strings.Contains(with, bashCompletion) {
				needBashCompletion(t)
			}
			function := asked(t, home, "completion", "bash")
			for _, tt := range []struct{ words, line, cur, want string }{
				{`keycare ''`, "keycare ", "", "accept audit completion demo explain"},
				{`keycare rot`, "keycare rot", "rot", "rotate"},
				{`keycare rotate wo`, "keycare rotate wo", "wo", "work world"},
				{`keycare rotate wo`, "keycare rotate wo| --yes", "wo", "work world"}, // | is the cursor
				{`keycare rotate world`, "keycare rotate wo|rld", "wo", "work world"},
				{`keycare audit --profile =`, "keycare audit --profile=", "", `--yes back\\slash`},
				{`keycare audit --profile = wo`, "keycare audit --profile=wo", "wo", "work world"},
				{`keycare audit --profile=wo`, "keycare audit --profile=wo", "wo", "work world"}, // as bash 3.2 has it
				{`keycare rotate corp :`, "keycare rotate corp:", "", "dev"},
				{`keycare rotate corp : d`, "keycare rotate corp:d", "d", "dev"},
				{`keycare rotate user @ c`, "keycare rotate user@c", "c", "corp"},
				{`keycare rotate '"my'`, `keycare rotate "my`, "my", "my pro"},
				{`keycare rotate my`, `keycare rotate my`, "my", `my\ pro`},
				{`keycare rotate nothing`, `keycare rotate nothing`, "nothing", ""},
			} {
				script := with + function + "\nCOMP_WORDS=(" + tt.words + `); COMP_LINE=$1; COMP_POINT=$2
					COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _keycare keycare "$3" x; [[ ${#COMPREPLY[@]} -eq 0 ]] || printf '%s\n' "${COMPREPLY[@]}"`
				before, after, _ := strings.Cut(tt.line, "|")
				cmd := exec.Command("bash", "--norc", "-c", script, "bash", before+after, fmt.Sprint(len(before)), tt.cur)
				cmd.Env = shellEnv(home)
				out, err := cmd.CombinedOutput()
				got := strings.ReplaceAll(strings.TrimSuffix(string(out), "\n"), "\n", " ")
				if err != nil || !strings.HasPrefix(got, tt.want) || tt.want == "" && got != "" {
					t.Errorf("%s: got %q, want %q: %v", tt.line, got, tt.want, err)
				}
			}
		})
	}
}

func TestCompletionFish(t *testing.T) {
	needShell(t, "fish")
	home := oddHome(t)
	for _, tt := range []struct{ line, want string }{
		{"keycare rot", "rotate\trotate the keys of one or more profiles"},
		{"keycare schedule ins", "install\tinstall or change the timer"},
		{"keycare rotate wor", "work\nworld"},
		{"keycare rotate work --gr", "--grace\tkeep the old key"},
		{"keycare rotate --auth-profile ss", "sso"},
		{"keycare audit --profile=ss", "--profile=sso"},
		{"keycare audit --format ma", "markdown"},
		{"keycare audit --baseline rep", "report 1.json"},
		{"keycare audit --baseline=rep", "--baseline=report 1.json"},
		{"keycare rotate my", "my pro"},
		{"keycare rotate 'my", "my pro"},
		{"keycare rotate 'my p", "my pro"},
		{"keycare rotate run", "run$(touch ran)"},
		{"keycare rotate back", `back\slash`},
		{"keycare rotate corp:d", "corp:dev"},
		{"keycare rotate sch", "schön"},
		{"keycare rotate nothing", ""},
	} {
		cmd := exec.Command("fish", "--no-config", "-c", "keycare completion fish | source; complete -C $argv[1]", tt.line)
		cmd.Env, cmd.Dir = shellEnv(home), home
		out, err := cmd.CombinedOutput()
		got := strings.TrimSpace(string(out))
		if err != nil || !strings.HasPrefix(got, tt.want) || tt.want == "" && got != "" {
			t.Errorf("%s: got %q, want %q: %v", tt.line, got, tt.want, err)
		}
	}
	if _, err := os.Stat(home + "/ran"); err == nil {
		t.Error("fish ran a part of a profile's name")
	}
}

// Half a megabyte of profiles must not make a person wait.
func BenchmarkCompletion(b *testing.B) {
	home := b.TempDir()
	writeFile(b, filepath.Join(home, ".aws", "credentials"), string(manyProfiles(10_000)), 0o600)
	exe, err := exec.LookPath("keycare")
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		cmd := exec.Command(exe, "rotate", "profile-99", complete.PlainWords)
		cmd.Env = environment(home, "http://127.0.0.1:1")
		if out, err := cmd.Output(); err != nil || bytes.Count(out, []byte("\n")) != 111 {
			b.Fatal(err, len(out))
		}
	}
}

// oddHome is a home with profiles whose names mean something to a shell.
func oddHome(t *testing.T) string {
	t.Helper()
	home := t.TempDir()
	const pair = "\naws_access_key_id = AKIAZAVB57H55F3T4BKH\naws_secret_access_key = notARealSecretJustTheShapeOfOne000000000\n"
	text := ""
	for _, name := range []string{"work", "world", "my pro", "corp:dev", "user@corp", "run$(touch ran)", "tick`touch ran`", "semi&touch ran",
		"it's", `quo"te`, "bang!bang", "star*", "dollar$HOME", `back\slash`, "schön", "--yes"} {
		text += "[" + name + "]" + pair
	}
	writeFile(t, filepath.Join(home, ".aws", "credentials"), text, 0o600)
	writeFile(t, filepath.Join(home, ".aws", "config"), "[profile sso]\nsso_start_url = https://example.com\n", 0o600)
	writeFile(t, filepath.Join(home, "report 1.json"), "{}", 0o600)
	return home
}

// shellEnv is the environment of a shell that finds this keycare and that home.
func shellEnv(home string) []string {
	return append([]string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C.UTF-8"}, environment(home, "http://127.0.0.1:1")...)
}

// needShell skips, loudly, where a shell is missing.
func needShell(t *testing.T, name string) {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil || runtime.GOOS == "windows" {
		t.Skipf("SKIPPED: there is no %s on this machine", name)
	}
}

// bashCompletion is the file of the package bash-completion.
const bashCompletion = "/usr/share/bash-completion/bash_completion"

func needBashCompletion(t *testing.T) {
	t.Helper()
	if _, err := os.Stat(bashCompletion); err != nil {
		t.Skip("SKIPPED: the package bash-completion is not on this machine")
	}
}
