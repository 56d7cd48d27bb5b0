package report

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// reading is what one tool makes of a case of readings.json. Two failures are
// alike.
type reading struct{ ID, Secret, Token, Error string }

func (r reading) key() [3]string { return [3]string{r.ID, r.Secret, r.Token} }

// Every input on which AWS's tools, or ini.v1, read different keys gives a finding
// that names tools and the line; where the AWS CLI and the Go SDK read the same
// there is none that says otherwise.
func TestConformance(t *testing.T) {
	dir := os.Getenv("KEYCARE_CONFORMANCE_DIR")
	if dir == "" {
		t.Skip("SKIPPED: KEYCARE_CONFORMANCE_DIR is not set, so the conformance data is not read")
	}
	b, err := os.ReadFile(filepath.Join(dir, "readings.json"))
	if err != nil {
		t.Fatal(err)
	}
	var data struct {
		Cases []struct {
			ID, Desc, Profile string
			Credentials       []byte `json:"credentials_b64"`
			Config            []byte `json:"config_b64"`
			Readers           map[string]reading
		}
	}
	if err := json.Unmarshal(b, &data); err != nil {
		t.Fatal(err)
	}
	split, differing := 0, 0
	for _, c := range data.Cases {
		name := fmt.Sprintf("%s (%s)", c.ID, c.Desc)
		cli, sdk := c.Readers["aws-cli"], c.Readers["go-v2"]
		in := input(string(c.Credentials), string(c.Config))
		r := Audit(in)
		var told []Finding
		for _, f := range r.Findings {
			if f.Rule == "readers-disagree" && f.Profiles[0] == c.Profile || f.Rule == "file-rejected" && rejects(f, cli, sdk) {
				told = append(told, f)
			}
			if f.Rule == "readers-disagree" && (strings.Contains(f.What, "the way the profile is written") ||
				!strings.Contains(f.What, "the AWS CLI") || !strings.Contains(f.What, "the Go SDK")) {
				t.Errorf("%s: no cause, or not both tools: %s", name, f.What)
			}
		}
		if cli.key() != sdk.key() {
			split++
			if len(told) == 0 {
				t.Errorf("%s: not told that readings differ: %+v %+v", name, cli, sdk)
			}
		} else if slices.ContainsFunc(told, func(f Finding) bool { return f.Rule == "readers-disagree" }) {
			t.Errorf("%s: %+v", name, told)
		}
		for _, f := range told {
			checkLine(t, name, in, f)
		}
		for _, tool := range []string{"js-v3", "spec", "ini.golike"} {
			other, ok := c.Readers[tool]
			if !ok {
				t.Errorf("%s: no reading of %s", name, tool)
			}
			if other.key() == cli.key() {
				continue
			}
			differing++
			at := slices.IndexFunc(r.Findings, func(f Finding) bool { return aboutReading(f, c.Profile) })
			if at < 0 {
				t.Errorf("%s: no finding, though %s reads %+v and the AWS CLI %+v", name, tool, other, cli)
				continue
			}
			checkLine(t, name, in, r.Findings[at])
		}
	}
	// Data that is read wrongly has no differences.
	if len(data.Cases) < 50 || split < 17 || differing < 30 {
		t.Errorf("%d cases, %d with the two tools apart, %d with others", len(data.Cases), split, differing)
	}
}

// rejects reports whether a finding says that the tool rejects the file which
// did.
func rejects(f Finding, cli, sdk reading) bool {
	return cli.Error != "" && strings.Contains(f.What, "the AWS CLI rejects") ||
		sdk.Error != "" && strings.Contains(f.What, "the Go SDK rejects")
}

// tools are the names by which findings call the readers.
var tools = regexp.MustCompile(`AWS CLI|Go SDK|JavaScript SDK|strict tools|ini\.v1`)

// aboutReading reports whether a finding is about readers, of this profile or of
// the whole file, and names them.
func aboutReading(f Finding, profile string) bool {
	about := []string{"readers-disagree", "file-rejected", "file-quirk", "not-rotatable", "pair-split", "id-without-secret", "secret-without-id"}
	return slices.Contains(about, f.Rule) && tools.MatchString(f.What) &&
		(f.Rule == "file-rejected" || f.Rule == "file-quirk" || slices.Contains(f.Profiles, profile))
}

// checkLine wants a finding to be at a line that has something on it.
func checkLine(t *testing.T, name string, in Input, f Finding) {
	t.Helper()
	for _, file := range in.Set.Files() {
		if file.Path != f.File {
			continue
		}
		lines := strings.Split(strings.ReplaceAll(file.Text, "\r", ""), "\n")
		if f.Line < 1 || f.Line > len(lines) || strings.TrimSpace(lines[f.Line-1]) == "" {
			t.Errorf("%s: there is nothing in line %d of %s: %s", name, f.Line, f.File, f.What)
		}
		return
	}
	t.Errorf("%s: it names no file: %s", name, f.What)
}
