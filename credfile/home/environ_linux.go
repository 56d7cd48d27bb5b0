package home

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// mostEnviron bounds what is read of one process's environment, in bytes.
const mostEnviron = 2 << 20

// ProcessesWith returns the running programs of this user, but for this one,
// that were started with a key ID in their environment, in the order of their
// numbers. They go on with that key whatever the files say. known is false where
// the system does not tell. proc is the folder of processes, /proc.
func ProcessesWith(proc, id string) (found []Process, known bool) {
	entries, err := os.ReadDir(proc)
	if err != nil {
		return nil, false
	}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		dir := filepath.Join(proc, e.Name())
		fi, err := os.Stat(dir)
		if err != nil {
			continue
		}
		if uid, ok := ownerOf(fi); !ok || uid != os.Geteuid() {
			continue
		}
		known = true
		if holds(filepath.Join(dir, "environ"), id) {
			name, _ := os.ReadFile(filepath.Join(dir, "comm"))
			found = append(found, Process{pid, strings.TrimSpace(string(name))})
		}
	}
	return found, known
}

// holds reports whether a variable has id as its whole value.
func holds(environ, id string) bool {
	f, err := os.Open(environ)
	if err != nil {
		return false
	}
	defer f.Close()
	b, _ := io.ReadAll(io.LimitReader(f, mostEnviron))
	for v := range bytes.SplitSeq(b, []byte{0}) {
		if _, value, ok := bytes.Cut(v, []byte{'='}); ok && string(value) == id {
			return true
		}
	}
	return false
}
