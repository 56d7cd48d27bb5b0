package state

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"keycare/credfile/disk"
)

func TestKeepReport(t *testing.T) {
	s := Folder{Dir: filepath.Join(t.TempDir(), "keycare"), Disk: disk.OS{}}
	if b, err := s.Report(); b != nil || err != nil {
		t.Fatalf("%q, %v", b, err)
	}
	if lines, err := s.Audits(); lines != nil || err != nil {
		t.Fatalf("%q, %v", lines, err)
	}
	keep := func(line string) {
		t.Helper()
		if err := s.KeepReport([]byte("{}\n"), []byte(line)); err != nil {
			t.Fatal(err)
		}
	}
	keep("0\n")
	if err := os.WriteFile(s.auditsPath(), []byte(strings.Repeat("1\n", maxAudits-1)+"2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	keep("3\n")
	lines, err := s.Audits()
	if err != nil || len(lines) != maxAudits || string(lines[maxAudits-2]) != "2" || string(lines[maxAudits-1]) != "3" {
		t.Errorf("%d lines, %v", len(lines), err)
	}
	if b, err := s.Report(); string(b) != "{}\n" || err != nil {
		t.Errorf("%q, %v", b, err)
	}
	// What is too long for the list goes, the oldest first, and what cannot be read
	// stops nothing.
	for range 3 {
		keep(strings.Repeat("y", mostAudits/2))
	}
	if lines, err = s.Audits(); err != nil || len(lines) != 1 {
		t.Errorf("%d lines, %v", len(lines), err)
	}
	if err := os.WriteFile(s.auditsPath(), bytes.Repeat([]byte("z"), mostAudits+1), 0o600); err != nil {
		t.Fatal(err)
	}
	keep("one")
	if lines, err = s.Audits(); err != nil || len(lines) != 1 || string(lines[0]) != "one" {
		t.Errorf("%q, %v", lines, err)
	}
}
