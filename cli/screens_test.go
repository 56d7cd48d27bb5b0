package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
)

// screen compares what a person sees with ../testdata/screens/NAME.txt, whose
// first line is the command. Key IDs are numbered as they come, so that those
// that an IAM of the tests makes can be shown; replace has further old and new
// texts, such as folders and times. To write the files anew:
//
//	go test ./cli -run Screens -update
func screen(t *testing.T, name, command, got string, replace ...string) {
	t.Helper()
	if runtime.GOOS == "windows" {
		return // paths and modes are those of other systems
	}
	ids := map[string]string{}
	got = anyKeyID.ReplaceAllStringFunc(unixPaths(strings.NewReplacer(replace...).Replace(got)), func(id string) string {
		if ids[id] == "" {
			ids[id] = fmt.Sprintf("%sEXAMPLEKEY%06d", id[:4], len(ids)+1)
		}
		return ids[id]
	})
	got = "$ " + command + "\n" + got
	path := filepath.Join("..", "testdata", "screens", name+".txt")
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if strings.ReplaceAll(string(want), "\r\n", "\n") != got {
		t.Errorf("%s is not what is shown now; look at the change, then run: go test ./cli -run Screens -update\n%s", path, got)
	}
}

var anyKeyID = regexp.MustCompile(`\bA(KIA|SIA)[A-Z2-7]{16}\b`)

// The first minute on a machine without any AWS files.
func TestScreensFirstRun(t *testing.T) {
	for name, words := range map[string][]string{"start-empty-home": nil, "audit-empty-home": {"audit", "--offline"}} {
		h := hereIn(filepath.Join(t.TempDir(), "home"))
		if code := h.run(t.Context(), words...); code != exitOK || h.talk.Len() > 0 {
			t.Errorf("%s: exit code %d\n%s", name, code, &h.talk)
		}
		screen(t, name, strings.Join(append([]string{"keycare"}, words...), " "), h.out.String())
	}
}
