package report

import (
	"io/fs"
	"keycare/credfile/home"
	"testing"
)

// The AWS CLI's record of calls holds secrets, so its mode is judged too.
func TestHistoryMode(t *testing.T) {
	for mode, want := range map[fs.FileMode]int{0o600: 0, 0o640: 1, 0o604: 1} {
		r := Audit(input("", "", func(in *Input) {
			in.AWSFiles.History = home.FileFact{Path: "/h/history.db", Exists: true, Mode: mode, ModeKnown: true}
		}))
		if fs := of(r, "file-mode"); len(fs) != want || want == 1 && fs[0].Repair.String() != `chmod 600 "/h/history.db"` {
			t.Errorf("%v: got %+v", mode, fs)
		}
	}
}
