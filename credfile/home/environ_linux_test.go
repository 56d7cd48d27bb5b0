package home

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"testing"
)

// A program that was started with the key goes on with it: it is named, and
// nothing of its environment is.
func TestProcessesWith(t *testing.T) {
	id := fmt.Sprintf("AKIA%016d", os.Getpid()) // nobody else's
	start := func(env ...string) *exec.Cmd {
		t.Helper()
		cmd := exec.Command("cat")
		cmd.Env = append(os.Environ(), env...)
		in, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			in.Close()
			_ = cmd.Wait()
		})
		// Once it answers it is cat, and has its environment.
		if _, err := fmt.Fprintln(in); err != nil {
			t.Fatal(err)
		}
		if _, err := out.Read(make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		return cmd
	}
	with := start("AWS_ACCESS_KEY_ID="+id, "AWS_SECRET_ACCESS_KEY=x")
	start("AWS_ACCESS_KEY_ID="+id+"X", "NOTE=see "+id)
	got, known := ProcessesWith("/proc", id)
	if want := []Process{{with.Process.Pid, "cat"}}; !known || !slices.Equal(got, want) {
		t.Errorf("got %v, %v, want %v", got, known, want)
	}
	if got, known := ProcessesWith(t.TempDir()+"/none", id); known || got != nil {
		t.Errorf("without /proc: %v, %v", got, known)
	}
}
