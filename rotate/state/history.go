package state

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"time"

	"keycare/credfile/disk"
	"keycare/credfile/facts"
)

// History is one finished rotation.
type History struct {
	Time    time.Time `json:"time"`
	ID      string    `json:"id"`
	Outcome string    `json:"outcome"` // "rotated", "both kept", "undone", "failed", "key left", "key deleted"
	Profile string    `json:"profile"`
	User    string    `json:"user_arn"`
	UserID  string    `json:"user_id,omitempty"` // the same after a rename
	Old     string    `json:"old_key"`
	New     string    `json:"new_key,omitempty"`
	Retired string    `json:"old_key_now,omitempty"`
	Second  string    `json:"second_key,omitempty"`  // was deleted to make room, or may have been
	RootKey bool      `json:"root_key,omitempty"`    // the old key was a root user's
	Leaked  bool      `json:"compromised,omitempty"` // the old key leaked
	// Kept are keys that somebody wants: they are deleted to make room only after
	// their ID was typed.
	Kept []string `json:"kept,omitempty"`
	// Orphan is a key that a request without an answer made, or may have made.
	Orphan string `json:"lost_key,omitempty"`
	// OrphanNow is "deleted", or "inactive", "active" or "unknown" where nothing
	// proved whose it is: such a key is deleted only after its ID was typed. It is
	// "unknown" where AWS could not be asked any more; the key's ID may be too.
	OrphanNow string `json:"lost_key_now,omitempty"`
}

// maxHistory bounds the history, in lines, beside those that still guard a key;
// mostHistory in bytes, with room for what a later version may add to a line.
const (
	maxHistory  = 1000
	mostHistory = maxHistory * 4096
)

// AddHistory adds one line for a finished rotation; a line that an interrupted
// run has written already is not written twice. Lines and fields of a later
// version stay as they are.
func (s Folder) AddHistory(line History, now time.Time) error {
	unlock, err := s.lock() // another keycare may be adding a line
	if err != nil {
		return err
	}
	defer unlock()
	lines, err := s.historyLines()
	if err == nil {
		err = s.returnHistory()
	}
	if err != nil {
		return err
	}
	for _, text := range lines {
		if h, ok := historyOf(text); ok && h.ID == line.ID {
			return nil
		}
	}
	line.Time = now.UTC().Truncate(time.Second)
	text, err := json.Marshal(line)
	if err != nil {
		return err
	}
	lines = trimmed(append(lines, string(text)), now)
	name := s.historyPath()
	return disk.WriteAtomic(s.Disk, name, name+tempSuffix, []byte(strings.Join(lines, "\n")+"\n"), 0o600)
}

// guardsNew is how long a line says that its new key is keycare's: a watch, which
// takes no key for a lost one that a line names, lasts a day at most.
const guardsNew = 48 * time.Hour

// trimmed are the last lines, and of those before the ones on which later runs
// depend: which key is deleted only after its ID was typed, and which was made by
// a rotation that a watch of today may have seen. A line that this version cannot
// read may be such a one.
func trimmed(lines []string, now time.Time) []string {
	over := len(lines) - maxHistory
	if over <= 0 {
		return lines
	}
	var kept []string
	gone := map[string]bool{}  // keys that were deleted later
	known := map[string]bool{} // keys of which a later line says the same
	for i, text := range slices.Backward(lines) {
		h, ok := historyOf(text)
		guards := !ok || h.New != "" && now.Sub(h.Time) < guardsNew
		if h.OrphanNow == "deleted" {
			gone[h.Orphan] = true
		}
		for _, id := range h.Kept {
			guards = guards || !gone[id] && !known["kept "+id]
			known["kept "+id] = true
		}
		if h.Orphan != "" {
			guards = guards || !gone[h.Orphan] && !known["lost "+h.Orphan]
			known["lost "+h.Orphan] = true
		}
		if h.Retired == "deleted" {
			gone[h.Old] = true
		}
		if h.Second != "" && h.Outcome == "rotated" {
			gone[h.Second] = true
		}
		if i >= over || guards {
			kept = append(kept, text)
		}
	}
	slices.Reverse(kept)
	return kept
}

// History returns the finished rotations, oldest first. Lines that this version
// cannot read are left out.
func (s Folder) History() ([]History, error) {
	lines, err := s.historyLines()
	var past []History
	for _, text := range lines {
		if h, ok := historyOf(text); ok {
			past = append(past, h)
		}
	}
	return past, err
}

// Replaced are the keys that a finished rotation took out of use.
func (s Folder) Replaced() ([]facts.Replacement, error) {
	past, err := s.History()
	var all []facts.Replacement
	for _, h := range past {
		if h.New != "" && (h.Retired == "deleted" || h.Retired == "inactive") {
			all = append(all, facts.Replacement{Old: h.Old, New: h.New, Profile: h.Profile, At: h.Time})
		}
	}
	return all, err
}

func historyOf(text string) (h History, ok bool) {
	err := json.Unmarshal([]byte(text), &h)
	return h, err == nil && h.ID != ""
}

// vanishedHistory is the history whose text lies beside the name that it lost (see
// disk.Place); empty where there is no whole one.
func (s Folder) vanishedHistory() ([]byte, error) {
	b, err := s.readOwn(s.historyPath()+tempSuffix, mostHistory)
	if errors.Is(err, fs.ErrNotExist) || !bytes.HasSuffix(b, []byte("\n")) {
		return nil, nil
	}
	return b, err
}

// returnHistory puts a history that vanished back under its name.
func (s Folder) returnHistory() error {
	name := s.historyPath()
	if _, err := s.Disk.Lstat(name); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if b, err := s.vanishedHistory(); err != nil || b == nil {
		return err
	}
	return disk.Return(s.Disk, name+tempSuffix, name)
}

// historyLines are the lines of the history that are not empty.
func (s Folder) historyLines() (lines []string, err error) {
	b, err := s.readOwn(s.historyPath(), mostHistory)
	if errors.Is(err, fs.ErrNotExist) {
		b, err = s.vanishedHistory()
	}
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(b)) {
		if line = strings.TrimRight(line, "\r\n"); line != "" {
			lines = append(lines, line)
		}
	}
	return lines, err
}
