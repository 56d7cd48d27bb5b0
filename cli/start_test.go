package cli

import (
	"errors"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/urfave/cli/v2"

	"keycare/cli/usage"
	"keycare/credfile"
	"keycare/credfile/facts"
	"keycare/credfile/show"
	"keycare/report"
	"keycare/rotate/job"
)

// Whatever stands in the files, keycare alone says it in ten lines, names three
// commands that exist, calls nobody and writes nothing.
func TestFirstOddFiles(t *testing.T) {
	commands := map[string]bool{"keycare --help": true}
	usage.Each(newApp(testEnv()).Commands, func(name string, _ *cli.Command) { commands["keycare "+name] = true })
	named := regexp.MustCompile(`(?m)^  (keycare (?:--help|[a-z-]+))`)
	for _, path := range append(oddFiles(t, "rotate"), oddFiles(t, "refuse")...) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			m, _ := oddMachine(t, path)
			code := exitOK
			if filepath.Base(path) == "utf16" {
				code = exitFailed // it cannot be read
			}
			out := m.run(code)
			if n := strings.Count(out, "\n"); n > 10 || n < 4 {
				t.Errorf("%d lines: %s", n, out)
			}
			found := named.FindAllStringSubmatch(out, -1)
			if len(found) != 3 {
				t.Errorf("it names %d commands: %s", len(found), out)
			}
			for _, f := range found {
				if !commands[f[1]] {
					t.Errorf("there is no %q", f[1])
				}
			}
			if calls := m.iam.Calls(); len(calls) > 0 {
				t.Errorf("it called %v", calls)
			}
			if left, err := filepath.Glob(filepath.Join(m.dir, "state", "*")); err != nil || len(left) > 0 {
				t.Errorf("it wrote %v, %v", left, err)
			}
			for line := range strings.Lines(out) {
				if n := utf8.RuneCountInString(line) - 1; n > 80 && !strings.Contains(line, m.dir) {
					t.Errorf("%d columns: %s", n, line)
				}
			}
			m.noLeaks()
		})
	}
}

const firstKey = "\naws_access_key_id = AKIAZAVB57H55F3T4BKH\naws_secret_access_key = x\n"

// firstOf is what keycare sees in a credentials file with this text, on a day in
// 2026, with a timer that runs well.
func firstOf(text string) *startPage {
	const id = "AKIAZAVB57H55F3T4BKH"
	n := strings.Count(text, id)
	return &startPage{
		rep: &report.Report{Files: []string{"c"}, Keys: min(n, 1), Profiles: n},
		in: report.Input{
			Set: credfile.NewSet(credfile.Paths{Credentials: "c", Config: "d"}, text, ""),
			Now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC),
		},
		timer: report.Timer{Ran: true},
	}
}

func (p *startPage) with(f report.Finding) *startPage {
	p.rep.Findings = []report.Finding{f}
	switch f.Severity {
	case report.Critical:
		p.rep.Counts.Critical++
	case report.High:
		p.rep.Counts.High++
	case report.Medium:
		p.rep.Counts.Medium++
	case report.Low:
		p.rep.Counts.Low++
	}
	return p
}

// What the worst cases look like: ten lines, and none too wide.
func TestFirstPage(t *testing.T) {
	now := firstOf("").in.Now
	rotations := []facts.Rotation{{Stage: "undo"}, {Stage: "grace", Until: now.Add(time.Hour)}, {Stage: "grace", Until: now.Add(2 * time.Hour)}}
	title := ""
	long := report.Finding{Severity: report.Critical}
	for _, r := range report.Rules {
		if len(r.Title) > len(title) {
			title, long.Rule = r.Title, r.ID
		}
	}
	long.Repair.Command, long.File, long.Line = "keycare rotate "+strings.Repeat("n", 60), "c", 12
	long.Profiles = []string{strings.Repeat("n", 60), "b", "c"}
	p := firstOf("[a]" + firstKey).with(long)
	p.rep.Counts.High, p.rep.Unknown, p.timer.Trouble, p.in.Rotations = 98, 12, "the timer runs, but the last audit that could ask AWS was 100 days ago", rotations
	for _, width := range []int{40, 60, 80, 200} {
		page := p.page(width)
		if n := strings.Count(page, "\n"); width >= 80 && n > 10 {
			t.Errorf("%d lines at %d columns:\n%s", n, width, page)
		}
		for line := range strings.Lines(page) {
			if n := utf8.RuneCountInString(line) - 1; n > width && !strings.HasPrefix(line, "  keycare") {
				t.Errorf("%d columns, not %d: %s", n, width, line)
			}
		}
	}
	p.in.Rotations = nil
	if page, want := p.page(80), "keycare audit   check with AWS too, and see the fixes\n  keycare rotate "+strings.Repeat("n", 60)+" --dry-run\n"; !strings.Contains(page, want) {
		t.Errorf("no %q:\n%s", want, page)
	}
	// A command of usual length has its reason beside it.
	p = firstOf("[work]" + firstKey).with(report.Finding{Rule: "root-key", Severity: report.Critical, Repair: report.Repair{Command: "keycare replace-root --profile default"}})
	const want = "\n  keycare replace-root --profile default --dry-run  show what would replace it\n" +
		"  keycare audit   check with AWS too, and see the fixes\n  keycare --help  list all commands\n"
	if page := p.page(80); !strings.HasSuffix(page, want) {
		t.Errorf("got:\n%s", page)
	}
}

func TestFirstFlights(t *testing.T) {
	now := firstOf("").in.Now
	in := func(hours int) facts.Rotation {
		return facts.Rotation{Stage: "grace", Until: now.Add(time.Duration(hours) * time.Hour)}
	}
	at := func(hours int) string { return show.Time(now.Add(time.Duration(hours) * time.Hour)) }
	for _, tt := range []struct {
		rotations []facts.Rotation
		want      string
	}{
		{nil, ""},
		{[]facts.Rotation{{Stage: "watch"}}, ""},
		{[]facts.Rotation{{Stage: "retire"}}, "1 rotation is unfinished."},
		{[]facts.Rotation{in(24)}, "1 rotation is in its grace period until " + at(24) + "."},
		{[]facts.Rotation{in(24), in(3)}, "2 rotations are in the grace period, the first until " + at(3) + "."},
		{[]facts.Rotation{in(-1)}, "1 rotation is past the grace period."},
		{[]facts.Rotation{in(-1), in(3), {Stage: "damaged"}}, "1 rotation is unfinished, 1 past the grace period, 1 in the grace period."},
		{[]facts.Rotation{in(3), {Stage: "damaged"}}, "1 rotation is unfinished, 1 in the grace period until " + at(3) + "."},
	} {
		p := firstOf("")
		p.in.Rotations = tt.rotations
		if got := strings.Join(p.flights(), "\n"); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}

func TestTimerTrouble(t *testing.T) {
	now := time.Now()
	for name, tt := range map[string]struct {
		last *job.Stamp
		err  error
		want string
	}{
		"never ran": {},
		"well":      {last: &job.Stamp{Started: now, Outcome: job.Well}},
		"findings":  {last: &job.Stamp{Started: now, Outcome: job.Findings}},
		"dark":      {last: &job.Stamp{Started: now, Outcome: job.NoNetwork}},
		"failed":    {last: &job.Stamp{Started: now, Acted: now, Outcome: job.Failed}, want: "the last run of the timer, " + show.Time(now) + ", failed"},
		"half done": {last: &job.Stamp{Started: now, Acted: now, Outcome: job.HalfDone}, want: "the last run of the timer, " + show.Time(now) + ", stopped half way"},
		"late":      {last: &job.Stamp{Started: now.AddDate(0, 0, -9), Outcome: job.Failed}, want: "the timer has not run for 9 days"},
		"damaged":   {err: errors.New("x is damaged"), want: "x is damaged"},
	} {
		if got := timerTrouble(tt.last, tt.err, now); got != tt.want {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
		}
	}
}

func BenchmarkFirst(b *testing.B) {
	home := b.TempDir()
	writeFile(b, filepath.Join(home, ".aws", "credentials"), string(manyProfiles(10_000)), 0o600)
	exe, err := exec.LookPath("keycare")
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		cmd := exec.Command(exe)
		cmd.Env = environment(home, "http://127.0.0.1:1")
		if out, err := cmd.Output(); err != nil || !strings.HasPrefix(string(out), "10000 profiles") {
			b.Fatal(err, string(out))
		}
	}
}
