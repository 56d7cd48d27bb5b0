package usage

import (
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

func testApp() *cli.App {
	flags := []cli.Flag{&cli.BoolFlag{Name: "yes"}, &cli.StringFlag{Name: "age"}}
	return &cli.App{Name: "k", Commands: []*cli.Command{
		{Name: "rotate", ArgsUsage: "[PROFILE]...", Flags: flags},
		{Name: "timer", Subcommands: []*cli.Command{{Name: "run", Flags: flags}}},
	}}
}

// Flags go before arguments, and stay with their values. What follows "--" is no
// flag, wherever that stands.
func TestFlagsFirst(t *testing.T) {
	for words, want := range map[string]string{
		"rotate a --yes":          "rotate --yes -- a",
		"rotate a --age 3d b":     "rotate --age 3d -- a b",
		"rotate --age=3d a":       "rotate --age=3d -- a",
		"rotate a --age":          "rotate --age -- a",
		"rotate -- -x --yes":      "rotate -- -x --yes",
		"rotate a -- -x":          "rotate -- a -x",
		"rotate - --yes":          "rotate --yes -- -",
		"rotate --unknown a":      "rotate --unknown -- a",
		"rotate --yes --":         "rotate --yes",
		"timer run x --yes":       "timer run --yes -- x",
		"timer other --yes":       "timer --yes -- other",
		"unknown a --yes":         "unknown a --yes",
		"rotate":                  "rotate",
		"--yes rotate a":          "--yes rotate a",
		"rotate a --age -- --yes": "rotate --age -- --yes -- a",
	} {
		if got := strings.Join(FlagsFirst(testApp(), strings.Fields(words)), " "); got != want {
			t.Errorf("%s: got %s, want %s", words, got, want)
		}
	}
}

func TestRead(t *testing.T) {
	l := Read(testApp(), strings.Fields("timer run --yes a --age"))
	if l.Name != "timer run" || l.Command == nil || l.First != 2 || strings.Join(l.Used, " ") != "yes age" ||
		strings.Join(l.Given, " ") != "a" || l.Open != "age" || l.Literal {
		t.Errorf("got %+v", l)
	}
	for words, want := range map[string]string{
		"rotate --age 3d": "", "rotate --age -3d": "", "rotate --age --yes": "age", "rotate --age --help a": "age", "rotate --age=--yes": "",
		"rotate --age --": "age", "rotate a --age=": "age", "rotate --age -": "", "rotate -- --age=": "", "rotate --age 3d --age=": "age", "rotate --yes=": "",
	} {
		if l := Read(testApp(), strings.Fields(words)); l.Without != want {
			t.Errorf("%s: the value of %q is missing, want %q", words, l.Without, want)
		}
	}
	if l := Read(testApp(), []string{"rotate", "--", "--yes"}); !l.Literal || len(l.Used) > 0 || len(l.Given) != 1 {
		t.Errorf("got %+v", l)
	}
	if l := Read(testApp(), []string{"nothing", "--help"}); l.Command != nil || len(l.Used) != 1 {
		t.Errorf("got %+v", l)
	}
}
