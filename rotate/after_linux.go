package rotate

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// killMarked kills all programs that were started with a variable in their environment,
// wherever they went since: into a session of their own, to another parent.
func killMarked(variable string) {
	for range 10 { // what is killed may just have started more
		if !killMarkedOnce([]byte("\x00" + variable + "\x00")) {
			return
		}
	}
}

func killMarkedOnce(mark []byte) (some bool) {
	all, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range all {
		pid, err := strconv.Atoi(filepath.Base(dir))
		if err != nil || pid == os.Getpid() {
			continue
		}
		p, err := os.FindProcess(pid) // a handle, before it is looked at: the number may become another's
		if err != nil {
			continue
		}
		env, err := os.ReadFile(filepath.Join(dir, "environ"))
		if err == nil && bytes.Contains(append([]byte{0}, env...), mark) {
			some = p.Signal(syscall.SIGKILL) == nil || some
		}
		_ = p.Release()
	}
	return some
}
