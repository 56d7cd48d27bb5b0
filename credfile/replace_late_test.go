package credfile

import (
	"context"
	"os"
	"runtime"
	"testing"
	"time"

	"keycare/credfile/disk/diskfault"
)

// A late text in the replaced file is carried over, but not over what a third
// program has written into the new file since.
func TestSwapLateWriterThenAnother(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("SKIPPED: Windows does not replace an open file")
	}
	p := writeSet(t, plainKeys, "")
	f, err := os.OpenFile(p.Credentials, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	replaced, third := false, "# a third program\n[default]\n"+newPair
	temps := 0
	err = swapWith(t, p, func(op diskfault.Op) {
		switch {
		case op.Name == "SyncDir" && !replaced:
			replaced = true
			if _, err := f.WriteAt([]byte("# late\n"+plainKeys), 0); err != nil {
				t.Error(err)
			}
		case op.Name == "CreateNew":
			if temps++; temps == 2 { // for the text that is carried over
				writeFile(t, p.Credentials, third)
			}
		}
	}, func(context.Context, time.Duration) error { return nil })
	if got := readFile(t, p.Credentials); temps < 2 || got != third {
		t.Errorf("error %v, %d staged; the file holds %q, want the third program's text", err, temps, got)
	}
}
