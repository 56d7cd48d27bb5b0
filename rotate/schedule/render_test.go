package schedule

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"keycare/credfile/disk"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// testHost is a user's machine whose programs are not there.
func testHost(t testing.TB, goos string) *Host {
	home := t.TempDir()
	return &Host{
		GOOS: goos, Disk: disk.OS{}, Run: noPrograms, Wait: noWait, Home: home, ConfigHome: filepath.Join(home, ".config"),
		Temp: filepath.Join(home, "state"), UID: 501, User: "S-1-5-21-1-2-3-1001",
		Now: func() time.Time { return time.Date(2026, 3, 5, 9, 30, 0, 0, time.UTC) },
	}
}

var (
	plainJob = Job{Argv: []string{"/usr/local/bin/keycare", "schedule", "run"}, Minute: 17}
	fullJob  = Job{
		Argv: []string{"/home/Dana Ö/100%/b$in/keycare", "schedule", "run", "--rotate", "work", "--rotate", `it's "$HOME" \ ü`,
			"--max-age", "60d", "--grace", "24h", "--retire", "deactivate"},
		Env:    []Var{{"AWS_CONFIG_FILE", `/home/Dana Ö/50% "x" $y \z\\/config`}, {"HTTPS_PROXY", "http://proxy:3128"}},
		Minute: 5,
	}
)

// The golden files are what another machine would get; go test -update rewrites
// them.
func TestRenderGolden(t *testing.T) {
	for name, job := range map[string]Job{"plain": plainJob, "full": fullJob} {
		for _, k := range Names() {
			k := Kind(k)
			files, err := testHost(t, "windows").Render(k, job)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range files {
				golden := filepath.Join("testdata", name+"-"+map[Kind]string{Systemd: filepath.Base(f.Path),
					Launchd: "agent.plist", Task: "task.xml", Cron: "crontab"}[k])
				if *update {
					if err := os.WriteFile(golden, f.Data, 0o644); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(golden)
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(f.Data, want) {
					t.Errorf("%s is not what is rendered now:\n%s", golden, fromUTF16(f.Data))
				}
			}
		}
	}
}

// readBack parses what Render made.
func readBack(k Kind, files []File) (Job, error) {
	switch k {
	case Systemd:
		return systemdJob(string(files[0].Data))
	case Launchd:
		return launchdJob(files[0].Data)
	case Task:
		task, err := parseTask(files[0].Data)
		if err != nil {
			return Job{}, err
		}
		return taskJob(task)
	}
	return cronJob(string(files[0].Data))
}

// odd are words that one of the formats could take for something else.
var odd = []string{
	"", " ", "a b", "  lead and trail  ", `"`, `""`, `'`, `''`, `it's`, `say "hi"`, `\`, `\\`, `a\`, `a\\`, `\"`, `\\"x`, `\'`, `a\ b`, `\n`,
	"%", "%h", "100%", `\%`, `\\%`, "$", "$$", "$HOME", "${HOME}", "$(id)", "`id`", "a$", ";", "a;b", "&", "&amp;", "<x>", "]]>", "#", "#a",
	"*", "?", "~", "~/x", "!", "!!", "{a,b}", "(", ")", "|", "a=b", "=", "-x", "--rotate", "é", "日本語", "🔑", "a\u00a0b", "\ufeffx", `C:\Program Files\x\`,
	"@x", ":x", "+x", `'"'"'`, `%%`, `$$$`, `\\\\`, `'\''`, "a'b\"c\\d%e$f g",
}

func TestRoundTrip(t *testing.T) {
	h := testHost(t, "linux")
	for _, word := range odd {
		for _, k := range Names() {
			k := Kind(k)
			if k == Task && expands().MatchString(word) {
				continue
			}
			roundTrip(t, h, k, Job{Argv: []string{"/opt/x" + word + "/keycare", "schedule", word, "run", "--rotate", word}, Minute: 59,
				Env: []Var{{"A", word}, {"B_2", "x" + word + word}}})
		}
	}
}

func FuzzRoundTrip(f *testing.F) {
	for _, word := range odd {
		f.Add(word, word)
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		j := Job{Argv: []string{"/" + a, b, a + b}, Env: []Var{{"A", b}}, Minute: len(a) % 60}
		if j.check() != nil {
			t.Skip()
		}
		for _, k := range Names() {
			k := Kind(k)
			roundTrip(t, testHost(t, "linux"), k, j)
		}
	})
}

func roundTrip(t *testing.T, h *Host, k Kind, want Job) {
	t.Helper()
	files, err := h.Render(k, want)
	if err != nil {
		if k == Cron && strings.Contains(err.Error(), "bytes") || k == Task && strings.Contains(err.Error(), "Task Scheduler") {
			return
		}
		t.Fatalf("%s: %v", k, err)
	}
	got, err := readBack(k, files)
	if err != nil {
		t.Fatalf("%s: %v\n%s", k, err, fromUTF16(files[0].Data))
	}
	if k == Systemd {
		want.Minute = 0
	}
	if k.Traits().NoEnv {
		want.Env = nil
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: got  %#v\nwant %#v\n%s", k, got, want, fromUTF16(files[0].Data))
	}
}

func TestRenderRefuses(t *testing.T) {
	h := testHost(t, "linux")
	for name, c := range map[string]struct {
		kind Kind
		job  Job
		want string
	}{
		"line end in a value":   {Systemd, Job{Argv: []string{"/k"}, Env: []Var{{"AWS_REGION", "a\nB=c"}}}, "AWS_REGION: a timer cannot hold"},
		"line end in a profile": {Cron, Job{Argv: []string{"/k", "a\n* * * * * rm"}}, "control characters"},
		"broken UTF-8":          {Launchd, Job{Argv: []string{"/k", "\xff"}}, "broken UTF-8"},
		"a secret":              {Systemd, Job{Argv: []string{"/k", "--rotate", "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEYab"}}, "may be a secret"},
		"escape":                {Task, Job{Argv: []string{"/k", "\x1b[m"}}, "control characters"},
		"variable in a task":    {Task, Job{Argv: []string{"/k", "%USERNAME%"}}, `replace "%USERNAME%"`},
		"argument in a task":    {Task, Job{Argv: []string{"/k", "$(Arg0)"}}, "Task Scheduler"},
		"long path in a task":   {Task, Job{Argv: []string{"/" + strings.Repeat("k", 260)}}, "260 characters"},
		"long line for cron":    {Cron, Job{Argv: []string{"/k", strings.Repeat("word ", 200)}}, "cron takes 998"},
	} {
		_, err := h.Render(c.kind, c.job)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}

// The rules of CommandLineToArgvW, by the examples of its documentation.
func TestWindowsWords(t *testing.T) {
	for line, want := range map[string][]string{
		`"abc" d e`:      {"abc", "d", "e"},
		`a\\b d"e f"g h`: {`a\\b`, "de fg", "h"},
		`a\\\"b c d`:     {`a\"b`, "c", "d"},
		`a\\\\"b c" d e`: {`a\\b c`, "d", "e"},
		`a"b"" c d`:      {`ab" c d`},
		`""  "" x`:       {"", "", "x"},
	} {
		if got := windowsWords(line); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %q, want %q", line, got, want)
		}
	}
}

// What schtasks gives back: other order, another encoding, more elements.
func TestTaskFromWindows(t *testing.T) {
	files, err := testHost(t, "windows").Render(Task, fullJob)
	if err != nil {
		t.Fatal(err)
	}
	text := fromUTF16(files[0].Data)
	asWritten := strings.Replace(text, "<RegistrationInfo>", "<RegistrationInfo>\r\n    <URI>\\keycare\\schedule</URI>", 1)
	for name, b := range map[string][]byte{
		"a file": files[0].Data, "a pipe, UTF-8": []byte(asWritten), "no mark": toUTF16(asWritten), "blank lines": []byte("\r\n\r\n" + asWritten),
	} {
		got, err := parseTask(b)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if j, err := taskJob(got); err != nil || !reflect.DeepEqual(j.Argv, fullJob.Argv) || j.Minute != 5 {
			t.Errorf("%s: %+v, %v", name, j, err)
		}
	}
}

func TestNext(t *testing.T) {
	for now, want := range map[string]string{
		"2026-03-05T09:30": "2026-03-05T12:17", "2026-03-05T12:16": "2026-03-05T12:17", "2026-03-05T12:17": "2026-03-05T16:17",
		"2026-03-05T23:59": "2026-03-06T00:17", "2026-12-31T20:18": "2027-01-01T00:17",
	} {
		at, err := time.Parse("2006-01-02T15:04", now)
		if err != nil {
			t.Fatal(err)
		}
		if got := next(at, 17).Format("2006-01-02T15:04"); got != want {
			t.Errorf("%s: got %s, want %s", now, got, want)
		}
	}
}
