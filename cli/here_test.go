package cli

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"keycare/credfile"
	"keycare/credfile/disk"
	"keycare/credfile/show"
)

// testEnv is the environment of the test itself.
func testEnv() *env { return osEnv("keycare", os.Stdin, os.Stdout, os.Stderr) }

// environment leads keycare to a home and an IAM, on every system.
func environment(home, endpoint string) []string {
	state := filepath.Join(filepath.Dir(home), "state")
	return []string{
		"HOME=" + home, "USERPROFILE=" + home, "XDG_STATE_HOME=" + state, "LOCALAPPDATA=" + state,
		"STATE=" + filepath.Join(state, "keycare"), // for the scripts
		"AWS_ENDPOINT_URL=" + endpoint, "AWS_EC2_METADATA_DISABLED=true",
		// Built with -race, each program would sleep for a second at its end.
		"GORACE=" + cmp.Or(os.Getenv("GORACE"), "atexit_sleep_ms=0"),
	}
}

// here is a machine whose commands run in this process. What calls AWS is not
// for it, but where the AWS files alone say how: the SDK reads the variables of
// the process, not those of the machine.
type here struct {
	*env
	mu              sync.Mutex
	out, talk, both bytes.Buffer // what was printed, what was said, and one after the other
}

// hereIn is a machine whose home is a folder and where nobody answers.
func hereIn(home string) *here { return hereWith(environment(home, "http://127.0.0.1:9")) }

// hereWith is a machine with these variables and no others.
func hereWith(vars []string) *here {
	values := map[string]string{}
	for _, v := range vars {
		name, value, _ := strings.Cut(v, "=")
		values[name] = value
	}
	m := &here{}
	m.env = &env{
		Program: "keycare", Environ: vars, Disk: disk.OS{}, Now: time.Now, Wait: wait, In: strings.NewReader(""),
		Vars: credfile.Env{GOOS: runtime.GOOS, Lookup: func(name string) (string, bool) { v, ok := values[name]; return v, ok }},
		Out:  show.NewWriter(m.writer(&m.out), false), Err: show.NewWriter(m.writer(&m.talk), false),
		Notify: func(title, text string) error {
			_, err := fmt.Fprintln(m.writer(&m.talk), title+": "+text)
			return err
		},
		Folders: folders{Home: values["HOME"], State: values["XDG_STATE_HOME"],
			Config: cmp.Or(values["XDG_CONFIG_HOME"], filepath.Join(values["HOME"], ".config"))},
	}
	m.settings = sync.OnceValues(m.readSettings)
	return m
}

// writer writes to one of the buffers and to both, as rotations side by side do.
func (m *here) writer(to *bytes.Buffer) io.Writer {
	return writerFunc(func(p []byte) (int, error) {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.both.Write(p)
		return to.Write(p)
	})
}

// run runs a command to its end.
func (m *here) run(ctx context.Context, words ...string) (code int) {
	defer m.flush()
	return execute(ctx, m.env, words)
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
