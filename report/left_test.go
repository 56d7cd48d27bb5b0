package report

import (
	"strings"
	"testing"
	"time"

	"keycare/credfile"
)

// What "keycare fix" leaves is counted as an audit counts it: by its findings, and
// without those that fix repairs.
func TestLeftToPerson(t *testing.T) {
	const key = "aws_access_key_id = AKIAZAVB57H55F3T4BKH\naws_secret_access_key = je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY\n"
	for name, c := range map[string]struct {
		text string
		want int
	}{
		"nothing":              {"[a]\n" + key, 0},
		"what fix repairs":     {"[a]  # old\n" + key + "lone\n", 0},
		"sections that differ": {"[a]\n" + key + "region = y\n[a]\nregion = x\n", 1},
		"a name with a space":  {"[a b]\n" + key, 1},
		"two in a section":     {"[a]\n" + key + "s3 =\n  aws_access_key_id = x\n  aws_session_token = y\n", 1},
		"an unclosed header":   {"[a\n[a b]\n" + key, 2},
	} {
		set := credfile.NewSet(credfile.Paths{Credentials: "c", Config: "d"}, c.text, "")
		if got := LeftToPerson(set, time.Now()); got != c.want {
			var said []string
			for _, f := range Audit(Input{Set: set, Offline: true, Now: time.Now()}).Findings {
				said = append(said, f.Rule+": "+f.What+" => "+f.Repair.Command)
			}
			t.Errorf("%s: got %d, want %d:\n%s", name, got, c.want, strings.Join(said, "\n"))
		}
	}
}
