package job

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"keycare/credfile/disk"
	"keycare/credfile/show"
	"keycare/rotate/state"
)

// mostLog bounds the log, in bytes; the oldest lines go first.
const mostLog = 128 << 10

// LogPath is the log of the timer's runs in the state folder. It holds no
// secret.
func LogPath(s state.Folder) string { return filepath.Join(s.Dir, "schedule.log") }

func lockPath(s state.Folder) string { return filepath.Join(s.Dir, "schedule.lock") }

// appendLog adds a line for a run and one for each thing that it did.
func appendLog(s state.Folder, at time.Time, out Outcome, did []string) error {
	log, err := readPlain(s, LogPath(s))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("cannot write the log of the timer: %w", err)
	}
	var b strings.Builder
	stamp := at.UTC().Format(time.RFC3339)
	fmt.Fprintf(&b, "%s %s\n", stamp, out)
	for _, d := range did {
		fmt.Fprintf(&b, "%s   %s\n", stamp, show.Flow(d))
	}
	log = append(log, b.String()...)
	if over := len(log) - mostLog; over > 0 {
		end := bytes.IndexByte(log[over:], '\n')
		log = log[over+end+1:]
	}
	if err := disk.WriteAtomic(s.Disk, LogPath(s), LogPath(s)+".new", log, 0o600); err != nil {
		return fmt.Errorf("cannot write the log of the timer: %w", err)
	}
	return nil
}

// readPlain reads a file that nothing but a plain file may stand for: a pipe would
// keep the run waiting for ever.
func readPlain(s state.Folder, path string) ([]byte, error) {
	if fi, err := s.Disk.Stat(path); err == nil && !fi.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no plain file", path)
	}
	return s.Disk.ReadFile(path)
}
