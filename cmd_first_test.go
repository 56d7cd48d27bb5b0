package main

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"keycare/credfile"
	"keycare/report"
)

// Whatever stands in the files, keycare alone says it in ten lines, names three
// commands that exist, calls nobody and writes nothing.
func TestFirstOddFiles(t *testing.T) {
	commands := map[string]bool{"keycare --help": true}
	eachCommand(newApp().Commands, func(name string, _ *cli.Command) { commands["keycare "+name] = true })
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
			m.noLeaks()
		})
	}
}

func TestNextSteps(t *testing.T) {
	const id, text = "AKIAZAVB57H55F3T4BKH", "\naws_access_key_id = AKIAZAVB57H55F3T4BKH\naws_secret_access_key = x\n"
	found := func(rule, fix string, s report.Severity) []report.Finding {
		return []report.Finding{{Rule: rule, Severity: s, Fix: fix}}
	}
	for name, tt := range map[string]struct {
		findings  []report.Finding
		rotations []credfile.Rotation
		text      string
		late      bool
		want      string // the first command
	}{
		"nothing there":     {want: "aws configure sso"},
		"a key":             {text: "[work]" + text, want: "keycare rotate work --dry-run"},
		"an odd name first": {text: "[a b]" + text + "[-x]" + text + "[työ]" + text + "[$x]" + text + "[b]" + text, want: "keycare rotate b --dry-run"},
		"only odd names":    {text: "[a b]" + text, want: "keycare status"},
		"a root key": {text: "[work]" + text, findings: found("root-key", "keycare replace-root --profile work", report.Critical),
			want: "keycare replace-root --profile work --dry-run"},
		"an old key":            {text: "[a b]" + text, findings: found("old-key", `keycare rotate "a b"`, report.Medium), want: `keycare rotate "a b" --dry-run`},
		"a name like a flag":    {text: "[-x]" + text, findings: found("old-key", "keycare rotate -- -x", report.Medium), want: "keycare rotate --dry-run -- -x"},
		"modes":                 {text: "[work]" + text, findings: found("file-mode", "chmod 600 x", report.High), want: "keycare fix --dry-run"},
		"no command":            {text: "[work]" + text, findings: found("pair-split", "join them", report.Medium), want: "keycare explain pair-split"},
		"only to know":          {text: "[work]" + text, findings: found("static-key", "x", report.Info), want: "keycare rotate work --dry-run"},
		"in flight, before all": {text: "[work]" + text, findings: found("root-key", "x", report.Critical), rotations: []credfile.Rotation{{Stage: "undo"}}, want: "keycare resume"},
		"a recovery file alone": {rotations: []credfile.Rotation{{Recovery: true}}, want: "keycare resume"},
		"in grace":              {text: "[work]" + text, rotations: []credfile.Rotation{{Stage: "grace"}}, want: "keycare rotate work --dry-run"},
		"the timer is late":     {text: "[work]" + text, late: true, want: "keycare schedule status"},
		"late, and worse":       {text: "[work]" + text, late: true, findings: found("file-mode", "x", report.High), want: "keycare fix --dry-run"},
	} {
		t.Run(name, func(t *testing.T) {
			in := report.Input{Set: credfile.NewSet(credfile.Paths{Credentials: "c", Config: "d"}, tt.text, ""), Rotations: tt.rotations}
			rep := &report.Report{Findings: tt.findings, Keys: strings.Count(tt.text, id), Profiles: strings.Count(tt.text, id)}
			for _, f := range tt.findings {
				switch f.Severity {
				case report.Critical:
					rep.Counts.Critical++
				case report.High:
					rep.Counts.High++
				case report.Medium:
					rep.Counts.Medium++
				}
			}
			steps := nextSteps(rep, in, tt.late)
			if len(steps) != 3 || steps[0].command != tt.want || steps[2].command != "keycare --help" {
				t.Errorf("got %v, want first %s", steps, tt.want)
			}
			if tt.want != "aws configure sso" && steps[1].command != "keycare audit" {
				t.Errorf("got %v", steps)
			}
		})
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
