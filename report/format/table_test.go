package format

import (
	"errors"
	"keycare/credfile/facts"
	"keycare/report"
	"strings"
	"testing"
)

func TestTableGolden(t *testing.T) {
	clean := input(section("default", keyA, secretA), "")
	clean.Offline, clean.Online = false, map[string]facts.Online{keyA: aged(9)}
	clean.AWSFiles.Dirs = nil
	quiet := input("[default]\n", "")
	offline := input(section("default", keyA, secretA), "")
	for _, c := range []struct {
		name string
		in   report.Input
		o    Options
	}{
		{"story-60", story(), Options{Width: 60, Home: "/home/u"}},
		{"story-130", story(), Options{Width: 130, Home: "/home/u"}},
		{"story-color", story(), Options{Width: 100, Home: "/home/u", Color: true}},
		{"fresh", clean, Options{Home: "/home/u"}},
		{"no-keys", quiet, Options{Home: "/home/u"}},
		{"offline", offline, Options{Width: 60}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := report.Audit(c.in)
			checkNoSecret(t, r)
			golden(t, "testdata/"+c.name+".golden", tableText(t, r, c.o))
		})
	}
}

func TestAllWell(t *testing.T) {
	r := &report.Report{Profiles: 1, Keys: 1, Files: []string{"/f"}}
	if out := tableText(t, r, Options{}); out != "1 profile, 1 key in /f: all is well\n" {
		t.Errorf("got %q", out)
	}
	r.Unknown, r.Offline = 1, true
	if out := tableText(t, r, Options{}); strings.Contains(out, "all is well") || !strings.Contains(out, "Unknown offline") {
		t.Errorf("unknown is shown as fine: %q", out)
	}
}

// A command has to come out whole, however narrow the table is.
func TestCommandsAreNotWrapped(t *testing.T) {
	r := report.Audit(story())
	out := "\n" + tableText(t, r, Options{Width: 40})
	for _, f := range r.Findings {
		if f.Rule == "secret-without-id" {
			continue // only some of them are shown
		}
		if command := f.Repair.Command; command != "" && !strings.Contains(out, "\n      "+command+"\n") {
			t.Errorf("not on a line of its own: %s", command)
		}
	}
}

func TestTableWriteError(t *testing.T) {
	want := errors.New("full")
	if err := Write(failing{want}, "table", report.Audit(story()), Options{}); !errors.Is(err, want) {
		t.Errorf("got %v", err)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }
