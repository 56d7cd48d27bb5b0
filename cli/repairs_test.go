package cli

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"keycare/credfile"
	"keycare/credfile/disk"
	"keycare/credfile/show"
	"keycare/rotate/awstest"
)

// mess makes a home with what no text can say: modes, links, copies, caches.
var mess = map[string]func(t *testing.T, home string){
	"modes": func(t *testing.T, home string) {
		inHome(t, home, ".aws/cli/cache/a.json", "{}", 0o644)
		inHome(t, home, ".aws/cli/history/history.db", "x", 0o644)
		chmodIn(t, home, ".aws/credentials", 0o644)
		chmodIn(t, home, ".aws/cli/cache", 0o755)
		chmodIn(t, home, ".aws/cli", 0o755)
		chmodIn(t, home, ".aws", 0o777)
	},
	"hard-link": func(t *testing.T, home string) {
		if err := os.Link(filepath.Join(home, ".aws/credentials"), filepath.Join(home, "other")); err != nil {
			t.Skip(err)
		}
	},
	"copies": func(t *testing.T, home string) {
		b, err := os.ReadFile(filepath.Join(home, ".aws/credentials"))
		if err != nil {
			t.Fatal(err)
		}
		inHome(t, home, ".aws/credentials.bak", string(b), 0o600)
		inHome(t, home, ".aws/it's a copy of credentials~", string(b), 0o600)
		inHome(t, home, ".aws/credentials (1)", string(b), 0o600)
		inHome(t, home, ".boto", "[Credentials]\naws_secret_access_key = x\n", 0o600)
	},
	"odd-names": func(t *testing.T, home string) {
		inHome(t, home, ".aws/credentials-$(touch x).bak", "aws_secret_access_key = x\n", 0o600)
		inHome(t, home, ".aws/credentials.`id`", "aws_secret_access_key = x\n", 0o600)
	},
}

func inHome(t *testing.T, home, name, text string, mode os.FileMode) {
	t.Helper()
	path := filepath.Join(home, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	chmodIn(t, home, name, mode)
}

func chmodIn(t *testing.T, home, name string, mode os.FileMode) {
	t.Helper()
	if err := os.Chmod(filepath.Join(home, filepath.FromSlash(name)), mode); err != nil {
		t.Fatal(err)
	}
}

// needsMore begin the commands that cannot be run here: they need a person at a
// keyboard, AWS, the AWS CLI or another user's rights.
var needsMore = []string{"aws ", "sudo ", "keycare rotate", "keycare resume", "keycare replace-root", "keycare audit", "keycare policy"}

// toldFinding is what the JSON report says of a finding.
type toldFinding struct {
	Rule, What, Fingerprint string
	Repair                  struct{ Text, Command string }
}

var caseKey = awstest.Key{ID: "AKIAZAVB57H55CASEONE", Secret: strings.Repeat("case+one/", 4) + "abcd"}

// TestRepairs carries out every repair that is a command, each on a copy of the
// home, and audits again: the finding is gone, no other one has come, and the
// tools read the same keys.
func TestRepairs(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the commands are for a POSIX shell here")
	}
	type input struct {
		name string
		make func(t *testing.T) (home string)
	}
	var inputs []input
	seen := map[string]bool{}
	for _, c := range homeCases {
		if (len(c.env) == 0 || c.env[0] == deadEnd) && !seen[c.home] {
			seen[c.home] = true
			inputs = append(inputs, input{c.home, func(t *testing.T) string {
				home := caseHome(t, c.home)
				if c.prepare != nil {
					c.prepare(t, home)
				}
				return home
			}})
		}
	}
	for name, make := range mess {
		inputs = append(inputs, input{name, func(t *testing.T) string {
			home := caseHome(t, "config-dev-null")
			make(t, home)
			return home
		}})
	}
	for _, dir := range []string{"rotate", "refuse"} {
		for i, path := range oddFiles(t, dir) {
			if testing.Short() && i%4 > 0 {
				continue
			}
			inputs = append(inputs, input{filepath.Base(path), func(t *testing.T) string {
				text, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				home := filepath.Join(t.TempDir(), "home")
				text = fill(text, caseKey)
				inHome(t, home, ".aws/credentials", string(text), 0o600)
				return home
			}})
		}
	}
	run := make(chan string, 1000)
	t.Run("each", func(t *testing.T) {
		for _, in := range inputs {
			t.Run(in.name, func(t *testing.T) {
				t.Parallel()
				before := auditOf(t, in.make(t))
				for i, f := range before {
					if f.Repair.Command == "" || needsAny(f.Repair.Command) {
						continue
					}
					home := in.make(t)
					again := auditOf(t, home)
					if i >= len(again) || again[i].Rule != f.Rule {
						t.Fatalf("a copy of the home has other findings: %v", again)
					}
					if carryOut(t, home, again, again[i]) {
						run <- f.Rule + ": " + strings.Fields(f.Repair.Command)[0]
					}
				}
			})
		}
	})
	close(run)
	kinds := map[string]int{}
	total := 0
	for what := range run {
		kinds[what]++
		total++
	}
	t.Logf("%d repairs carried out: %v", total, kinds)
	if least := 30; total < least && !testing.Short() || total < least/2 {
		t.Errorf("%d repairs were carried out, too few to say anything", total)
	}
}

func needsAny(command string) bool {
	if _, err := exec.LookPath("aws"); err == nil && strings.HasPrefix(command, "aws configure set ") {
		return false
	}
	for _, prefix := range needsMore {
		if strings.HasPrefix(command, prefix) {
			return true
		}
	}
	return false
}

// carryOut does one repair and compares. It reports whether it was done.
func carryOut(t *testing.T, home string, before []toldFinding, f toldFinding) bool {
	t.Helper()
	keys := readKeys(t, home)
	command := f.Repair.Command
	if command == "keycare fix" {
		command += " --yes"
	}
	cmd := exec.Command("sh", "-c", command)
	cmd.Dir, cmd.Env = home, append(environment(home, "http://127.0.0.1:9"), "PATH="+os.Getenv("PATH"))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%s: %s: %v\n%s", f.Rule, command, err, out)
		return false
	}
	if strings.Contains(string(out), "--yes does not agree to that") {
		return false // a person has to
	}
	known := map[string]bool{}
	for _, old := range before {
		known[sameFinding(old)] = true
	}
	for _, now := range auditOf(t, home) {
		if sameFinding(now) == sameFinding(f) {
			t.Errorf("%s: %s: the finding is still there: %s", f.Rule, command, now.What)
		}
		if !known[sameFinding(now)] {
			t.Errorf("%s: %s: another finding has come: %s: %s", f.Rule, command, now.Rule, now.What)
		}
	}
	for who, id := range readKeys(t, home) {
		if was := keys[who]; was != id && show.IsKeyID(was) {
			t.Errorf("%s: %s: %s reads key %s, before it read %s", f.Rule, command, who, id, was)
		}
	}
	if _, err := os.Stat(filepath.Join(home, "x")); err == nil {
		t.Errorf("%s: %s: a part of a name was carried out", f.Rule, command)
	}
	return true
}

func sameFinding(f toldFinding) string { return f.Rule + " " + f.Fingerprint }

func auditOf(t *testing.T, home string) []toldFinding {
	t.Helper()
	m := hereIn(home)
	m.run(t.Context(), "audit", "--offline", "--format", "json")
	var rep struct{ Findings []toldFinding }
	if err := json.Unmarshal(m.out.Bytes(), &rep); err != nil {
		t.Fatalf("audit: %v", err)
	}
	return rep.Findings
}

// readKeys says which key each tool reads under each profile; one that rejects the
// files is left out, as what is then read is not lost.
func readKeys(t *testing.T, home string) map[string]string {
	t.Helper()
	set, err := credfile.Load(disk.OS{}, credfile.Paths{Credentials: filepath.Join(home, ".aws", "credentials"), Config: filepath.Join(home, ".aws", "config")})
	keys := map[string]string{}
	if err != nil {
		return keys
	}
	for _, p := range set.Profiles() {
		for _, r := range []credfile.Reading{set.CLI(p), set.SDK(p)} {
			if r.Refused == nil {
				keys[fmt.Sprintf("%s, profile %q", r.Tool, p)] = cmp.Or(r.Pair.ID, r.None)
			}
		}
	}
	return keys
}
