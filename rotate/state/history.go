package state

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"keycare/credfile/disk"
)

// History is one finished rotation.
type History struct {
	Time    time.Time `json:"time"`
	ID      string    `json:"id"`
	Outcome string    `json:"outcome"` // "rotated", "both kept", "undone", "failed"
	Profile string    `json:"profile"`
	User    string    `json:"user_arn"`
	Old     string    `json:"old_key"`
	New     string    `json:"new_key,omitempty"`
	Retired string    `json:"old_key_now,omitempty"`
	Second  string    `json:"second_key,omitempty"` // was deleted to make room, or may have been
	RootKey bool      `json:"root_key,omitempty"`   // the old key was a root user's
}

// AddHistory adds one line for a finished rotation; a line that an interrupted
// run has written already is not written twice.
func (s Folder) AddHistory(line History, now time.Time) error {
	unlock, err := s.lock() // another keycare may be adding a line
	if err != nil {
		return err
	}
	defer unlock()
	past, err := s.History()
	if err != nil {
		return err
	}
	for _, h := range past {
		if h.ID == line.ID {
			return nil
		}
	}
	line.Time = now.UTC().Truncate(time.Second)
	past = append(past, line)
	past = past[max(0, len(past)-maxHistory):]
	var b strings.Builder
	for _, h := range past {
		text, err := json.Marshal(h)
		if err != nil {
			return err
		}
		b.Write(text)
		b.WriteByte('\n')
	}
	name := s.historyPath()
	return disk.WriteAtomic(s.Disk, name, name+tempSuffix, []byte(b.String()), 0o600)
}

// maxHistory bounds the history, in rotations.
const maxHistory = 1000

// History returns the finished rotations, oldest first. Lines that cannot be
// read are left out: nothing depends on them.
func (s Folder) History() ([]History, error) {
	b, err := s.Disk.ReadFile(s.historyPath())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the history: %w", err)
	}
	var past []History
	for line := range strings.Lines(string(b)) {
		var h History
		if json.Unmarshal([]byte(line), &h) == nil && h.ID != "" {
			past = append(past, h)
		}
	}
	return past, nil
}
